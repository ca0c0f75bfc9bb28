"""Bad input gets a stable code and a sentence; never a 500, never a line in the log to multiply."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import jwt
import msgspec
import pytest
from support import RALLY, OpenEngine, Site

from domain.plan import Plan
from domain.rally import close_rally, revoke_code
from qr.codes import sign
from qr.keyring import CodeKey
from service.sign_in import Role

GINZA = "nagano-ginza"


def flipped(code: str, at: int) -> str:
    """The code with another character at `at`."""
    return code[:at] + ("7" if code[at] != "7" else "8") + code[at + 1 :]


BAD_CODES = {
    "forged": (lambda code: flipped(code, 20), "code_not_genuine"),
    "foreign key": (lambda code: sign(CodeKey(999, "other", b"k" * 32), GINZA), "code_not_ours"),
    "made without the secret": (
        lambda code: sign(CodeKey(2, RALLY, b"k" * 32), GINZA),
        "code_not_genuine",
    ),
    "truncated": (lambda code: code[:-1], "code_incomplete"),
    "somebody else's QR": (lambda code: "https://example.org/menu.pdf", "code_not_ours"),
    "empty": (lambda code: "", "code_not_ours"),
    "too long": (lambda code: code * 2, "code_not_ours"),
    "not of this world": (lambda code: "ス\u0000\U0001f3ef" * 5, "code_not_ours"),
}


@pytest.mark.parametrize("name", BAD_CODES)
async def test_a_bad_code_is_refused_and_leaves_no_trace_in_the_log(site: Site, name: str) -> None:
    spoil, expected = BAD_CODES[name]
    before = await site.engine.log.size()
    body = {"code": spoil(site.code(GINZA)), "scan_id": str(uuid4())}
    status, problem = await site.ask("POST", "/api/check-ins", site.visitor(), json=body)
    assert (status, problem["code"]) == (422, expected)
    assert problem["detail"]
    assert await site.engine.log.size() == before


async def test_a_revoked_code_is_refused_from_the_next_batch_on_in_every_process(
    site: Site, open_another: OpenEngine
) -> None:
    other = await open_another()
    code_key = site.engine.keyring.newest_code_key(RALLY)
    await other.change(
        RALLY, lambda rally, now: revoke_code(rally, code_key.id, GINZA, now, "test")
    )
    status, problem = await site.scan(site.visitor(), GINZA)
    assert (status, problem["code"]) == (422, "code_revoked")
    assert (await site.scan(site.visitor(), "hiroshima-ginza"))[0] == 201


async def test_a_closed_rally_refuses_in_the_visitors_language(site: Site) -> None:
    site.clock.forward(hours=1)
    await site.engine.change(RALLY, lambda rally, now: close_rally(rally, now, "test"))
    body = {"code": site.code(GINZA), "scan_id": str(uuid4())}
    for language, words in (("ja", "終了"), ("en", "ended")):
        status, problem = await site.ask(
            "POST",
            "/api/check-ins",
            site.visitor(),
            json=body | {"scan_id": str(uuid4())},
            headers={"Accept-Language": language},
        )
        assert (status, problem["code"]) == (422, "rally_over")
        assert words in problem["detail"]
    early = (site.clock() - timedelta(minutes=30)).isoformat()
    assert (await site.scan(site.visitor(), GINZA, scanned_at=early))[0] == 201


async def test_a_planned_rally_that_is_not_open_refuses(site: Site, tokyo: Plan) -> None:
    await site.engine.plan(msgspec.structs.replace(tokyo, rally="next-round"), "test")
    site.rally = "next-round"
    status, problem = await site.scan(site.visitor(), GINZA)
    assert (status, problem["code"]) == (422, "rally_not_open")


BAD_BODIES: dict[str, tuple[bytes, int, str]] = {
    "not JSON": (b"code=1", 400, "body_not_json"),
    "empty": (b"", 400, "body_not_json"),
    "not UTF-8": (b'{"code": "\xff"}', 400, "body_not_json"),
    "nested too deep": (b"[" * 100_000, 400, "body_invalid"),
    "another type": (b'"code"', 400, "body_invalid"),
    "a field is missing": (b'{"code": "A"}', 400, "body_invalid"),
    "a field too many": (b'{"code": "A", "scan_id": "%s", "x": 1}', 400, "body_invalid"),
    "a number for a text": (b'{"code": 1, "scan_id": "%s"}', 400, "body_invalid"),
    "not a UUID": (b'{"code": "A", "scan_id": "1"}', 400, "body_invalid"),
    "a time without its offset": (
        b'{"code": "A", "scan_id": "%s", "scanned_at": "2026-01-15T12:00:00"}',
        400,
        "body_invalid",
    ),
    "no such place": (
        b'{"code": "A", "scan_id": "%s", "place": {"lat": 91, "lon": 0}}',
        400,
        "body_invalid",
    ),
    "too large": (b'{"code": "' + b"A" * 600_000 + b'"}', 413, "body_too_large"),
}


@pytest.mark.parametrize("name", BAD_BODIES)
async def test_a_bad_body_gets_a_problem_document(site: Site, name: str) -> None:
    body, expected_status, code = BAD_BODIES[name]
    async with site.session.post(
        "/api/check-ins",
        data=body.replace(b"%s", str(uuid4()).encode()),
        headers={"Authorization": f"Bearer {site.visitor()}"},
    ) as answer:
        problem = await answer.json(content_type="application/problem+json")
    assert (answer.status, problem["status"], problem["code"]) == (
        expected_status,
        expected_status,
        code,
    )


async def test_a_batch_has_its_limits(site: Site) -> None:
    scan = {"code": "A", "scan_id": str(uuid4())}
    for scans in ([], [scan] * 1_001):
        status, problem = await site.ask(
            "POST", "/api/check-ins/batch", site.visitor(), json={"scans": scans}
        )
        assert (status, problem["code"]) == (400, "body_invalid")


def bad_tokens(site: Site) -> dict[str, str | None]:
    """Tokens that must not be believed."""
    good = site.visitor()
    header, payload, signature = good.split(".")
    claims = {"sub": str(uuid4()), "role": "organiser", "iat": 1}
    unsigned = jwt.encode(claims, "", "none", headers={"kid": "1"})
    return {
        "cut short": good[:-5],
        "another payload": f"{header}.{payload[:-2]}AA.{signature}",
        "no signature": unsigned,
        "another key": jwt.encode(claims, b"x" * 32, "HS256", headers={"kid": "1"}),
        "unknown key id": jwt.encode(claims, b"x" * 32, "HS256", headers={"kid": "77"}),
        "strange key id": jwt.encode(claims, b"x" * 32, "HS256", headers={"kid": "../1"}),
        "not a token": "hello",
        "empty": "",
        "far too long": "a" * 5_000,
    }


async def test_forged_tokens_are_not_believed(site: Site) -> None:
    for name, token in bad_tokens(site).items():
        headers = {"Authorization": f"Bearer {token}"}
        status, problem = await site.ask(
            "POST",
            "/api/check-ins",
            headers=headers,
            json={"code": site.code(GINZA), "scan_id": str(uuid4())},
        )
        assert (status, problem["code"]) == (401, "token_invalid"), name


async def test_without_a_token_nobody_checks_in(site: Site) -> None:
    status, problem = await site.ask(
        "POST", "/api/check-ins", json={"code": site.code(GINZA), "scan_id": str(uuid4())}
    )
    assert (status, problem["code"]) == (401, "token_missing")


async def test_roles_end_where_they_should(site: Site) -> None:
    footfall = f"/api/rallies/{RALLY}/footfall"
    own, foreign = f"{footfall}?spot={GINZA}", f"{footfall}?spot=hiroshima-ginza"
    staff = site.staff(GINZA)
    assert (await site.ask("GET", own, staff))[0] == 200
    for path in (foreign, footfall):
        assert (await site.ask("GET", path, staff))[1]["code"] == "forbidden"
    for path in (own, f"/api/rallies/{RALLY}/close"):
        method = "POST" if path.endswith("close") else "GET"
        assert (await site.ask(method, path, site.visitor()))[1]["code"] == "forbidden"
    assert (await site.ask("POST", f"/api/rallies/{RALLY}/close", staff))[0] == 403
    elsewhere = site.engine.people.new(Role.ORGANISER, site.clock(), "another-rally")[1]
    assert (await site.ask("GET", footfall, elsewhere))[1]["code"] == "rally_unknown"
    assert (await site.scan(site.organiser(), GINZA))[0] == 403


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/rallies/none", 404, "rally_unknown"),
        ("/api/rallies/none/card", 404, "rally_unknown"),
        (f"/api/rallies/{RALLY}/footfall?spot=none", 404, "spot_unknown"),
        (f"/api/rallies/{RALLY}/footfall?by=week", 400, "query_invalid"),
        (f"/api/rallies/{RALLY}/footfall?from=yesterday", 400, "query_invalid"),
        (f"/api/rallies/{RALLY}/footfall?to=9999-12-31", 400, "query_invalid"),
        ("/api/nothing", 404, "not_found"),
        ("/api/visitors", 405, "method_not_allowed"),
    ],
)
async def test_a_wrong_address_says_what_is_wrong(
    site: Site, path: str, status: int, code: str
) -> None:
    answered: tuple[int, Any] = await site.ask("GET", path, site.organiser())
    assert (answered[0], answered[1]["code"]) == (status, code)


async def test_a_bad_plan_names_the_field(site: Site, tokyo: Plan) -> None:
    plan = msgspec.to_builtins(tokyo)
    plan["spots"][3]["area"] = "gonza"
    status, problem = await site.ask("PUT", f"/api/rallies/{RALLY}", site.organiser(), json=plan)
    assert (status, problem["code"]) == (422, "plan_invalid")
    assert "spots[3].area" in problem["why"]


async def test_every_answer_says_how_far_it_may_be_trusted(site: Site) -> None:
    async with site.session.get("/", headers={"Accept": "text/html"}) as page:
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert page.headers["X-Content-Type-Options"] == "nosniff"
    async with site.session.get("/api/nothing") as problem:
        assert problem.headers["X-Content-Type-Options"] == "nosniff"
    async with site.session.get("/static/meguri.css") as style:
        assert "immutable" in style.headers["Cache-Control"]
    for path in ("/static/..%2fapp.py", "/static/", "/static/none.css"):
        async with site.session.get(path) as answer:
            assert answer.status == 404
    async with site.session.delete("/api/visitors") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")


async def test_a_lost_person_is_shown_a_page_and_a_lost_program_a_problem(site: Site) -> None:
    for path, accept, kind in (
        ("/nowhere", "text/html", "text/html"),
        ("/nowhere", "*/*", "application/problem+json"),
        ("/api/nowhere", "text/html", "application/problem+json"),
    ):
        async with site.session.get(path, headers={"Accept": accept}) as answer:
            assert (answer.status, answer.content_type) == (404, kind)
