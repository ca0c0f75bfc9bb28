"""Each ready plan from its first scan to its hand-over, as a phone and a counter would do it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio
from support import PLANS, OpenEngine, SetClock, Site

from domain.plan import Plan
from domain.prizes import chances
from domain.rally import open_rally
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

    async def scan(self, token: str, spot: str, **more: Any) -> Answer:
        return await self.site.scan(token, spot, **more)

    async def stamps(self, token: str, *spots: str) -> list[str]:
        """Scan these; returns the prizes that were earned."""
        earned = []
        for spot in spots:
            status, answer = await self.scan(token, spot)
            assert status == 201, answer
            earned += answer["earned"]
        return earned

    async def card(self, token: str) -> Any:
        return (await self.site.ask("GET", f"/api/rallies/{self.plan.rally}/card", token))[1]

    async def enter(self, token: str, prize: str) -> str:
        """Enter for a prize; returns what came of it."""
        path = f"/api/rallies/{self.plan.rally}/prizes/{prize}/entries"
        status, answer = await self.site.ask("POST", path, token)
        return "entered" if status == 201 else answer["code"]

    async def hand_over(self, token: str, prize: str, spot: str, id_: str | None = None) -> str:
        """Hand a prize over at a spot's counter; returns what came of it."""
        body = {
            "rally": self.plan.rally,
            "prize": prize,
            "visitor": str(self.site.engine.people.verify(token).id),
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
        card = await engine.log.card(engine.people.verify(token).id, self.plan.rally)
        (planned,) = [each for each in rally.plan.prizes if each.id == prize]
        return chances(rally, card, planned)


@pytest_asyncio.fixture
async def walk(
    request: pytest.FixtureRequest, open_another: OpenEngine, clock: SetClock
) -> AsyncIterator[Walk]:
    """The plan that the test names, laid out and opened, with its service listening."""
    plan = read_plan(PLANS / request.param / "plan.yaml")
    engine = await open_another(visitor_requests_max=1_000)
    clock.now = datetime.combine(plan.first_day, time(0), engine.clock().tzinfo) - timedelta(days=9)
    await engine.plan(plan, "test")
    await engine.change(plan.rally, lambda rally, now: open_rally(rally, now, "test"))
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(listening(engine))
        session = await stack.enter_async_context(aiohttp.ClientSession(url))
        site = Site(engine, clock, url, session)
        site.rally = plan.rally
        walk = Walk(site, plan)
        walk.at(0, 12)
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
    token = walk.visitor()
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


@ready("old-town-treasure-hunt")
async def test_each_stamp_reveals_the_next_clue_and_nothing_else_does(walk: Walk) -> None:
    token = walk.visitor()
    public = (await walk.site.ask("GET", f"/api/rallies/{walk.plan.rally}"))[1]
    assert all("clue" not in spot for spot in public["plan"]["spots"])
    for number, spot in enumerate(("gate", "well", "pine", "treasure")):
        assert [clue["spot"] for clue in (await walk.card(token))["clues"]] == [spot]
        for later in spots(walk)[number + 1 :]:
            status, refused = await walk.scan(token, later)
            assert (status, refused["code"]) == (422, "spot_locked")
        earned = await walk.stamps(token, spot)
        walk.site.clock.forward(minutes=10)
    assert earned == ["coin"]
    assert "clues" not in await walk.card(token)
    assert await walk.hand_over(token, "coin", "treasure") == "given"
    assert await walk.site.facts("CheckInRefused") == 0


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
    await walk.site.engine.follower.catch_up()
    path = f"/api/rallies/{walk.plan.rally}/flow?by=area"
    _, flow = await walk.site.ask("GET", path, walk.site.organiser())
    assert [(move["from"], move["to"], move["moves"]) for move in flow["moves"]] == [
        ("east-city", "west-city", 1)
    ]


@ready("timber-fair")
async def test_a_fair_counts_who_comes_back_and_gives_a_spoon_for_three_halls(walk: Walk) -> None:
    walk.at(0, 10)
    token = walk.visitor()
    await walk.stamps(token, "north-gate", "hall-houses", "hall-tools")
    walk.at(0, 10, 5)
    assert (await walk.scan(token, "north-gate"))[1]["outcome"] == "already_stamped"
    walk.at(0, 13)
    status, again = await walk.scan(token, "north-gate")
    assert (status, again["outcome"]) == (201, "visited")
    assert await walk.stamps(token, "hall-forest") == ["spoon"]
    assert await walk.hand_over(token, "spoon", "hall-forest") == "given"
    await walk.site.engine.follower.catch_up()
    path = f"/api/rallies/{walk.plan.rally}/footfall?spot=north-gate&by=day"
    _, footfall = await walk.site.ask("GET", path, walk.site.organiser())
    assert [(row["visits"], row["visitors"]) for row in footfall["rows"]] == [(2, 1)]


def test_every_ready_plan_has_its_walk_here() -> None:
    tested = {
        mark.args[1][0]
        for test in list(globals().values())
        for mark in getattr(test, "pytestmark", [])
        if mark.args[:1] == ("walk",)
    }
    assert tested == {path.parent.name for path in PLANS.glob("*/plan.yaml")}
