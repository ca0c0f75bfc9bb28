"""A rally beside its last round: as many days of both, spot against spot, as page, JSON and CSV."""

import csv
import io
from datetime import UTC, date, datetime

import pytest
from msgspec.structs import replace
from support import LINE, RALLY, Site

from domain.plan import Plan, next_round
from domain.rally import open_rally
from service.rounds_compared import Comparison, days_compared
from service.sign_in import Role

BEFORE = "tokyo-last-summer"
ALL = f"/api/rallies/{RALLY}/comparison"


@pytest.fixture
async def rounds(site: Site) -> Site:
    """A round before the present one, with visits on its first, second and tenth day; one spot of
    it takes part no more, and one of the present ones did not then."""
    plan = site.engine.rallies.get(RALLY).plan
    now = site.clock.now
    await _earlier(site, plan)
    for day, visitors in ((1, 3), (2, 2), (10, 4)):
        site.clock.now = datetime(2025, 7, day, 3, tzinfo=UTC)
        for _ in range(visitors):
            assert (await site.scan(site.visitor(), LINE[0]))[0] == 201
    site.clock.now = datetime(2025, 7, 2, 4, tzinfo=UTC)
    assert (await site.scan(site.visitor(), LINE[2]))[0] == 201
    site.rally, site.clock.now = RALLY, now
    await site.engine.plan(replace_spots(plan, without=LINE[2]), "test")
    for spot in (LINE[0], LINE[0], LINE[1]):
        assert (await site.scan(site.visitor(), spot))[0] == 201
    await site.engine.follower.catch_up()
    return site


def replace_spots(plan: Plan, without: str) -> Plan:
    """The plan without a spot, and without the sheets that hold it."""
    return replace(
        plan, spots=[spot for spot in plan.spots if spot.id != without], sheets=[], prizes=[]
    )


async def _earlier(site: Site, plan: Plan) -> None:
    earlier = next_round(replace_spots(plan, without=LINE[1]), BEFORE, date(2025, 7, 1))
    await site.engine.plan(earlier, "test")
    opened = datetime(2025, 6, 30, 15, tzinfo=UTC)
    await site.engine.change(BEFORE, lambda rally, _: open_rally(rally, opened, "test"))
    site.rally = BEFORE


def anywhere(site: Site) -> str:
    """An organiser of all rallies."""
    return site.engine.people.new(Role.ORGANISER, site.clock())[1]


async def test_as_many_days_of_both_rounds_are_compared(rounds: Site) -> None:
    """Today is the present round's eighth day: the last one's tenth is in its whole sum alone."""
    status, told = await rounds.ask("GET", ALL, anywhere(rounds))
    assert status == 200, told
    assert (told["rally"], told["with"], told["days"]) == (RALLY, BEFORE, 8)
    totals = {
        one["measure"]: (one["now"], one["before"], one["before_in_all"]) for one in told["totals"]
    }
    assert totals == {
        "visits": (3, 6, 10),
        "visitors": (3, 6, 10),
        "visits_a_visitor": (1, 1, 1),
    }
    days = {one["number"]: (one["now"], one["before"]) for one in told["by_day"]}
    assert days[1] == (0, 3)
    assert days[2] == (0, 3)
    assert days[8] == (3, 0)
    assert days[10] == (None, 4), "what has not come is not nothing"
    assert len(days) == 52
    spots = {one["spot"]: (one["now"], one["before"]) for one in told["spots"]}
    assert spots[LINE[0]] == (2, 5)
    assert spots[LINE[1]] == (1, None)
    assert spots[LINE[2]] == (None, 1)
    assert told["spots"][0]["spot"] == LINE[0], "the most visited first"


async def test_the_page_shows_both_rounds(rounds: Site) -> None:
    headers = {"Authorization": f"Bearer {anywhere(rounds)}", "Accept-Language": "en"}
    path = f"/r/{RALLY}/organiser/compare"
    async with rounds.session.get(path, headers=headers) as answer:
        text = await answer.text()
    assert answer.status == 200
    assert "The first 8 days" in text
    assert "−50%" in text
    assert "last round only" in text
    async with rounds.session.get(f"{path}?with=nothing", headers=headers) as answer:
        assert answer.status == 404


async def test_the_file_says_the_same(rounds: Site) -> None:
    headers = {"Authorization": f"Bearer {anywhere(rounds)}"}
    async with rounds.session.get(f"{ALL}.csv?with={BEFORE}", headers=headers) as answer:
        body = (await answer.read()).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(body)))
    assert rows[0] == ["measure", "of", "now", "before", "before_in_all"]
    assert ["visits", "", "3", "6", "10"] in rows
    assert ["visits_of_day", "10", "", "4", ""] in rows
    assert ["visits_at_spot", LINE[0], "2", "5", ""] in rows


async def test_only_rallies_that_one_may_see_are_compared_with(rounds: Site) -> None:
    """An organiser of this rally alone is told that there is none, and nothing of the other."""
    assert (await rounds.ask("GET", ALL, rounds.organiser()))[0] == 400
    path = f"{ALL}?with={BEFORE}"
    assert (await rounds.ask("GET", path, rounds.organiser()))[0] == 404
    assert (await rounds.ask("GET", path, rounds.staff(LINE[0])))[0] == 403
    headers = {"Authorization": f"Bearer {rounds.organiser()}", "Accept-Language": "en"}
    async with rounds.session.get(f"/r/{RALLY}/organiser/compare", headers=headers) as answer:
        text = await answer.text()
    assert "There is no other rally here that you may see." in text
    assert BEFORE not in text


async def test_a_rally_that_has_not_begun_is_compared_with_nothing_yet(rounds: Site) -> None:
    rounds.clock.now = datetime(2026, 1, 1, tzinfo=UTC)
    _, told = await rounds.ask("GET", ALL, anywhere(rounds))
    assert told["days"] == 0
    assert told["totals"][0]["now"] == 0
    headers = {"Authorization": f"Bearer {anywhere(rounds)}"}
    async with rounds.session.get(f"/r/{RALLY}/organiser/compare", headers=headers) as answer:
        assert answer.status == 200


def test_days_that_have_begun(tokyo: Plan) -> None:
    assert days_compared(tokyo, date(2026, 1, 7)) == 0
    assert days_compared(tokyo, date(2026, 1, 8)) == 1
    assert days_compared(tokyo, date(2030, 1, 1)) == 52
    assert Comparison.__struct_encode_fields__[1] == "with"
