"""What every answer and every write has, whatever its route: each is walked."""

import re
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from aiohttp import ClientSession
from support import LINE, PLANS, RALLY, OpenEngine, SetClock, Site

from domain.rally import open_rally
from service.commands.serve import listening
from service.plan_files import read_plan
from service.routes import ROUTES

NAMES = {
    "rally": RALLY,
    "spot": LINE[0],
    "prize": "local-products",
    "name": "meguri.css",
    "file": "spots.csv",
    "draft": "00000000-0000-7000-8000-000000000000",
    "step": "days",
    "item": "0",
}
WRITES = sorted((method, path) for method, path, _ in ROUTES if method not in ("GET", "*"))
READS = sorted(path for method, path, _ in ROUTES if method == "GET" and "live" not in path)
PUBLIC = "https://stamps.example.org"


def filled(path: str) -> str:
    """An address of a route."""
    return re.sub(r"{(\w+)[^}]*}", lambda part: NAMES.get(part[1], str(uuid4())), path)


@pytest_asyncio.fixture
async def behind_tls(open_another: OpenEngine, clock: SetClock) -> Any:
    """A site whom visitors' phones reach over TLS, for a proxy of ours ends it."""
    engine = await open_another(public_url=PUBLIC)
    await engine.plan(read_plan(PLANS / RALLY / "plan.yaml"), "test")
    await engine.change(RALLY, lambda rally, now: open_rally(rally, now, "test"))
    async with listening(engine) as url, ClientSession(url) as session:
        yield Site(engine, clock, url, session)


async def test_no_write_is_taken_from_another_sites_page(site: Site) -> None:
    facts = await site.engine.log.size()
    for method, path in WRITES:
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            status, problem = await site.ask(
                method, filled(path), site.organiser(), json={}, headers=headers
            )
            assert (status, problem["code"]) == (403, "cross_site"), (method, path)
    assert await site.engine.log.size() == facts


async def test_every_page_is_guarded_against_scripts_frames_and_plain_http(
    behind_tls: Site,
) -> None:
    site, pages = behind_tls, 0
    for token in (site.organiser(), site.staff(LINE[0]), site.visitor(), None):
        for path in READS:
            headers = {"Accept": "text/html"} | (
                {"Authorization": f"Bearer {token}"} if token else {}
            )
            async with site.session.get(
                filled(path), headers=headers, allow_redirects=False
            ) as page:
                assert page.status < 500, path
                if page.content_type != "text/html":
                    await page.read()
                    continue
                pages += 1
                policy = page.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy
                assert "frame-ancestors 'none'" in policy
                assert "unsafe" not in policy
                assert page.headers["Strict-Transport-Security"].startswith("max-age=")
                assert page.headers["Referrer-Policy"] == "no-referrer"
                assert page.headers["X-Content-Type-Options"] == "nosniff"
                assert "no-store" in page.headers["Cache-Control"], path
                text = await page.text()
                assert not re.search(r"<script(?![^>]* src=)|\son\w+=|style=|javascript:", text), (
                    path
                )
    assert pages > 100


@pytest.mark.parametrize(("public", "secure"), [(PUBLIC, True), ("http://127.0.0.1", False)])
async def test_cookies_are_out_of_scripts_and_other_sites_reach(
    open_another: OpenEngine, clock: SetClock, public: str, secure: bool
) -> None:
    engine = await open_another(public_url=public)
    async with (
        listening(engine) as url,
        ClientSession(url) as session,
        session.post("/api/visitors", json={"language": "ja"}) as answer,
    ):
        cookies = answer.headers.getall("Set-Cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert ("Secure" in cookie) == secure
