"""Pages of other origins: those that are named may use the API with a bearer token, others not."""

from collections.abc import AsyncIterator
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio
from support import LINE, NOON, OpenEngine, SetClock, Site

from domain.plan import Plan
from domain.rally import open_rally
from service.commands.serve import listening

MINI = "https://mini.example.org"
FROM_MINI = {"Origin": MINI, "Sec-Fetch-Site": "cross-site"}
READ = "Access-Control-Allow-Origin"


@pytest_asyncio.fixture
async def named(open_another: OpenEngine, tokyo: Plan, clock: SetClock) -> AsyncIterator[Site]:
    """A site whose operator has named MINI."""
    engine = await open_another(allowed_origins=f"https://other.example.org, {MINI}")
    await engine.plan(tokyo, "test")
    await engine.change(tokyo.rally, lambda rally, _: open_rally(rally, NOON, "test"))
    async with listening(engine) as url, aiohttp.ClientSession(url) as session:
        yield Site(engine, clock, url, session)


async def test_a_named_page_checks_in_and_reads_the_answer(named: Site) -> None:
    async with named.session.post("/api/visitors", json={}, headers=FROM_MINI) as answer:
        assert (answer.status, answer.headers[READ]) == (201, MINI)
        token = (await answer.json())["token"]
    named.session.cookie_jar.clear()
    body = {"code": named.code(LINE[0]), "scan_id": str(uuid4())}
    headers = {**FROM_MINI, "Authorization": f"Bearer {token}"}
    async with named.session.post("/api/check-ins", json=body, headers=headers) as answer:
        assert (answer.status, answer.headers[READ]) == (201, MINI)
        assert "Origin" in answer.headers["Vary"]
        assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_a_named_page_reads_a_refusal_too(named: Site) -> None:
    """Without the header a browser would hide the sentence that says what to do."""
    body = {"code": "NOTACODE", "scan_id": str(uuid4())}
    headers = {**FROM_MINI, "Authorization": f"Bearer {named.visitor()}"}
    async with named.session.post("/api/check-ins", json=body, headers=headers) as answer:
        assert (answer.status, answer.headers[READ]) == (422, MINI)


async def test_a_browser_that_asks_beforehand_is_told_what_the_address_takes(named: Site) -> None:
    path = "/api/rallies/tokyo-antenna-shops/address"
    async with named.session.options(path, headers=FROM_MINI) as answer:
        assert (answer.status, answer.headers[READ]) == (204, MINI)
        assert answer.headers["Access-Control-Allow-Methods"] == "DELETE, GET, HEAD, PUT"
        assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    async with named.session.options("/api/nothing", headers=FROM_MINI) as answer:
        assert answer.status == 404


@pytest.mark.parametrize("origin", ["https://evil.example.org", "null", MINI + ".evil.org"])
async def test_a_page_that_is_not_named_is_refused(named: Site, origin: str) -> None:
    headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
    async with named.session.post("/api/visitors", json={}, headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (403, "cross_site")
        assert READ not in answer.headers
    async with named.session.options("/api/visitors", headers=headers) as answer:
        assert answer.status == 405
        assert READ not in answer.headers


async def test_a_named_page_never_acts_with_our_cookies(named: Site) -> None:
    """A neighbour under the same domain would send them along."""
    headers = {**FROM_MINI, "Cookie": f"meguri_visitor={named.visitor()}"}
    async with named.session.post("/api/visitors", json={}, headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (403, "cross_site")


async def test_pages_are_nobody_elses(named: Site) -> None:
    """What is named may use the API; forms of pages stay ours."""
    async with named.session.post("/move", data={"code": "X"}, headers=FROM_MINI) as answer:
        assert answer.status == 403
    async with named.session.get("/", headers=FROM_MINI) as answer:
        assert READ not in answer.headers


async def test_nobody_is_named_unless_the_operator_does(site: Site) -> None:
    async with site.session.post("/api/visitors", json={}, headers=FROM_MINI) as answer:
        assert answer.status == 403
    async with site.session.get("/api/rallies/tokyo-antenna-shops", headers=FROM_MINI) as answer:
        assert (answer.status, READ in answer.headers) == (200, False)
