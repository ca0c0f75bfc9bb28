"""The contract of a check-in, over HTTP."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from support import Site

GINZA = "nagano-ginza"


async def test_a_first_scan_is_stamped_and_answered_with_the_card(site: Site) -> None:
    status, answer = await site.scan(site.visitor(), GINZA)
    assert status == 201
    assert answer["outcome"] == "stamped"
    assert answer["spot"] == GINZA
    assert answer["position"] == 1
    assert answer["card"]["stamps"] == 1
    assert answer["card"]["spots"] == [{"spot": GINZA, "at": "2026-01-15T12:00:00+09:00"}]


async def test_scanning_again_changes_nothing(site: Site) -> None:
    visitor = site.visitor()
    await site.scan(visitor, GINZA)
    status, answer = await site.scan(visitor, GINZA)
    assert (status, answer["outcome"]) == (200, "already_stamped")
    assert await site.facts() == 1


async def test_the_same_scan_id_is_given_the_first_answer_again(site: Site) -> None:
    visitor, scan_id = site.visitor(), uuid4()
    first = await site.scan(visitor, GINZA, scan_id)
    await site.scan(visitor, "hiroshima-ginza")
    site.clock.forward(minutes=3)
    assert await site.scan(visitor, GINZA, scan_id) == first
    assert await site.facts() == 2


async def test_a_refusal_is_given_again_and_logged_once(site: Site) -> None:
    visitor, scan_id = site.visitor(), uuid4()
    old = (site.clock() - timedelta(days=8)).isoformat()
    first = await site.scan(visitor, GINZA, scan_id, scanned_at=old)
    assert (first[0], first[1]["code"]) == (422, "scan_too_old")
    assert await site.scan(visitor, GINZA, scan_id, scanned_at=old) == first
    assert await site.facts("CheckInRefused") == 1


async def test_another_day_is_a_visit_without_a_second_stamp(site: Site) -> None:
    visitor = site.visitor()
    await site.scan(visitor, GINZA)
    site.clock.forward(days=1)
    status, answer = await site.scan(visitor, GINZA)
    assert (status, answer["outcome"], answer["card"]["stamps"]) == (201, "visited", 1)


async def test_a_late_scan_lands_at_its_own_time(site: Site) -> None:
    at = "2026-01-15T09:30:00+09:00"
    _, answer = await site.scan(site.visitor(), GINZA, scanned_at=at)
    assert answer["card"]["spots"][0]["at"] == at
    row = await site.engine.pool.fetchrow("SELECT * FROM events WHERE type = 'VisitRecorded'")
    assert row["recorded_at"] - row["occurred_at"] == timedelta(hours=2, minutes=30)
    assert row["data"] == '{"late": true}'


async def test_a_full_row_earns_the_draw_once(site: Site) -> None:
    visitor = site.visitor()
    row = site.engine.rallies.get(site.rally).plan.sheets[0].rows[1]
    earned = [(await site.scan(visitor, spot))[1]["earned"] for spot in row]
    assert earned[:-1] == [[]] * 4
    assert len(earned[-1]) == 1
    _, card = await site.ask("GET", f"/api/rallies/{site.rally}/card", visitor)
    assert card["lines"] == 1
    assert {prize["prize"]: prize["met"] for prize in card["prizes"]}[earned[-1][0]]


async def test_a_batch_is_answered_scan_by_scan_in_order(site: Site) -> None:
    scans = [
        {"code": site.code(GINZA), "scan_id": str(UUID(int=1))},
        {"code": "NONSENSE", "scan_id": str(UUID(int=2))},
        {"code": site.code(GINZA), "scan_id": str(UUID(int=3))},
        {"code": site.code("hiroshima-ginza"), "scan_id": str(UUID(int=4))},
        {"code": site.code(GINZA), "scan_id": str(UUID(int=1))},
    ]
    status, answer = await site.ask(
        "POST", "/api/check-ins/batch", site.visitor(), json={"scans": scans}
    )
    assert status == 200
    assert [each["status"] for each in answer["answers"]] == [201, 422, 200, 201, 201]
    assert answer["answers"][0] == answer["answers"][4]


async def test_a_new_visitor_gets_a_token_that_checks_in(site: Site) -> None:
    status, answer = await site.ask("POST", "/api/visitors", json={"language": "en"})
    assert status == 201
    status, checked = await site.scan(answer["token"], GINZA)
    assert (status, checked["card"]["visitor"]) == (201, answer["visitor"])


async def test_whoever_is_a_visitor_already_stays_the_same_one(site: Site) -> None:
    """With the copy of a lost cookie; what does not verify makes nobody new."""
    visitor = site.visitor()
    status, answer = await site.ask("POST", "/api/visitors", visitor, json={})
    assert (status, answer["token"]) == (201, visitor)
    status, answer = await site.ask("POST", "/api/visitors", f"{visitor}x", json={})
    assert (status, answer["code"]) == (401, "token_invalid")


async def test_what_a_qr_holds_is_taken_for_its_code(site: Site) -> None:
    body = {"code": f"{site.url}/s/{site.code(GINZA).lower()}", "scan_id": str(uuid4())}
    assert (await site.ask("POST", "/api/check-ins", site.visitor(), json=body))[0] == 201


@pytest.mark.parametrize("path", ["/s/{code}", "/s/{code}?lang=en"])
async def test_opening_a_scan_address_any_number_of_times_stamps_nothing(
    site: Site, path: str
) -> None:
    visitor = site.visitor()
    for method in ("GET", "HEAD") * 10:
        async with site.session.request(
            method,
            path.format(code=site.code(GINZA)),
            headers={"Authorization": f"Bearer {visitor}", "Accept": "text/html"},
            cookies={"meguri_visitor": visitor},
        ) as answer:
            assert answer.status == 200
    assert await site.engine.log.size() == site.engine.rallies.position
    _, card = await site.ask("GET", f"/api/rallies/{site.rally}/card", visitor)
    assert card["stamps"] == 0
