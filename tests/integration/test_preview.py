"""What a changed plan would do is told before it applies, and taking prizes away needs a word."""

from typing import Any

import msgspec
from msgspec.structs import replace
from support import RALLY, Site
from test_figures import SHOPS, plan_of, walk

from domain.conditions import Stamps
from domain.plan import FirstCome, Plan, Prize


def with_prize(plan: Plan, at_least: int, stock: int) -> Plan:
    """The plan with one more prize."""
    prize = Prize("sticker", {"en": "Sticker"}, Stamps(at_least), FirstCome(stock=stock))
    return replace(plan, prizes=[*plan.prizes, prize])


async def ask(site: Site, method: str, path: str, plan: Plan) -> tuple[int, Any]:
    """Send a plan."""
    return await site.ask(method, path, site.organiser(), data=msgspec.json.encode(plan))


async def test_a_preview_tells_who_gains_who_loses_and_what_runs_short(site: Site) -> None:
    """Given visitors with one, two and three stamps; when two stamps are needed instead of one,
    and stock is for one; then one loses, and two are left, of whom one gets nothing."""
    plan = plan_of(site.engine)
    await site.engine.plan(with_prize(plan, 1, 5), "test")
    tokens = [await walk(site, *SHOPS[:number]) for number in (1, 2, 3)]
    path = f"/api/rallies/{RALLY}/preview"
    status, seen = await ask(site, "POST", path, with_prize(plan, 2, 1))
    assert status == 200
    sticker = next(prize for prize in seen["prizes"] if prize["prize"] == "sticker")
    assert sticker == {"prize": "sticker", "now": 3, "then": 2, "gain": 0, "lose": 1, "short": 1}
    loser = str(site.engine.people.verify(tokens[0]).id)
    assert (seen["cards"], seen["lost"]) == (3, 1)
    assert seen["losses"] == [{"visitor": loser, "day": 0, "prize": "sticker"}]
    assert await site.facts("RallyReplanned") == 1  # ours; the preview has left nothing

    status, problem = await ask(site, "PUT", f"/api/rallies/{RALLY}", with_prize(plan, 2, 1))
    assert (status, problem["code"]) == (409, "takes_prizes_away")
    accepted = f"/api/rallies/{RALLY}?accept=losses"
    assert (await ask(site, "PUT", accepted, with_prize(plan, 2, 1)))[0] == 200
    assert await site.facts("RallyReplanned") == 2


async def test_a_plan_that_only_gives_needs_no_word(site: Site) -> None:
    plan = plan_of(site.engine)
    await site.engine.plan(with_prize(plan, 2, 5), "test")
    await walk(site, SHOPS[0])
    _, seen = await ask(site, "POST", f"/api/rallies/{RALLY}/preview", with_prize(plan, 1, 5))
    sticker = next(prize for prize in seen["prizes"] if prize["prize"] == "sticker")
    assert (sticker["gain"], sticker["lose"], seen["lost"]) == (1, 0, 0)
    assert (await ask(site, "PUT", f"/api/rallies/{RALLY}", with_prize(plan, 1, 5)))[0] == 200


async def test_previews_are_the_organisers_and_of_the_same_rally(site: Site) -> None:
    plan = plan_of(site.engine)
    path = f"/api/rallies/{RALLY}/preview"
    assert (await site.ask("POST", path, data=msgspec.json.encode(plan)))[0] == 401
    status, problem = await ask(site, "POST", path, replace(plan, rally="other"))
    assert (status, problem["code"]) == (400, "body_invalid")
