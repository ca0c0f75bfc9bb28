"""The organiser's figures over HTTP, and what happens to a card besides scans."""

from typing import Any
from uuid import uuid4

from msgspec.structs import replace
from support import LINE, NOON, RALLY, OpenEngine, Site

from domain.conditions import Stamps
from domain.plan import FirstCome, Prize
from domain.prizes import hand_over
from service.engine import Engine

SHOPS = ("nagano-ginza", "hiroshima-ginza", "wakayama-yurakucho")


async def figures(site: Site, what: str, token: str | None = None) -> Any:
    """What the API answers to an organiser, everything applied."""
    await site.engine.follower.catch_up()
    status, answer = await site.ask(
        "GET", f"/api/rallies/{RALLY}/{what}", token or site.organiser()
    )
    assert status == 200, answer
    assert answer["lag"]["facts"] == 0
    return answer


async def walk(site: Site, *spots: str, minutes: int = 20, **more: Any) -> str:
    """A new visitor scans the spots, so many minutes between; returns the token."""
    token = site.visitor()
    for spot in spots:
        assert (await site.scan(token, spot, **more))[0] == 201
        site.clock.forward(minutes=minutes)
    return token


async def test_the_funnel_says_how_many_have_how_many_stamps_and_reach_which_prize(
    site: Site,
) -> None:
    await walk(site, *spots_of(site.engine)[:5])
    await walk(site, SHOPS[0])
    await walk(site, *SHOPS)
    answer = await figures(site, "completion")
    assert answer["visitors"] == 3
    assert [step["visitors"] for step in answer["at_least"]] == [3, 2, 2, 1, 1]
    prizes = {prize["prize"]: prize for prize in answer["prizes"]}
    assert set(prizes) == {prize.id for prize in plan_of(site.engine).prizes}
    assert all(prize["visitors"] in (0, 1) for prize in prizes.values())


async def test_flow_tells_moves_and_the_median_minutes_by_spot_and_by_area(site: Site) -> None:
    for minutes in (10, 20, 60):
        await walk(site, *SHOPS[:2], minutes=minutes)
    await walk(site, *SHOPS[:2], minutes=90)
    (move,) = (await figures(site, "flow"))["moves"]
    assert move == {"from": SHOPS[0], "to": SHOPS[1], "moves": 4, "median_minutes": 40.0}
    (area,) = (await figures(site, "flow?by=area"))["moves"]
    spots = {spot.id: spot.area for spot in plan_of(site.engine).spots}
    assert (area["from"], area["to"]) == (spots[SHOPS[0]], spots[SHOPS[1]])
    assert (area["moves"], area["median_minutes"]) == (4, 40.0)
    status, problem = await site.ask("GET", f"/api/rallies/{RALLY}/flow?by=moon", site.organiser())
    assert (status, problem["code"]) == (400, "query_invalid")


async def test_a_late_scan_between_two_others_corrects_the_flow(site: Site) -> None:
    token = await walk(site, SHOPS[0], SHOPS[2], minutes=60)
    assert len((await figures(site, "flow"))["moves"]) == 1
    between = site.clock.now.replace(hour=3, minute=25)
    assert (await site.scan(token, SHOPS[1], scanned_at=between.isoformat()))[0] == 201
    moves = (await figures(site, "flow"))["moves"]
    assert {(move["from"], move["to"], move["median_minutes"]) for move in moves} == {
        (SHOPS[0], SHOPS[1], 25.0),
        (SHOPS[1], SHOPS[2], 35.0),
    }


async def test_refusals_are_told_with_place_and_reason(site: Site) -> None:
    token = site.visitor(site.clock())
    long_ago = "2026-01-09T12:00:00+09:00"
    status, _ = await site.scan(token, SHOPS[0], scanned_at=long_ago)
    assert status == 422
    (row,) = (await figures(site, "refusals"))["rows"]
    assert row == {
        "spot": SHOPS[0],
        "code": "scan_before_card",
        "refusals": 1,
        "newest": "2026-01-09T12:00:00+09:00",
    }
    assert (await figures(site, "refusals?from=2026-01-10"))["rows"] == []


async def test_figures_are_the_organisers_alone(site: Site) -> None:
    for what in ("completion", "flow", "refusals", "prizes"):
        path = f"/api/rallies/{RALLY}/{what}"
        assert (await site.ask("GET", path))[0] == 401
        assert (await site.ask("GET", path, site.staff(SHOPS[0])))[0] == 403


async def test_footfall_by_language(site: Site) -> None:
    for language in ("ja", "ja", "en"):
        token = site.visitor()
        body = {"code": site.code(SHOPS[0]), "scan_id": str(uuid4())}
        headers = {"Accept-Language": language}
        await site.ask("POST", "/api/check-ins", token, json=body, headers=headers)
    rows = (await figures(site, f"footfall?spot={SHOPS[0]}&by=language"))["rows"]
    assert [(row["language"], row["visits"], row["visitors"]) for row in rows] == [
        ("ja", 2, 2),
        ("en", 1, 1),
    ]


async def test_headcounts_stand_beside_visits_and_count_once(site: Site) -> None:
    path, id_ = f"/api/rallies/{RALLY}/spots/{SHOPS[0]}/headcounts", str(uuid4())
    staff = site.staff(SHOPS[0])
    body = {"count": 5, "headcount_id": id_}
    assert (await site.ask("POST", path, staff, json=body))[0] == 201
    assert (await site.ask("POST", path, staff, json=body))[0] == 200
    back = {"count": -2, "headcount_id": str(uuid4())}
    assert (await site.ask("POST", path, staff, json=back))[0] == 201
    await site.scan(site.visitor(), SHOPS[0])
    (row,) = (await figures(site, f"footfall?spot={SHOPS[0]}", staff))["rows"]
    assert (row["visits"], row["visitors"], row["headcount"]) == (1, 1, 3)


async def test_headcounts_of_others_and_of_nothing_are_not_taken(site: Site) -> None:
    path = f"/api/rallies/{RALLY}/spots/{SHOPS[0]}/headcounts"
    body = {"count": 1, "headcount_id": str(uuid4())}
    assert (await site.ask("POST", path, json=body))[0] == 401
    assert (await site.ask("POST", path, site.staff(SHOPS[1]), json=body))[0] == 403
    nobody = {**body, "count": 0}
    assert (await site.ask("POST", path, site.organiser(), json=nobody))[0] == 400
    nowhere = f"/api/rallies/{RALLY}/spots/moon/headcounts"
    assert (await site.ask("POST", nowhere, site.organiser(), json=body))[0] == 404


async def test_a_prize_is_entered_or_handed_over_once(site: Site) -> None:
    plan = plan_of(site.engine)
    drawn, given = plan.prizes[0].id, "sticker"
    sticker = Prize(given, {"en": "A sticker"}, Stamps(1), FirstCome(stock=10))
    prizes = [replace(each, by_post=False) for each in plan.prizes]
    await site.engine.plan(replace(plan, prizes=[*prizes, sticker]), "test")
    entries = f"/api/rallies/{RALLY}/prizes/{drawn}/entries"
    early = await walk(site, SHOPS[0])
    status, problem = await site.ask("POST", entries, early)
    assert (status, problem["code"]) == (409, "prize_not_reached")
    token = await walk(site, *plan.sheets[0].rows[0])
    assert (await site.ask("POST", entries, token))[0] == 201
    assert (await site.ask("POST", entries, token))[0] == 201  # again: as it is
    visitor = str(site.engine.people.verify(token).id)
    over = {"rally": RALLY, "prize": given, "visitor": visitor, "spot": SHOPS[0]}
    staff, first, second = site.staff(SHOPS[0]), {"hand_over_id": str(uuid4())}, str(uuid4())
    for _ in range(2):  # the second time as a retry: nothing more is given
        assert (await site.ask("POST", "/api/hand-overs", staff, json=over | first))[0] == 201
    assert await site.facts("PrizeHandedOver") == 1
    over["hand_over_id"] = second
    status, problem = await site.ask("POST", "/api/hand-overs", staff, json=over)
    assert (status, problem["code"]) == (409, "already_handed_over")
    back = {**over, **first, "reverse": True}
    assert (await site.ask("POST", "/api/hand-overs", staff, json=back))[0] == 200
    assert (await site.ask("POST", "/api/hand-overs", staff, json=over))[0] == 201
    prizes = {row["prize"]: row for row in (await figures(site, "prizes"))["prizes"]}
    assert (prizes[drawn]["reached"], prizes[drawn]["entries"]) == (1, 1)
    assert (prizes[given]["handed_over"], prizes[given]["reversed"]) == (1, 1)
    assert (prizes[given]["left"], prizes[drawn]["left"]) == (9, None)
    other = str(site.engine.people.verify(await walk(site, SHOPS[0])).id)
    more = {**over, "visitor": other, "hand_over_id": str(uuid4())}
    assert (await site.ask("POST", "/api/hand-overs", staff, json=more))[0] == 201
    lowered = replace(sticker, giving=FirstCome(stock=1))
    now = plan_of(site.engine)
    await site.engine.plan(replace(now, prizes=[*now.prizes[:-1], lowered]), "test")
    left = {row["prize"]: row["left"] for row in (await figures(site, "prizes"))["prizes"]}
    assert left[given] == 0, "more were given than there are now: none is left"
    elsewhere = {**over, "spot": SHOPS[1]}
    assert (await site.ask("POST", "/api/hand-overs", staff, json=elsewhere))[0] == 403


async def test_an_erased_card_shows_nothing_and_takes_nothing_and_totals_stay(site: Site) -> None:
    token = await walk(site, *SHOPS)
    path = f"/api/rallies/{RALLY}/card"
    async with site.session.delete(path, headers={"Authorization": f"Bearer {token}"}) as answer:
        assert answer.status == 204
    assert (await site.ask("GET", path, token))[1]["spots"] == []
    status, problem = await site.scan(token, SHOPS[0])
    assert (status, problem["code"]) == (422, "card_erased")
    assert (await figures(site, "completion"))["visitors"] == 1
    rows = (await figures(site, "footfall"))["rows"]
    assert sum(row["visits"] for row in rows) == 3
    assert await site.facts("VisitorErased") == 1
    assert await site.facts("CheckInRefused") == 0


async def test_erasing_a_card_that_holds_nothing_leaves_nothing(site: Site) -> None:
    path, token = f"/api/rallies/{RALLY}/card", site.visitor()
    async with site.session.delete(path, headers={"Authorization": f"Bearer {token}"}) as answer:
        assert answer.status == 204
    assert await site.facts("VisitorErased") == 0


async def test_the_organisers_page_sums_what_the_api_tells(site: Site) -> None:
    await walk(site, *SHOPS)
    site.clock.forward(days=1)
    await walk(site, *SHOPS[:2])
    await site.engine.follower.catch_up()
    headers = {"Cookie": f"meguri_staff={site.organiser()}", "Accept-Language": "en"}
    async with site.session.get(f"/r/{RALLY}/organiser", headers=headers) as answer:
        text = await answer.text()
    for name, number in (("visits", 5), ("visitors", 2), ("visits-today", 2)):
        assert f'data-n="{name}">{number}<' in text
    assert NOON.date() < site.clock().date()


def plan_of(engine: Engine) -> Any:
    return engine.rallies.get(RALLY).plan


def spots_of(engine: Engine) -> list[str]:
    return [spot.id for spot in plan_of(engine).spots]


async def test_a_prize_is_judged_by_the_newest_plan_in_every_process(
    site: Site, open_another: OpenEngine
) -> None:
    """Given a process that has not heard of a replan yet; then it decides by it all the same."""
    other = await open_another()
    plan = plan_of(site.engine)
    visitor = site.engine.people.verify(await walk(site, *SHOPS)).id
    sticker = Prize("sticker", {"en": "A sticker"}, Stamps(1), FirstCome())
    await site.engine.plan(replace(plan, prizes=[*plan.prizes, sticker]), "test")

    def decide(rally: Any, card: Any, now: Any, taken: Any) -> Any:
        return hand_over(rally, card, visitor, "sticker", None, uuid4(), now, "test", taken)

    await other.change_card(visitor, RALLY, decide)
    assert await site.facts("PrizeHandedOver") == 1


async def test_the_card_says_how_many_take_part_in_a_draw(site: Site) -> None:
    """To whoever has not reached it, too; as of a minute ago at most."""
    visitor = await walk(site, *LINE)
    path = f"/api/rallies/{RALLY}/prizes/local-products/entries"
    await site.says_where(visitor)
    assert (await site.ask("POST", path, visitor))[0] == 201
    await site.engine.follower.catch_up()
    async with site.session.get(f"/r/{RALLY}") as answer:
        assert "600 winners are drawn; entries so far: 1." in await answer.text()
