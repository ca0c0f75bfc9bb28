"""Clocks that jump, agree too well, or belong elsewhere: what the rules say, in log and footfall."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest_asyncio
from support import NOON, RALLY, Site, until

from domain.events import Firsts
from domain.plan import Plan
from domain.rally import open_rally
from service.eventlog.check import check

GINZA, HIROSHIMA = "nagano-ginza", "hiroshima-ginza"
CARD_SINCE = datetime(2026, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@pytest_asyncio.fixture(autouse=True)
async def log_is_whole(site: Site) -> Any:
    """Whatever the clock has done: no gap, and cards equal their facts."""
    yield
    assert await check(site.engine.pool, lambda _: None) == []


async def footfall(site: Site, by: str) -> dict[str, list[tuple[str, int, int]]]:
    """Start, visits and visitors of each row, by spot, once the follower has caught up."""
    path = f"/api/rallies/{site.rally}/footfall?by={by}"
    shown: dict[str, Any] = {}

    async def caught_up() -> bool:
        shown.update((await site.ask("GET", path, site.organiser()))[1])
        return bool(shown["lag"]["facts"] == 0)

    await until(caught_up)
    rows: dict[str, list[tuple[str, int, int]]] = {}
    for row in shown["rows"]:
        rows.setdefault(row["spot"], []).append((row["start"], row["visits"], row["visitors"]))
    return rows


async def outcome(site: Site, token: str, spot: str = GINZA, **more: Any) -> str:
    """What came of a scan: its outcome or the refusal's code."""
    _, answer = await site.scan(token, spot, **more)
    return str(answer.get("outcome") or answer["code"])


# --- our own clock jumps ------------------------------------------------------------------------


async def test_back_an_hour(site: Site) -> None:
    """Visits land at the time that the clock says; order, first answers and stamps stay."""
    visitor, scan_id = site.visitor(CARD_SINCE), uuid4()
    first = await site.scan(visitor, GINZA, scan_id)
    site.clock.forward(hours=-1)
    status, second = await site.scan(visitor, HIROSHIMA)
    assert (status, second["position"]) == (201, first[1]["position"] + 1)
    stamps = {stamp["spot"]: stamp["at"] for stamp in second["card"]["spots"]}
    assert stamps[HIROSHIMA] == "2026-01-15T11:00:00+09:00"
    assert await site.scan(visitor, GINZA, scan_id) == first
    assert await outcome(site, visitor, GINZA) == "already_stamped"
    assert await footfall(site, "hour") == {
        GINZA: [("2026-01-15T12:00:00+09:00", 1, 1)],
        HIROSHIMA: [("2026-01-15T11:00:00+09:00", 1, 1)],
    }


async def test_what_phones_dated_meanwhile_is_in_the_future_and_may_be_scanned_again(
    site: Site,
) -> None:
    visitor, scan_id, made = site.visitor(CARD_SINCE), uuid4(), NOON.isoformat()
    site.clock.forward(hours=-1)
    first = await site.scan(visitor, GINZA, scan_id, scanned_at=made)
    assert (first[0], first[1]["code"]) == (422, "scan_in_future")
    site.clock.forward(hours=1)
    assert await site.scan(visitor, GINZA, scan_id, scanned_at=made) == first
    assert await outcome(site, visitor, GINZA, scanned_at=made) == "stamped"


async def test_who_began_before_the_clock_was_put_back_may_still_scan(site: Site) -> None:
    """A scan that is made as it arrives cannot be older than the card that makes it."""
    visitor = site.visitor(site.clock())
    site.clock.forward(hours=-1)
    assert await outcome(site, visitor) == "stamped"


async def test_forward_a_day_and_back(site: Site) -> None:
    """The leap makes another day, and a visit; coming back finds the first day's."""
    visitor = site.visitor(CARD_SINCE)
    assert await outcome(site, visitor) == "stamped"
    site.clock.forward(days=1)
    assert await outcome(site, visitor) == "visited"
    assert await outcome(site, visitor, scanned_at=NOON.isoformat()) == "already_stamped"
    site.clock.forward(days=-1)
    assert await outcome(site, visitor) == "already_stamped"
    assert await footfall(site, "day") == {
        GINZA: [("2026-01-15T12:00:00+09:00", 1, 1), ("2026-01-16T12:00:00+09:00", 1, 1)]
    }


async def test_refusals_are_still_bounded_when_the_clock_goes_back(site: Site) -> None:
    """Twenty kept from an hour that is yet to come use the patience up; nothing else breaks."""
    visitor, old = site.visitor(CARD_SINCE), (NOON - timedelta(days=9)).isoformat()
    for _ in range(20):
        assert await outcome(site, visitor, scanned_at=old) == "scan_too_old"
    site.clock.forward(hours=-1)
    assert await outcome(site, visitor, scanned_at=old) == "scan_too_old"
    assert await site.facts("CheckInRefused") == 20
    assert await outcome(site, visitor) == "stamped"


# --- equal times --------------------------------------------------------------------------------


async def test_equal_times(site: Site) -> None:
    """Ten spots and five visitors at the very same moment: all are kept, each first is one."""
    made = (NOON - timedelta(minutes=1)).isoformat()
    visitors = [site.visitor(CARD_SINCE) for _ in range(5)]
    spots = [spot.id for spot in site.engine.rallies.get(RALLY).plan.spots][:10]
    scans = [(visitor, spot) for visitor in visitors for spot in spots for _ in range(2)]
    answers = await asyncio.gather(*(site.scan(*scan, scanned_at=made) for scan in scans[:100]))
    assert Counter(answer["outcome"] for _, answer in answers) == {
        "stamped": 50,
        "already_stamped": 50,
    }
    rows = await site.engine.pool.fetch("SELECT * FROM events WHERE type = 'VisitRecorded'")
    assert len({(row["bucket"], row["position"]) for row in rows}) == 50
    for flag, firsts in ((Firsts.IN_RALLY, 5), (Firsts.AT_SPOT, 50), (Firsts.TODAY, 5)):
        assert sum(bool(row["firsts"] & flag) for row in rows) == firsts
    assert await footfall(site, "hour") == {
        spot: [("2026-01-15T11:00:00+09:00", 5, 5)] for spot in spots
    }


# --- days and zones -----------------------------------------------------------------------------


async def test_a_scan_from_the_day_before_the_rally(site: Site) -> None:
    """It arrives on the first day; what counts is when it was made, to the microsecond."""
    site.clock.now = datetime(2026, 1, 8, 1, 0, tzinfo=UTC)  # ten o'clock in Tokyo
    starts = site.engine.rallies.get(RALLY).course.starts
    visitor = site.visitor(CARD_SINCE)
    status, problem = await site.scan(visitor, GINZA, scanned_at=(starts - MICROSECOND).isoformat())
    assert (status, problem["code"]) == (422, "rally_not_started")
    assert datetime.fromisoformat(problem["at"]) == starts
    assert await outcome(site, visitor, scanned_at=starts.isoformat()) == "stamped"
    assert await footfall(site, "day") == {GINZA: [("2026-01-08T00:00:00+09:00", 1, 1)]}


async def test_at_local_midnight(site: Site) -> None:
    """The day's last microsecond and the next day's first are two visits, one stamp."""
    midnight = site.clock.now = datetime(2026, 1, 15, 15, 0, tzinfo=UTC)
    visitor = site.visitor(CARD_SINCE)
    before = (midnight - MICROSECOND).isoformat()
    assert await outcome(site, visitor) == "stamped"
    assert await outcome(site, visitor, scanned_at=before) == "visited"
    assert await outcome(site, visitor, scanned_at=before) == "already_stamped"
    assert await outcome(site, visitor) == "already_stamped"
    assert await footfall(site, "day") == {
        GINZA: [("2026-01-15T23:00:00+09:00", 1, 1), ("2026-01-16T00:00:00+09:00", 1, 1)]
    }


async def test_a_phone_that_lives_by_another_zones_daylight_saving(site: Site) -> None:
    """Sydney's summer half past one is Tokyo's half past eleven of the evening before."""
    site.clock.now = datetime(2026, 1, 15, 15, 0, tzinfo=UTC)
    visitor = site.visitor(CARD_SINCE)
    made = "2026-01-16T01:30:00+11:00"
    _, answer = await site.scan(visitor, GINZA, scanned_at=made)
    assert answer["card"]["spots"][0]["at"] == "2026-01-15T23:30:00+09:00"
    same = "2026-01-15T15:30:00+01:00"  # the same moment, as a phone from Berlin says it
    assert await outcome(site, visitor, scanned_at=same) == "already_stamped"
    assert await footfall(site, "day") == {GINZA: [("2026-01-15T23:00:00+09:00", 1, 1)]}


@pytest_asyncio.fixture
async def new_york(site: Site, tokyo: Plan) -> Site:
    """The same rally in New York, all of 2026, where clocks change on 8 March and 1 November."""
    plan = msgspec.structs.replace(
        tokyo,
        rally="new-york",
        time_zone="America/New_York",
        first_day=date(2026, 1, 1),
        last_day=date(2026, 12, 31),
    )
    site.rally = plan.rally
    rally = await site.engine.plan(plan, "test")
    await site.engine.change(
        plan.rally, lambda known, _: open_rally(known, rally.course.starts, "test")
    )
    return site


async def test_the_hour_that_comes_twice(new_york: Site) -> None:
    """Half past one, twice: one day, so one visit a visitor; two hours in footfall."""
    site = new_york
    site.clock.now = datetime(2026, 11, 1, 17, 0, tzinfo=UTC)
    summer, winter = "2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00"
    visitor, other = site.visitor(CARD_SINCE), site.visitor(CARD_SINCE)
    assert await outcome(site, visitor, scanned_at=summer) == "stamped"
    assert await outcome(site, visitor, scanned_at=winter) == "already_stamped"
    assert await outcome(site, other, scanned_at=winter) == "stamped"
    assert await footfall(site, "hour") == {
        GINZA: [("2026-11-01T01:00:00-04:00", 1, 1), ("2026-11-01T01:00:00-05:00", 1, 1)]
    }
    assert await footfall(site, "day") == {GINZA: [("2026-11-01T01:00:00-04:00", 2, 2)]}


async def test_a_day_of_25_hours_is_one_day(new_york: Site) -> None:
    site = new_york
    site.clock.now = datetime(2026, 11, 2, 17, 0, tzinfo=UTC)
    visitor = site.visitor(CARD_SINCE)
    for made, expected in (
        ("2026-11-01T00:00:00-04:00", "stamped"),
        ("2026-11-01T23:59:59.999999-05:00", "already_stamped"),
        ("2026-11-02T00:00:00-05:00", "visited"),
        ("2026-10-31T23:59:59.999999-04:00", "visited"),
    ):
        assert await outcome(site, visitor, scanned_at=made) == expected


async def test_the_hour_that_is_missing(new_york: Site) -> None:
    """A second after 01:59:59 it is 03:00:00: two hours, one day."""
    site = new_york
    site.clock.now = datetime(2026, 3, 8, 17, 0, tzinfo=UTC)
    visitor, other = site.visitor(CARD_SINCE), site.visitor(CARD_SINCE)
    assert await outcome(site, visitor, scanned_at="2026-03-08T01:59:59-05:00") == "stamped"
    assert await outcome(site, other, scanned_at="2026-03-08T03:00:00-04:00") == "stamped"
    assert await outcome(site, visitor, scanned_at="2026-03-08T03:00:00-04:00") == "already_stamped"
    assert await footfall(site, "hour") == {
        GINZA: [("2026-03-08T01:00:00-05:00", 1, 1), ("2026-03-08T03:00:00-04:00", 1, 1)]
    }
    assert await footfall(site, "day") == {GINZA: [("2026-03-08T01:00:00-05:00", 2, 2)]}


async def test_an_id_is_answered_alike_whatever_the_clock_says_next(site: Site) -> None:
    """One scan id through a leap forward, a leap back and a midnight: one visit, one answer."""
    visitor, scan_id = site.visitor(CARD_SINCE), UUID(int=1)
    first = await site.scan(visitor, GINZA, scan_id)
    for hours in (25, -26, 13, -60, 200):
        site.clock.forward(hours=hours)
        assert await site.scan(visitor, GINZA, scan_id) == first
    assert await site.facts() == 1
