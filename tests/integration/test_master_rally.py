"""A master rally and its members, from the first scan to the master's prize; all of one's cards."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from support import PLANS, Site

from domain.plan import Plan
from domain.rally import NotAllowed, open_rally
from projections.footfall import FOOTFALL
from qr.codes import sign_paper
from service.eventlog.check import check
from service.plan_files import PlanMistakes, read_plan
from service.sign_in import Role

NORTH, SOUTH, GRAND = "north-shore-walk", "south-shore-walk", "two-shores"
AT_NORTH = ("lighthouse", "ropeworks", "chapel")
AT_SOUTH = ("fish-market", "ferry")


def read(name: str) -> Plan:
    return read_plan(PLANS / name / "plan.yaml")


@pytest.fixture
async def shores(site: Site) -> Site:
    """The two walks and their master, open since they began."""
    site.clock.now = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)
    for name in (NORTH, SOUTH, GRAND):
        await site.engine.plan(read(name), "test")
        await site.engine.change(name, lambda rally, now: open_rally(rally, now, "test"))
    site.clock.forward(hours=2)
    return site


async def walk(site: Site, token: str, rally: str, *spots: str, **more: Any) -> None:
    site.rally = rally
    for spot in spots:
        site.clock.forward(minutes=5)
        status, answer = await site.scan(token, spot, **more)
        assert status in (200, 201), answer


def organiser(site: Site, rally: str | None = None) -> str:
    """The token of an organiser of a rally, or of all."""
    return site.engine.people.new(Role.ORGANISER, site.clock(), rally)[1]


async def stamps(site: Site, token: str, rally: str = GRAND) -> list[str]:
    status, card = await site.ask("GET", f"/api/rallies/{rally}/card", token)
    assert status == 200
    return [stamp["spot"] for stamp in card["spots"]]


async def whole(site: Site) -> bool:
    """Whether folding the log gives every card."""
    return await check(site.engine.pool, lambda _: None) == []


async def test_two_walks_lead_to_the_masters_prize(shores: Site) -> None:
    """Also when a scan is sent twice: then the stamp is there once."""
    token, twice = shores.visitor(), uuid4()
    await walk(shores, token, NORTH, *AT_NORTH[:2])
    assert await stamps(shores, token) == []
    await walk(shores, token, NORTH, AT_NORTH[2], scan_id=twice)
    await walk(shores, token, NORTH, AT_NORTH[2], scan_id=twice)
    assert await stamps(shores, token) == ["north"]
    await walk(shores, token, SOUTH, *AT_SOUTH)
    assert await stamps(shores, token) == ["north", "south"]
    entries = f"/api/rallies/{GRAND}/prizes/stay/entries"
    assert (await shores.ask("POST", entries, token))[0] == 201
    visitor = shores.engine.people.verify(token).id
    given = {"rally": GRAND, "prize": "towel", "visitor": str(visitor)}
    desk = organiser(shores, GRAND)
    body = {**given, "hand_over_id": str(uuid4())}
    assert (await shores.ask("POST", "/api/hand-overs", desk, json=body))[0] == 201
    found = await shores.engine.pool.fetch(
        "SELECT spot, evidence FROM events WHERE rally = $1 AND visitor = $2 AND type = 'VisitRecorded'",
        GRAND,
        visitor,
    )
    assert [tuple(row) for row in found] == [("north", "rally"), ("south", "rally")]
    assert await whole(shores)


async def test_a_void_visit_takes_the_stamp_and_gives_it_back(shores: Site) -> None:
    token = shores.visitor()
    await walk(shores, token, NORTH, *AT_NORTH)
    visitor = shores.engine.people.verify(token).id
    card = await shores.engine.log.card(visitor, NORTH)
    shores.rally = NORTH
    word = {"visitor": str(visitor), "position": card.visits[0].position, "reason": "test"}
    for again, left in ((False, []), (True, ["north"])):
        how = {**word, "reinstate": again}
        status, answer = await shores.ask(
            "POST", f"/api/rallies/{NORTH}/voids", shores.organiser(), json=how
        )
        assert status in (200, 201), answer
        assert await stamps(shores, token) == left
    assert await whole(shores)


async def test_a_paper_card_brings_its_stamps_along_in_the_master_too(shores: Site) -> None:
    """Given a paper card with two spots and a phone with the third, when it is bound, then the
    phone has come far enough, once; and what a paper card alone had reached moves along."""
    key = shores.engine.keyring.newest_code_key(NORTH)
    assert key is not None
    for serial, on_paper in ((1, AT_NORTH[:2]), (2, AT_NORTH)):
        token, paper = shores.visitor(), sign_paper(key, serial)
        for spot in on_paper:
            staff = organiser(shores, NORTH)
            shores.clock.forward(minutes=1)
            body = {"code": paper, "scan_id": str(uuid4()), "spot": spot}
            status, answer = await shores.ask("POST", "/api/badge-check-ins", staff, json=body)
            assert status == 201, answer
        await walk(shores, token, NORTH, AT_NORTH[2])
        assert await stamps(shores, token) == []
        assert (await shores.ask("POST", "/api/paper-cards", token, json={"code": paper}))[0] == 201
        assert await stamps(shores, token) == ["north"]
    visits = "SELECT sum(visits) FROM footfall WHERE rally = $1"
    await shores.engine.judge_all(FOOTFALL)
    assert await shores.engine.pool.fetchval(visits, GRAND) == 2
    assert await whole(shores)


async def test_erasing_one_card_leaves_the_others(shores: Site) -> None:
    """The member's is gone and the master's stays, until it is erased, too; then it is not fed."""
    token = shores.visitor()
    await walk(shores, token, NORTH, *AT_NORTH)
    assert (await shores.ask("DELETE", f"/api/rallies/{NORTH}/card", token))[0] in (200, 204)
    assert await stamps(shores, token) == ["north"]
    await shores.ask("DELETE", f"/api/rallies/{GRAND}/card", token)
    await walk(shores, token, SOUTH, *AT_SOUTH)
    assert await stamps(shores, token) == []
    assert await whole(shores)


async def test_all_of_ones_cards_are_listed(shores: Site) -> None:
    token = shores.visitor()
    assert await shores.ask("GET", "/api/cards", token) == (200, {"cards": []})
    await walk(shores, token, NORTH, *AT_NORTH)
    _, answer = await shores.ask("GET", "/api/cards", token)
    found = {each["rally"]: len(each["card"]["spots"]) for each in answer["cards"]}
    assert found == {NORTH: 3, GRAND: 1}
    assert (await shores.ask("GET", "/api/cards"))[0] == 401


async def test_a_mistake_about_a_member_names_its_line_and_field(shores: Site) -> None:
    rallies = shores.engine.rallies
    path = PLANS / GRAND / "plan.yaml"
    assert read_plan(path, rallies.member_mistakes).rally == GRAND
    with pytest.raises(PlanMistakes) as found:
        read_plan(path, lambda plan: rallies.member_mistakes(plan, "kita"))
    expected = "expected another rally of the same organisation"
    assert f"plan.yaml:25: spots[0].rally: {expected}" in str(found.value)
    with pytest.raises(NotAllowed, match="same organisation"):
        await shores.engine.plan(read(GRAND), "test", organisation="kita")
    desk = organiser(shores)
    changed = (path.read_text().replace(NORTH, "nowhere")).encode()
    status, problem = await shores.ask("PUT", f"/api/rallies/{GRAND}", desk, data=changed)
    assert (status, problem["code"]) == (422, "plan_invalid")
    assert "spots[0].rally" in problem["why"]
