"""Two counters at once, answers that are lost, a minute to take back, and what a scanner types."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit
from uuid import UUID, uuid4

import aiohttp
import pytest
import pytest_asyncio
from msgspec.structs import replace
from support import RALLY, OpenEngine, Site, until

from domain.conditions import Stamps
from domain.plan import Coupon, Draw, FirstCome, Prize, Spot
from qr.codes import sign_badge, sign_paper
from service.commands.serve import listening
from service.eventlog.check import check
from service.sign_in import STAFF_COOKIE

RACES = 100
HERE, THERE, BOOTH, HEADS = "hokkaido-yurakucho", "akita-yurakucho", "booth", "heads"
NAMES = {"en": "A prize"}


class Counters(NamedTuple):
    """Two services on one database, each with its own staff, and visitors with a stamp."""

    site: Site
    other: aiohttp.ClientSession

    async def visitor(self) -> str:
        """The id of somebody who has reached every prize."""
        token = self.site.visitor()
        assert (await self.site.scan(token, HERE))[0] == 201
        return str(self.site.engine.people.verify(token).id)

    async def gives(
        self, session: aiohttp.ClientSession, spot: str, visitor: str, prize: str, **more: Any
    ) -> tuple[int, str]:
        """Hand a prize over at a spot; returns the status and the problem's code, if any."""
        body = {"rally": RALLY, "prize": prize, "visitor": visitor, "spot": spot}
        body |= {"hand_over_id": str(uuid4())} | more
        headers = {"Authorization": f"Bearer {self.site.staff(spot)}"}
        async with session.post("/api/hand-overs", json=body, headers=headers) as answer:
            return answer.status, (await answer.json(content_type=None)).get("code", "")

    async def race(self, prize: str, one: str, two: str) -> list[tuple[int, str]]:
        """Both counters at the same moment, in either order."""
        first = self.gives(self.site.session, HERE, one, prize)
        second = self.gives(self.other, THERE, two, prize)
        both = [first, second] if random.random() < 0.5 else [second, first]
        return sorted(await asyncio.gather(*both))

    async def handed(self, prize: str) -> tuple[int, int]:
        """How many facts there are of a prize, and how many are counted as taken."""
        pool, of = self.site.engine.pool, (RALLY, prize)
        facts = await pool.fetchval(
            "SELECT count(*) FROM events WHERE type = 'PrizeHandedOver' AND rally = $1"
            " AND data ->> 'prize' = $2",
            *of,
        )
        taken = await pool.fetchval(
            "SELECT taken FROM taken WHERE rally = $1 AND item = 'prize:' || $2 AND period = 0", *of
        )
        return facts, taken


async def planned(site: Site, *prizes: Prize) -> None:
    """The rally with more prizes, a booth, and a spot where guests are only counted."""
    plan = site.engine.rallies.get(RALLY).plan
    area = plan.areas[0].id
    more = [Spot(BOOTH, NAMES, area, kind="badge"), Spot(HEADS, NAMES, area, kind="counted")]
    changed = replace(plan, prizes=[*plan.prizes, *prizes], spots=[*plan.spots, *more])
    await site.engine.plan(changed, "test")


@pytest_asyncio.fixture
async def counters(site: Site, open_another: OpenEngine) -> AsyncIterator[Counters]:
    other = await open_another()
    async with listening(other) as url, aiohttp.ClientSession(url) as session:
        yield Counters(site, session)


async def test_of_two_counters_that_race_for_the_last_one_one_wins(counters: Counters) -> None:
    """A hundred times; and again for the one that one visitor may have, of which there are many."""
    last = [Prize(f"last-{n}", NAMES, Stamps(1), FirstCome(stock=1)) for n in range(RACES)]
    many = [Prize(f"many-{n}", NAMES, Stamps(1), FirstCome(stock=9)) for n in range(RACES)]
    await planned(counters.site, *last, *many)
    one, two = await counters.visitor(), await counters.visitor()
    for prize in last:
        assert await counters.race(prize.id, one, two) == [(201, ""), (409, "out_of_stock")]
        assert await counters.handed(prize.id) == (1, 1)
    for prize in many:
        assert await counters.race(prize.id, one, one) == [(201, ""), (409, "already_handed_over")]
        assert await counters.handed(prize.id) == (1, 1)
    engine = counters.site.engine
    await engine.follower.catch_up()
    _, figures = await counters.site.ask(
        "GET", f"/api/rallies/{RALLY}/prizes", counters.site.organiser()
    )
    left = {row["prize"]: row["left"] for row in figures["prizes"]}
    assert {left[prize.id] for prize in last} == {0}
    assert {left[prize.id] for prize in many} == {8}
    assert await check(engine.pool, lambda _: None) == []


async def test_a_lost_answer_gives_nothing_twice(counters: Counters) -> None:
    """Given a network that fails somewhere between the request and its answer; when the same press
    is sent again; then there is one fact, and the answer says that it was handed over."""
    site = counters.site
    await planned(site, Prize("towel", NAMES, Stamps(1), FirstCome(stock=50)))
    for attempt in range(20):
        visitor, id_ = await counters.visitor(), str(uuid4())
        form = {"visitor": visitor, "prize": "towel", "hand_over_id": id_, "spot": HERE}
        await sent_and_cut(site, form, attempt / 1_000)
        status, text = await posts(site, f"/r/{RALLY}/hand-overs", form)
        assert (status, "Handed over" in text) == (200, True)
        assert await site.facts("PrizeHandedOver") == attempt + 1
        assert f'value="{id_}"' in text, "that very one can be taken back"
    await until(lambda: quiet(site))
    assert (await counters.handed("towel")) == (20, 20)
    assert await check(site.engine.pool, lambda _: None) == []


async def sent_and_cut(site: Site, form: dict[str, str], after_s: float) -> None:
    """Send a form, then cut the connection without having read an answer."""
    at, body = urlsplit(site.url), urlencode(form)
    _, writer = await asyncio.open_connection(at.hostname, at.port)
    head = [
        f"POST /r/{RALLY}/hand-overs HTTP/1.1",
        f"Host: {at.netloc}",
        f"Cookie: {STAFF_COOKIE}={site.staff(form['spot'])}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
    ]
    writer.write("\r\n".join([*head, "", body]).encode())
    await writer.drain()
    await asyncio.sleep(after_s)
    writer.transport.abort()


async def quiet(site: Site) -> bool:
    """Whether no transaction of the service is under way."""
    busy = await site.engine.pool.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND state LIKE '%transaction%'"
    )
    return bool(busy == 0)


async def posts(
    site: Site, path: str, form: dict[str, str], staff: str | None = None
) -> tuple[int, str]:
    """Send a form as staff do without scripts; returns the status and the page."""
    token = staff or site.staff(HERE)
    headers = {"Cookie": f"{STAFF_COOKIE}={token}", "Accept-Language": "en", "Accept": "text/html"}
    async with site.session.post(path, data=form, headers=headers) as answer:
        return answer.status, await answer.text()


async def sees(site: Site, path: str, staff: str | None = None) -> tuple[int, str]:
    token = staff or site.staff(HERE)
    headers = {"Cookie": f"{STAFF_COOKIE}={token}", "Accept-Language": "en", "Accept": "text/html"}
    async with site.session.get(path, headers=headers) as answer:
        return answer.status, await answer.text()


async def test_staff_take_back_within_a_minute_and_organisers_later(counters: Counters) -> None:
    site = counters.site
    await planned(site, Prize("towel", NAMES, Stamps(1), FirstCome(stock=5)))
    visitor, id_ = await counters.visitor(), str(uuid4())
    same = {"hand_over_id": id_, "reverse": True}
    gives = await counters.gives(site.session, HERE, visitor, "towel", hand_over_id=id_)
    assert gives == (201, "")
    there = await counters.gives(counters.other, THERE, visitor, "towel", **same)
    assert there == (409, "undo_elsewhere")
    site.clock.forward(seconds=59)
    assert await counters.gives(site.session, HERE, visitor, "towel", **same) == (200, "")
    assert await counters.gives(site.session, HERE, visitor, "towel", **same) == (200, "")
    assert await site.facts("HandOverReversed") == 1
    assert await counters.handed("towel") == (1, 0)

    again = {"visitor": visitor, "prize": "towel", "hand_over_id": str(uuid4()), "spot": HERE}
    _, text = await posts(site, f"/r/{RALLY}/hand-overs", again)
    assert 'data-undo-s="60"' in text
    site.clock.forward(seconds=60)
    status, text = await posts(site, f"/r/{RALLY}/hand-overs", {**again, "do": "reverse"})
    assert (status, "more than a minute ago" in text) == (409, True)
    assert "take it back</button>" not in text
    status, text = await posts(
        site, f"/r/{RALLY}/hand-overs", {**again, "do": "reverse", "spot": ""}, site.organiser()
    )
    assert (status, "Taken back" in text) == (200, True)
    assert await site.facts("HandOverReversed") == 2


async def test_the_stock_is_shown_before_and_after(counters: Counters) -> None:
    site = counters.site
    await planned(
        site,
        Prize("towel", NAMES, Stamps(1), FirstCome(stock=5, per_day=2)),
        Prize("drink", NAMES, Stamps(1), Coupon(uses=3)),
        Prize("fan", NAMES, Stamps(1), FirstCome()),
    )
    visitor, other = await counters.visitor(), await counters.visitor()
    assert figures(await shows(site, visitor, "towel")) == ["5", "2"]
    await counters.gives(site.session, HERE, other, "towel")
    assert figures(await shows(site, visitor, "towel")) == ["4", "1"]
    form = {"visitor": visitor, "prize": "towel", "hand_over_id": str(uuid4()), "spot": HERE}
    assert figures((await posts(site, f"/r/{RALLY}/hand-overs", form))[1]) == ["3", "0"]
    assert "Today's share" in await shows(site, await counters.visitor(), "towel")
    assert figures(await shows(site, visitor, "drink")) == ["3"]
    assert figures(await shows(site, visitor, "fan")) == []


async def shows(site: Site, visitor: str, prize: str) -> str:
    """The page of a visitor's prize, as staff see it who have scanned it."""
    status, text = await sees(site, f"/s/{badge(site, visitor)}?prize={prize}")
    assert status == 200
    return text


def figures(text: str) -> list[str]:
    """The numbers of what is left."""
    return [part.split(" ")[0] for part in text.split("<dd>")[1:]]


def badge(site: Site, visitor: str) -> str:
    """What a visitor's badge says."""
    key = site.engine.keyring.newest_code_key(RALLY)
    assert key is not None
    return sign_badge(key, UUID(visitor))


async def test_whoever_comes_second_is_told_where_and_when(counters: Counters) -> None:
    site = counters.site
    await planned(site, Prize("towel", NAMES, Stamps(1), FirstCome(stock=5)))
    visitor = await counters.visitor()
    await counters.gives(counters.other, THERE, visitor, "towel")
    names = site.engine.rallies.get(RALLY).course.spots[THERE].names
    form = {"visitor": visitor, "prize": "towel", "hand_over_id": str(uuid4()), "spot": HERE}
    for text in (
        await shows(site, visitor, "towel"),
        (await posts(site, f"/r/{RALLY}/hand-overs", form))[1],
    ):
        assert "Do not hand it over" in text
        assert f"{names['en']}, Jan 15 12:00." in text
        assert "Hand it over</button>" not in text


COUNTER = f"/r/{RALLY}/spots/{BOOTH}/counter"


async def test_what_a_scanner_types_is_stamped_and_prizes_that_wait_are_offered(
    counters: Counters,
) -> None:
    site = counters.site
    await planned(
        site,
        Prize("towel", NAMES, Stamps(2), FirstCome(stock=5)),
        Prize("trip", NAMES, Stamps(1), Draw(1)),
    )
    staff, visitor = site.staff(BOOTH), await counters.visitor()
    code, scan_id = badge(site, visitor), str(uuid4())
    for typed in (f"https://rally.example/s/{code}", code.lower(), f" {wide(code)} "):
        form = {"code": typed, "scan_id": scan_id}
        status, text = await posts(site, COUNTER, form, staff)
        assert (status, "Stamped!" in text) == (200, True), typed
        assert 'value="towel"' in text
        assert 'value="trip"' not in text, "it is drawn"
    assert await site.facts() == 2
    status, text = await posts(site, COUNTER, {"code": code, "scan_id": str(uuid4())}, staff)
    assert "Stamped before" in text
    for chosen in ({"code": code, "prize": "towel"}, {"code": f"http://x/s/{code}?prize=towel"}):
        status, text = await posts(site, COUNTER, {**chosen, "scan_id": scan_id}, staff)
        assert (status, "Hand it over</button>" in text) == (200, True)
    status, text = await posts(
        site, COUNTER, {"code": code, "prize": "trip", "scan_id": scan_id}, staff
    )
    assert "drawn when the rally is over" in text


async def test_where_guests_are_only_counted_prizes_are_handed_over_all_the_same(
    counters: Counters,
) -> None:
    """Given a desk that gives no stamps; when a badge is scanned there; then its prizes are."""
    site = counters.site
    await planned(site, Prize("towel", NAMES, Stamps(1), FirstCome(stock=5)))
    staff, visitor = site.staff(HEADS), await counters.visitor()
    path = f"/r/{RALLY}/spots/{HEADS}/counter"
    form = {"code": badge(site, visitor), "scan_id": str(uuid4())}
    status, text = await posts(site, path, form, staff)
    assert (status, 'value="towel"' in text) == (200, True)
    assert (await counters.gives(site.session, HEADS, visitor, "towel"))[0] == 201
    _, text = await posts(site, path, form, staff)
    assert "No prize waits for this visitor" in text
    assert await site.facts() == 1
    assert await site.facts("CheckInRefused") == 0


def wide(text: str) -> str:
    """As a Japanese keyboard may write it."""
    return "".join(chr(ord(one) + 0xFEE0) for one in text)


@pytest.mark.parametrize("typed", ["", "hello", "http://elsewhere/", "x" * 5_000, "\0", "💥" * 300])
async def test_what_is_no_badge_is_refused_in_words(counters: Counters, typed: str) -> None:
    site = counters.site
    await planned(site)
    status, text = await posts(
        site, COUNTER, {"code": typed, "scan_id": str(uuid4())}, site.staff(BOOTH)
    )
    assert (status, 'role="alert"' in text, 'id="code"' in text) == (422, True, True)


async def test_other_codes_are_refused_in_words(counters: Counters) -> None:
    site = counters.site
    await planned(site)
    other = await site.engine.rehearse(RALLY, "test")
    key = site.engine.keyring.newest_code_key(other.plan.rally)
    for code in (site.code(HERE), sign_paper(key, 1)):
        status, text = await posts(
            site, COUNTER, {"code": code, "scan_id": str(uuid4())}, site.staff(BOOTH)
        )
        assert (status, 'role="alert"' in text) == (422, True)
    status, _ = await posts(site, COUNTER, {"code": "x", "scan_id": "no"}, site.staff(BOOTH))
    assert status == 400
    assert await site.facts() == 0


@pytest.mark.parametrize("path", [COUNTER, f"/r/{RALLY}/spots/{BOOTH}"])
async def test_a_spots_pages_are_for_its_staff(counters: Counters, path: str) -> None:
    site = counters.site
    await planned(site)
    for token, status in (
        (site.staff(BOOTH), 200),
        (site.organiser(), 200),
        (site.staff(HERE), 403),
        (site.visitor(), 403),
    ):
        assert (await sees(site, path, token))[0] == status
