"""Each ready plan from its first scan to its hand-over, as a phone and a counter would do it.

Here: the rallies, which visitors walk on their own. What has staff, places or questions is in
`test_ready_programmes.py`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest
import pytest_asyncio
from support import PLANS, OpenEngine, SetClock, Site

from domain.plan import Plan
from domain.prizes import chances
from domain.proof import step_at
from domain.rally import open_rally
from qr.codes import sign, sign_rotating
from qr.keyring import CodeKey
from service.commands.serve import listening
from service.plan_files import read_plan

Answer = tuple[int, Any]


class Walk:
    """One rally on its first day, and whoever walks through it."""

    def __init__(self, site: Site, plan: Plan) -> None:
        self.site = site
        self.plan = plan

    def at(self, day: int, hour: int, minute: int = 0) -> None:
        """It is this local time on the rally's day number `day`."""
        zone = self.site.engine.rallies.get(self.plan.rally).course.zone
        date = self.plan.first_day + timedelta(days=day)
        self.site.clock.now = datetime.combine(date, time(hour, minute), zone)

    def visitor(self) -> str:
        return self.site.visitor(self.site.clock())

    def who(self, token: str) -> UUID:
        """Whom a token stands for."""
        return self.site.engine.people.verify(token).id

    @property
    def key(self) -> CodeKey:
        """What the rally's codes are made with."""
        key = self.site.engine.keyring.newest_code_key(self.plan.rally)
        assert key is not None
        return key

    def code(self, spot: str) -> str:
        """What there is to scan at a spot: its poster, or what its screen shows now."""
        (planned,) = [each for each in self.plan.spots if each.id == spot]
        if planned.kind == "rotating":
            return sign_rotating(self.key, spot, step_at(self.site.clock()))
        return sign(self.key, spot)

    async def scan(self, token: str, spot: str, **more: Any) -> Answer:
        """Check in with what there is to scan at a spot; `more` may say another code."""
        body = {"code": self.code(spot), "scan_id": str(uuid4()), **more}
        return await self.site.ask("POST", "/api/check-ins", token, json=body)

    async def refused(self, token: str, spot: str, **more: Any) -> str:
        """Scan a spot's code and be refused; returns why."""
        status, answer = await self.scan(token, spot, **more)
        assert status == 422, answer
        code: str = answer["code"]
        return code

    async def stamps(self, token: str, *spots: str, **more: Any) -> list[str]:
        """Scan these; returns the prizes that were earned."""
        earned = []
        for spot in spots:
            status, answer = await self.scan(token, spot, **more)
            assert status == 201, answer
            earned += answer["earned"]
        return earned

    async def scan_card(self, spot: str, card: str) -> Answer:
        """The staff of a spot scan somebody's badge or paper card."""
        body = {"code": card, "scan_id": str(uuid4())}
        staff = self.site.staff(spot)
        return await self.site.ask("POST", "/api/badge-check-ins", staff, json=body)

    async def organise(self, what: str, **body: Any) -> Answer:
        """The organiser changes something about the rally."""
        path = f"/api/rallies/{self.plan.rally}/{what}"
        return await self.site.ask("POST", path, self.site.organiser(), json=body)

    async def figures(self, what: str) -> Any:
        """What the organiser reads, once the projections have read the whole log."""
        await self.site.engine.follower.catch_up()
        path = f"/api/rallies/{self.plan.rally}/{what}"
        status, answer = await self.site.ask("GET", path, self.site.organiser())
        assert status == 200, answer
        return answer

    async def card(self, token: str) -> Any:
        return (await self.site.ask("GET", f"/api/rallies/{self.plan.rally}/card", token))[1]

    async def enter(self, token: str, prize: str) -> str:
        """Enter for a prize; returns what came of it."""
        path = f"/api/rallies/{self.plan.rally}/prizes/{prize}/entries"
        status, answer = await self.site.ask("POST", path, token)
        return "entered" if status == 201 else answer["code"]

    async def hand_over(self, to: str | UUID, prize: str, spot: str, id_: str | None = None) -> str:
        """Hand a prize over at a spot's counter, to the holder of a token or whom a card stands
        for; returns what came of it."""
        body = {
            "rally": self.plan.rally,
            "prize": prize,
            "visitor": str(to if isinstance(to, UUID) else self.who(to)),
            "spot": spot,
            "hand_over_id": id_ or str(uuid4()),
        }
        staff = self.site.staff(spot)
        status, answer = await self.site.ask("POST", "/api/hand-overs", staff, json=body)
        return "given" if status == 201 else answer["code"]

    async def chances(self, token: str, prize: str) -> int:
        """How many tickets an entry is worth in the draw."""
        engine = self.site.engine
        rally = engine.rallies.get(self.plan.rally)
        card = await engine.log.card(self.who(token), self.plan.rally)
        (planned,) = [each for each in rally.plan.prizes if each.id == prize]
        return chances(rally, card, planned)


@asynccontextmanager
async def walking(name: str, open_another: OpenEngine, clock: SetClock) -> AsyncIterator[Walk]:
    """A ready plan, laid out and opened, with its service listening."""
    plan = read_plan(PLANS / name / "plan.yaml")
    engine = await open_another(visitor_requests_max=1_000)
    clock.now = datetime.combine(plan.first_day, time(0), engine.clock().tzinfo) - timedelta(days=9)
    await engine.plan(plan, "test")
    await engine.change(plan.rally, lambda rally, now: open_rally(rally, now, "test"))
    async with listening(engine) as url, aiohttp.ClientSession(url) as session:
        site = Site(engine, clock, url, session)
        site.rally = plan.rally
        walk = Walk(site, plan)
        walk.at(0, 12)
        yield walk


@pytest_asyncio.fixture
async def walk(
    request: pytest.FixtureRequest, open_another: OpenEngine, clock: SetClock
) -> AsyncIterator[Walk]:
    """The plan that the test names."""
    async with walking(request.param, open_another, clock) as walk:
        yield walk


def ready(name: str) -> pytest.MarkDecorator:
    """The ready plan that a test is about."""
    return pytest.mark.parametrize("walk", [name], indirect=True)


def spots(walk: Walk) -> list[str]:
    return [spot.id for spot in walk.plan.spots]


@ready("tokyo-antenna-shops")
async def test_bingo_one_line_enters_more_lines_are_more_chances_all_win_the_complete_prize(
    walk: Walk,
) -> None:
    token = walk.visitor()
    sheet = walk.plan.sheets[0].rows
    assert await walk.stamps(token, *sheet[0][:4]) == []
    assert await walk.enter(token, "local-products") == "prize_not_reached"
    assert await walk.stamps(token, sheet[0][4]) == ["local-products"]
    assert await walk.enter(token, "local-products") == "address_missing"
    await walk.site.says_where(token)
    assert await walk.enter(token, "local-products") == "entered"
    before = await walk.chances(token, "local-products")
    rest = [spot for spot in spots(walk) if spot not in sheet[0]]
    assert await walk.stamps(token, *rest) == ["complete"]
    assert (await walk.chances(token, "local-products"), before >= 1) == (36, True)
    assert await walk.enter(token, "complete") == "entered"


@ready("chuo-22-shops")
async def test_fifteen_shops_choose_one_prize_all_shops_enter_for_everything(walk: Walk) -> None:
    token = walk.visitor()
    assert await walk.stamps(token, *spots(walk)[:14]) == []
    assert set(await walk.stamps(token, spots(walk)[14])) == {"rice", "sweets", "sea"}
    assert await walk.enter(token, "sweets") == "entered"
    assert await walk.enter(token, "rice") == "choice_made"
    assert await walk.enter(token, "sweets") == "entered"
    assert await walk.chances(token, "everything") == 0
    assert await walk.stamps(token, *spots(walk)[15:]) == ["everything"]
    assert await walk.enter(token, "everything") == "prize_automatic"
    assert await walk.chances(token, "everything") == 1


@ready("ekiden-23-shops")
async def test_seven_shops_enter_fourteen_double_and_all_triple_the_odds(walk: Walk) -> None:
    token, first = walk.visitor(), spots(walk)[0]
    poster = sign(walk.key, first)
    assert await walk.refused(token, first, code=poster) == "code_shown_by_staff"
    expected = {6: 0, 7: 1, 13: 1, 14: 2, 22: 2, 23: 3}
    for number, spot in enumerate(spots(walk), start=1):
        await walk.stamps(token, spot)
        if number in expected:
            assert await walk.chances(token, "gift") == expected[number], number
    assert await walk.enter(token, "gift") == "entered"


@ready("two-towns-food-festival")
async def test_a_days_stamps_do_not_carry_over_and_each_day_can_win(walk: Walk) -> None:
    token = walk.visitor()
    await walk.stamps(token, "grilled-fish", "oysters", "noodles")
    walk.at(1, 11)
    assert (await walk.card(token))["stamps"] == 0
    assert await walk.hand_over(token, "plate", "noodles") == "prize_not_reached"
    assert await walk.stamps(token, "dumplings", "pickles") == []
    assert await walk.stamps(token, "noodles") == ["castle-cup"]
    assert await walk.stamps(token, "chowder", "oysters") == ["plate"]
    assert await walk.hand_over(token, "plate", "noodles") == "given"
    assert await walk.hand_over(token, "plate", "noodles") == "already_handed_over"
    walk.at(2, 10)
    assert await walk.stamps(token, "dumplings", "pickles", "noodles") == ["castle-cup"]
    walk.at(2, 17, 30)
    status, refused = await walk.scan(token, "oysters")
    assert (status, refused["code"]) == (422, "rally_over")
    for cup in ("given", "given", "already_handed_over"):  # one for each of the two days
        assert await walk.hand_over(token, "castle-cup", "noodles") == cup


@ready("two-towns-food-festival")
async def test_outside_its_hours_the_festival_says_when_it_opens(walk: Walk) -> None:
    token = walk.visitor()
    walk.at(0, 9, 59)
    status, refused = await walk.scan(token, "oysters")
    assert (status, refused["code"]) == (422, "closed_now")
    assert refused["at"] == "2026-10-10T01:00:00Z"  # 10:00 in Tokyo
    walk.at(0, 10)
    assert (await walk.scan(token, "oysters"))[0] == 201


THE_WORD = {"answer": "松竹梅"}


@ready("old-town-treasure-hunt")
async def test_each_stamp_reveals_the_next_clue_and_nothing_else_does(walk: Walk) -> None:
    token = walk.visitor()
    public = (await walk.site.ask("GET", f"/api/rallies/{walk.plan.rally}"))[1]
    assert all("clue" not in spot for spot in public["plan"]["spots"])
    for number, spot in enumerate(("gate", "well", "pine", "treasure")):
        assert [clue["spot"] for clue in (await walk.card(token))["clues"]] == [spot]
        for later in spots(walk)[number + 1 :]:
            assert await walk.refused(token, later, **THE_WORD) == "spot_locked"
        earned = await walk.stamps(token, spot, **THE_WORD)
        walk.site.clock.forward(minutes=10)
    assert earned == ["coin"]
    assert "clues" not in await walk.card(token)
    assert await walk.hand_over(token, "coin", "treasure") == "given"
    assert await walk.site.facts("CheckInRefused") == 0


@ready("old-town-treasure-hunt")
async def test_the_pine_must_be_near_and_the_word_be_read(walk: Walk) -> None:
    token = walk.visitor()
    for spot in ("gate", "well"):
        await walk.stamps(token, spot)
        walk.site.clock.forward(minutes=10)
    at_home = {"lat": 34.3960, "lon": 131.4010, "accuracy_m": 20}
    status, refused = await walk.scan(token, "pine", place=at_home)
    assert (status, refused["code"], refused["metres"] > 1_000) == (422, "too_far", True)
    there = {"lat": 34.4121, "lon": 131.3965, "accuracy_m": 20}
    assert await walk.stamps(token, "pine", place=there) == []
    walk.site.clock.forward(minutes=10)
    assert await walk.refused(token, "treasure") == "answer_missing"
    status, refused = await walk.scan(token, "treasure", answer="梅竹松")
    assert (status, refused["code"], refused["left"]) == (422, "answer_wrong", 4)
    assert await walk.stamps(token, "treasure", answer="SHO-CHIKU-BAI") == ["coin"]


@ready("two-cities-bar-ticket")
async def test_coupons_are_used_up_one_by_one_where_they_are_valid_and_never_twice(
    walk: Walk,
) -> None:
    walk.at(0, 18)
    token = walk.visitor()
    await walk.stamps(token, "lantern")
    id_ = str(uuid4())
    for _ in range(3):  # the same tap, sent again over a bad network
        assert await walk.hand_over(token, "anywhere", "lantern", id_) == "given"
    assert await walk.hand_over(token, "west-only", "lantern") == "coupon_not_valid_here"
    assert await walk.hand_over(token, "anywhere", "skewers") == "given"
    assert await walk.hand_over(token, "anywhere", "barrel") == "given"
    assert await walk.hand_over(token, "anywhere", "barrel") == "already_handed_over"
    assert await walk.hand_over(token, "west-only", "skewers") == "given"
    assert await walk.hand_over(token, "west-only", "standing") == "given"
    assert await walk.hand_over(token, "west-only", "standing") == "already_handed_over"
    assert await walk.site.facts("PrizeHandedOver") == 5
    walk.at(0, 19)
    assert await walk.stamps(token, "skewers") == ["crossed"]
    moves = (await walk.figures("flow?by=area"))["moves"]
    assert [(move["from"], move["to"], move["moves"]) for move in moves] == [
        ("east-city", "west-city", 1)
    ]


@ready("two-cities-bar-ticket")
async def test_a_bars_code_is_good_for_as_long_as_it_is_shown(walk: Walk) -> None:
    walk.at(0, 18)
    token, shown = walk.visitor(), walk.code("lantern")
    assert await walk.refused(token, "lantern", code=sign(walk.key, "lantern")) == (
        "code_shown_by_staff"
    )
    walk.site.clock.forward(minutes=10)
    assert await walk.refused(token, "lantern", code=shown) == "code_stale"
    assert (await walk.scan(token, "lantern"))[0] == 201


@ready("two-cities-bar-ticket")
async def test_on_the_last_evening_one_city_closes_earlier(walk: Walk) -> None:
    walk.at(2, 22)
    token = walk.visitor()
    assert await walk.refused(token, "standing") == "rally_over"
    assert (await walk.scan(token, "barrel"))[0] == 201


@ready("two-cities-bar-ticket")
async def test_after_a_typhoon_nothing_is_stamped_and_everything_is_settled(walk: Walk) -> None:
    """Given that one city is called off, then all of the rally; then what was earned is given."""
    walk.at(1, 18)
    crossed, on_the_way = walk.visitor(), walk.visitor()
    tickets = ["anywhere", "west-only"]
    assert await walk.stamps(crossed, "lantern", "skewers") == [*tickets, "crossed"]
    assert await walk.stamps(on_the_way, "barrel") == tickets
    walk.at(1, 18, 55)
    before = {"code": walk.code("standing"), "scanned_at": walk.site.clock().isoformat()}
    walk.at(1, 19)
    assert await walk.organise("cancel", areas=["west-city"]) == (
        200,
        {"rally": walk.plan.rally, "status": "open"},
    )
    walk.at(1, 20)
    status, refused = await walk.scan(on_the_way, "standing")
    assert (status, refused["code"]) == (422, "area_cancelled")
    assert refused["at"] == "2026-11-07T10:00:00Z"  # 19:00 in Tokyo
    # It was made before, and had no signal.
    assert await walk.stamps(on_the_way, "standing", **before) == ["crossed"]
    assert await walk.stamps(on_the_way, "lantern") == []
    assert await walk.enter(crossed, "crossed") == "entered"
    assert await walk.hand_over(crossed, "west-only", "skewers") == "given"

    walk.at(1, 21)
    assert (await walk.organise("cancel"))[1]["status"] == "cancelled"
    walk.at(1, 22)
    status, refused = await walk.scan(on_the_way, "barrel")
    assert (status, refused["code"]) == (422, "rally_cancelled")
    assert refused["at"] == "2026-11-07T12:00:00Z"
    assert await walk.refused(on_the_way, "standing") == "rally_cancelled"
    assert await walk.enter(on_the_way, "crossed") == "entered"
    assert await walk.hand_over(on_the_way, "anywhere", "barrel") == "given"
    assert [await walk.chances(each, "crossed") for each in (crossed, on_the_way)] == [1, 1]
