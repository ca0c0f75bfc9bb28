"""Odd cards and void visits: seen by the organiser, judged by the organiser, counted by everybody."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from support import RALLY, Site, far_spots

from service.eventlog.check import check

NEAR = "hokkaido-yurakucho"


async def signals(site: Site, day: str | None = None) -> Any:
    await site.engine.follower.catch_up()
    query = f"?day={day}" if day else ""
    return await site.ask("GET", f"/api/rallies/{RALLY}/signals{query}", site.organiser())


async def void(site: Site, visitor: str, position: int, **more: Any) -> tuple[int, Any]:
    id_ = site.engine.people.verify(visitor).id
    body = {"visitor": str(id_), "position": position, "reason": "a trial", **more}
    return await site.ask("POST", f"/api/rallies/{RALLY}/voids", site.organiser(), json=body)


async def visits(site: Site) -> int:
    await site.engine.follower.catch_up()
    _, answer = await site.ask("GET", f"/api/rallies/{RALLY}/footfall?by=day", site.organiser())
    return sum(row["visits"] for row in answer["rows"])


async def test_a_hop_is_found_with_its_visits_and_can_be_voided_and_reinstated(site: Site) -> None:
    """Given stamps of two spots kilometres apart within seconds; when their second visit is voided;
    then the signal is gone and nothing counts it; when that is taken back, both are there again."""
    visitor, (south, north) = site.visitor(), far_spots(site)
    for spot in (south, north):
        await site.scan(visitor, spot)
        site.clock.forward(seconds=5)
    status, answer = await signals(site)
    assert status == 200
    (hop,) = answer["signals"]
    assert (hop["kind"], hop["origin"], hop["destination"], hop["seconds"]) == (
        "hop", south, north, 5,
    )  # fmt: skip
    assert hop["metres"] > 1_000
    ((card,), found) = (hop["cards"], answer["found"])
    assert found == 1
    assert [visit["spot"] for visit in card["visits"]] == [south, north]
    assert UUID(card["visitor"]) == site.engine.people.verify(visitor).id

    position = card["visits"][1]["position"]
    status, answer = await void(site, visitor, position)
    assert status == 201
    assert [stamp["spot"] for stamp in answer["card"]["spots"]] == [south]
    status, answer = await signals(site)
    assert answer["signals"] == []
    (gone,) = answer["void"]
    assert (gone["spot"], gone["position"], gone["reason"]) == (north, position, "a trial")
    assert await visits(site) == 1

    status, answer = await void(site, visitor, position, reinstate=True)
    assert status == 200
    assert len(answer["card"]["spots"]) == 2
    _, answer = await signals(site)
    assert (len(answer["signals"]), answer["void"]) == (1, [])
    assert await visits(site) == 2
    assert await check(site.engine.pool, lambda _: None) == []


async def test_a_void_visit_can_be_made_again_and_then_not_be_reinstated(site: Site) -> None:
    visitor = site.visitor()
    _, first = await site.scan(visitor, NEAR)
    await void(site, visitor, first["position"])
    status, again = await site.scan(visitor, NEAR)
    assert (status, again["outcome"]) == (201, "stamped")
    status, refused = await void(site, visitor, first["position"], reinstate=True)
    assert (status, refused["code"]) == (409, "visit_replaced")
    assert await visits(site) == 1
    assert await check(site.engine.pool, lambda _: None) == []


async def test_the_scan_of_a_void_visit_still_gets_its_first_answer(site: Site) -> None:
    visitor, scan_id = site.visitor(), uuid4()
    _, first = await site.scan(visitor, NEAR, scan_id)
    await void(site, visitor, first["position"])
    status, again = await site.scan(visitor, NEAR, scan_id)
    assert (status, again["outcome"], again["position"]) == (201, "stamped", first["position"])
    assert await visits(site) == 0


@pytest.mark.parametrize("who", ["visitor", "staff", "nobody"])
async def test_only_organisers_judge(site: Site, who: str) -> None:
    visitor = site.visitor()
    _, visit = await site.scan(visitor, NEAR)
    token = {"visitor": visitor, "staff": site.staff(NEAR), "nobody": None}[who]
    body = {"visitor": str(uuid4()), "position": visit["position"], "reason": "x"}
    for method, path in (("GET", "signals"), ("POST", "voids")):
        status, _ = await site.ask(method, f"/api/rallies/{RALLY}/{path}", token, json=body)
        assert status in (401, 403), path


async def test_what_is_no_visit_cannot_be_voided(site: Site) -> None:
    visitor = site.visitor()
    _, visit = await site.scan(visitor, NEAR)
    for token, position in ((visitor, visit["position"] + 1), (site.visitor(), visit["position"])):
        status, refused = await void(site, token, position)
        assert (status, refused["code"]) == (409, "visit_unknown")


async def test_a_crowd_at_night_and_cards_that_walk_as_one_are_signals_of_their_day(
    site: Site,
) -> None:
    """Given three cards that go the same way within minutes, and at night five at one spot."""
    spots = [spot.id for spot in site.engine.rallies.get(RALLY).plan.spots[:3]]
    cards = [site.visitor() for _ in range(3)]
    for spot in spots:
        for visitor in cards:
            await site.scan(visitor, spot)
            site.clock.forward(seconds=30)
        site.clock.forward(minutes=40)
    day = site.clock().date()
    site.clock.now = site.clock.now.replace(hour=18) + timedelta(days=0)  # three at night in Tokyo
    for _ in range(5):
        await site.scan(site.visitor(), spots[0])
    _, today = await signals(site, str(day))
    assert [signal["kind"] for signal in today["signals"]] == ["company"]
    assert today["signals"][0]["spots"] == spots
    assert len(today["signals"][0]["cards"]) == 3
    _, tomorrow = await signals(site)
    assert [(one["kind"], one["spot"], len(one["cards"])) for one in tomorrow["signals"]] == [
        ("night", spots[0], 5)
    ]
    _, never = await signals(site, "2026-02-01")
    assert never["signals"] == []
    status, refused = await signals(site, "soon")
    assert (status, refused["code"]) == (400, "query_invalid")


async def test_the_page_voids_a_cards_visits_together_and_counts_them_again(site: Site) -> None:
    visitor, (south, north) = site.visitor(), far_spots(site)
    for spot in (south, north):
        await site.scan(visitor, spot)
    await site.engine.follower.catch_up()
    path, headers = f"/r/{RALLY}/signals", {"Authorization": f"Bearer {site.organiser()}"}
    async with site.session.get(path, headers=headers) as answer:
        html = await answer.text()
    (positions,) = re.findall(r'name="positions" value="([\d,]+)"', html)
    assert len(positions.split(",")) == 2
    id_ = str(site.engine.people.verify(visitor).id)
    form = {"visitor": id_, "positions": positions, "reason": "hop", "do": "void"}
    async with site.session.post(path, data=form, headers=headers) as answer:
        html = await answer.text()
    assert 'data-kind="hop"' not in html
    assert len(re.findall(r'value="reinstate"', html)) == 2
    assert await visits(site) == 0
    for position in positions.split(","):
        form = {"visitor": id_, "positions": position, "do": "reinstate"}
        async with site.session.post(path, data=form, headers=headers) as answer:
            html = await answer.text()
    assert 'data-kind="hop"' in html
    assert await visits(site) == 2
    for bad in ({"visitor": "x", "positions": "1"}, {"visitor": id_, "positions": "one"}):
        async with site.session.post(path, data=bad, headers=headers) as answer:
            assert answer.status == 400


async def test_the_visits_behind_a_signal_are_those_of_its_day(site: Site) -> None:
    """Given cards that walked as one yesterday, and came again today."""
    spots = [spot.id for spot in site.engine.rallies.get(RALLY).plan.spots[:3]]
    cards = [site.visitor() for _ in range(3)]
    day = site.clock().date()
    for visitor in cards:
        for spot in spots:
            await site.scan(visitor, spot)
    site.clock.forward(days=1)
    assert (await site.scan(cards[0], spots[0]))[0] == 201
    _, answer = await signals(site, str(day))
    (company,) = [one for one in answer["signals"] if one["kind"] == "company"]
    dates = {visit["at"][:10] for card in company["cards"] for visit in card["visits"]}
    assert dates == {str(day)}
