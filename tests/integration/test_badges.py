"""Badges, paper cards and screens: who may scan whom where; and what a batch and a flood come to."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace
from support import RALLY, Site

from domain.encoding import paper_visitor
from domain.plan import OncePerInterval, Plan, Spot
from domain.rally import revoke_code
from qr.codes import sign_badge, sign_paper, sign_rotating
from qr.keyring import CodeKey
from service.sign_in import Role

BOOTH, LATER, SMALL, SCREEN = "booth", "later", "small", "screen"


def key_of(site: Site) -> CodeKey:
    key = site.engine.keyring.newest_code_key(RALLY)
    assert key is not None
    return key


def badge_of(site: Site, visitor: str) -> str:
    return sign_badge(key_of(site), site.engine.people.verify(visitor).id)


async def laid_out(site: Site, **changes: Any) -> Plan:
    """The rally with a booth, a screen, a spot that waits for the first one, and one for two."""
    plan = site.engine.rallies.get(RALLY).plan
    area, names = plan.areas[0].id, {"en": "A spot"}
    more = [
        Spot(BOOTH, names, area, kind="badge"),
        Spot(SCREEN, names, area, kind="rotating"),
        Spot(LATER, names, area, after=plan.spots[0].id),
        Spot(SMALL, names, area, capacity=2),
    ]
    plan = replace(plan, spots=[*plan.spots, *more], **changes)
    await site.engine.plan(plan, "test")
    return plan


async def scanned(site: Site, code: str, token: str | None, **more: Any) -> tuple[int, Any]:
    body = {"code": code, "scan_id": str(uuid4()), **more}
    return await site.ask("POST", "/api/badge-check-ins", token, json=body)


async def test_staff_stamp_badges_and_paper_cards_at_their_own_spot(site: Site) -> None:
    await laid_out(site)
    visitor, paper = site.visitor(), sign_paper(key_of(site), 7)
    for code, evidence, who in (
        (badge_of(site, visitor), "badge", site.engine.people.verify(visitor).id),
        (paper, "paper", paper_visitor(RALLY, 7)),
    ):
        status, answer = await scanned(site, code, site.staff(BOOTH))
        assert (status, answer["spot"], answer["card"]["visitor"]) == (201, BOOTH, str(who))
        card = await site.engine.log.card(who, RALLY)
        assert [(visit.spot, visit.evidence) for visit in card.visits] == [(BOOTH, evidence)]
        status, again = await scanned(site, code, site.organiser(), spot=BOOTH)
        assert (status, again["outcome"]) == (200, "already_stamped")


@pytest.mark.parametrize(
    ("who", "spot", "status"),
    [
        ("nobody", None, 401),
        ("visitor", None, 403),
        ("staff elsewhere", BOOTH, 403),
        ("staff of another rally", None, 404),
        ("organiser of another rally", BOOTH, 404),
        ("organiser", None, 404),
        ("organiser", "nowhere", 404),
    ],
)
async def test_nobody_else_does(site: Site, who: str, spot: str | None, status: int) -> None:
    await laid_out(site)
    visitor, people, now = site.visitor(), site.engine.people, site.clock()
    token = {
        "nobody": None,
        "visitor": visitor,
        "staff elsewhere": site.staff(SMALL),
        "staff of another rally": people.new(Role.STAFF, now, "other", BOOTH)[1],
        "organiser of another rally": people.new(Role.ORGANISER, now, "other")[1],
        "organiser": site.organiser(),
    }[who]
    more = {"spot": spot} if spot else {}
    assert (await scanned(site, badge_of(site, visitor), token, **more))[0] == status
    assert await site.facts() == 0


async def test_a_badge_is_no_code_for_its_bearer_and_a_poster_no_badge(site: Site) -> None:
    await laid_out(site)
    visitor = site.visitor()
    status, refused = await site.check_in(visitor, badge_of(site, visitor))
    assert (status, refused["code"]) == (422, "badge_needs_staff")
    status, refused = await scanned(site, site.code(SMALL), site.staff(SMALL))
    assert (status, refused["code"]) == (400, "body_invalid")
    status, refused = await site.scan(visitor, BOOTH)
    assert (status, refused["code"]) == (422, "spot_scans_badges")


async def test_voiding_a_spots_codes_voids_no_badges(site: Site) -> None:
    """Given paper cards that were printed once; when a spot's codes are revoked; then staff there
    scan them all the same; when the whole key is, they do not."""
    await laid_out(site)
    key, paper = key_of(site), sign_paper(key_of(site), 7)
    for spot, status in ((BOOTH, 201), (None, 422)):
        await site.engine.change(
            RALLY, lambda rally, now, spot=spot: revoke_code(rally, key.id, spot, now, "test")
        )
        site.clock.forward(days=1)
        assert (await scanned(site, paper, site.staff(BOOTH)))[0] == status


async def test_a_screen_is_given_to_its_own_staff_and_kept_by_nobody(site: Site) -> None:
    await laid_out(site)
    path = f"/api/rallies/{RALLY}/spots/{SCREEN}/screen"
    for token, status in ((None, 401), (site.visitor(), 403), (site.staff(BOOTH), 403)):
        assert (await site.ask("GET", path, token))[0] == status
    headers = {"Authorization": f"Bearer {site.staff(SCREEN)}"}
    async with site.session.get(path, headers=headers) as answer:
        said = await answer.json()
        assert answer.headers["Cache-Control"] == "no-store"
    assert said["screen"]["text"].endswith(sign_rotating(key_of(site), SCREEN, 0))
    status, refused = await site.ask("GET", path, site.staff(SCREEN), headers={"Host": "h" * 3_000})
    assert (status, refused["code"]) == (400, "query_invalid")


async def test_a_batch_is_judged_in_the_order_of_its_times(site: Site) -> None:
    """Given a spot that waits for another one, and a batch that names it first."""
    plan = await laid_out(site)
    first = plan.spots[0].id
    minutes = {LATER: 1, first: 2}
    scans = [
        {
            "code": site.code(spot),
            "scan_id": str(uuid4()),
            "scanned_at": (site.clock() - timedelta(minutes=ago)).isoformat(),
        }
        for spot, ago in minutes.items()
    ]
    status, answer = await site.ask(
        "POST", "/api/check-ins/batch", site.visitor(), json={"scans": scans}
    )
    assert status == 200
    assert [(one["status"], one["body"]["spot"]) for one in answer["answers"]] == [
        (201, LATER),
        (201, first),
    ]


async def test_scans_that_can_take_no_place_leave_nothing_behind(site: Site) -> None:
    """Given a spot with places in each quarter of an hour, and scans of times that never were."""
    await laid_out(site, revisit=OncePerInterval(15))
    visitor = site.visitor()
    for minutes in range(0, 300, 15):
        at = site.clock() + timedelta(days=365, minutes=minutes)
        status, refused = await site.scan(visitor, SMALL, scanned_at=at.isoformat())
        assert (status, refused["code"]) in [(422, "scan_in_future"), (429, "too_many_requests")]
    assert await site.engine.pool.fetchval("SELECT count(*) FROM taken") == 0


async def test_texts_that_no_database_takes_are_said_to_be_wrong(site: Site) -> None:
    await laid_out(site)
    organiser, visitor = site.organiser(), str(uuid4())
    void = {"visitor": visitor, "position": 1, "reason": "a\0b"}
    status, refused = await site.ask("POST", f"/api/rallies/{RALLY}/voids", organiser, json=void)
    assert (status, refused["code"]) == (400, "body_invalid")
    given = {"rally": RALLY, "prize": "a\0b", "visitor": visitor, "hand_over_id": str(uuid4())}
    status, refused = await site.ask("POST", "/api/hand-overs", organiser, json=given)
    assert (status, refused["code"]) == (409, "prize_unknown")
