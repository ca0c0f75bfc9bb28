"""The contract: every call is described, every answer keeps to the document, whatever is asked."""

import asyncio
import json
import sys
from pathlib import Path

import aiohttp
import pytest_asyncio
from support import LINE, RALLY, OpenEngine, SetClock, Site

from domain.plan import Plan
from domain.rally import open_rally
from service.app import whole_document
from service.commands.serve import listening
from service.contract.call import Call, Who
from service.engine import Engine
from service.routes import ROUTES
from service.scans import EXAMPLE_CODE


def test_every_route_of_the_api_is_described() -> None:
    plain = [
        (method, path)
        for method, path, handler in ROUTES
        if path.startswith("/api/") and not isinstance(handler, Call)
    ]
    assert plain == []
    operations = [
        one["operationId"] for each in whole_document()["paths"].values() for one in each.values()
    ]
    assert len(operations) == len(set(operations))


async def test_the_document_and_its_page_are_served(site: Site) -> None:
    status, document = await site.ask("GET", "/api/openapi.json")
    assert (status, document["openapi"]) == (200, "3.1.0")
    async with site.session.get("/api/docs") as answer:
        text = await answer.text()
    assert answer.status == 200
    assert f"curl -X POST {site.url}/api/check-ins" in text


CHECKS_LEFT_OUT = {
    "positive_data_acceptance": "what a rally's state does not allow no schema knows",
    "use_after_free": "there are no links between calls",
    "ensure_resource_availability": "as above",
}
SETTINGS = """
[parameters]
"path.rally" = "{rally}"
"path.spot" = "{spot}"
"path.prize" = "local-products"
"path.file" = "days.json"

[checks.negative_data_rejection]
expected-statuses = ["4xx", "501", "503"]
"""
"""A rally that is there; and what is wrong may be found out after something else is."""
OF_TAG = """
[[operations]]
include-tag = "{tag}"
headers = {{ Authorization = "Bearer {token}" }}
"""


OF_PLANS = """
[[operations]]
include-operation-id = ["rallies_put", "rallies_show_preview"]
headers = {{ Authorization = "Bearer {token}" }}
phases.coverage.enabled = false
"""
"""Every field of a plan wrong in every way takes minutes; tests/unit/test_plan_files.py has those."""


@pytest_asyncio.fixture
async def patient(open_another: OpenEngine, tokyo: Plan) -> Engine:
    """An engine that lets one visitor ask as often as a thousand do."""
    engine = await open_another(visitor_requests_max=10**9, address_failures_max=10**9)
    await engine.plan(tokyo, "test")
    await engine.change(RALLY, lambda rally, now: open_rally(rally, now, "test"))
    return engine


async def test_no_request_breaks_the_contract(
    patient: Engine, clock: SetClock, tmp_path: Path
) -> None:
    """Each call is made by somebody who may make it, and by nobody."""
    async with listening(patient) as url, aiohttp.ClientSession(url) as session:
        site = Site(patient, clock, url, session)
        visitor = site.visitor()
        for spot in LINE:
            assert (await site.scan(visitor, spot))[0] == 201
        (tmp_path / "openapi.json").write_text(as_lived(site, visitor))
        (tmp_path / "settings.toml").write_text(settings(site, visitor))
        said, status = await schemathesis(tmp_path, url)
    assert status == 0, said


def settings(site: Site, visitor: str) -> str:
    """The settings of a run: with whose token which calls are made."""
    staff, organiser = site.staff(LINE[0]), site.organiser()
    tokens = {
        Who.VISITOR: visitor,
        Who.STAFF: staff,
        Who.OBSERVER: organiser,
        Who.AT_WORK: staff,
        Who.VIEWER: organiser,
        Who.ORGANISER: organiser,
    }
    of_tags = [OF_TAG.format(tag=who.value, token=token) for who, token in tokens.items()]
    of_tags.insert(0, OF_PLANS.format(token=organiser))
    return "".join([SETTINGS.format(rally=RALLY, spot=LINE[0]), *of_tags])


def as_lived(site: Site, visitor: str) -> str:
    """The document, with examples that are true of the site."""
    person = site.engine.people.verify(visitor)
    text = json.dumps(whole_document())
    return text.replace(EXAMPLE_CODE, site.code(LINE[1])).replace(
        "0198f2a0-0000-7000-8000-000000000002", str(person.id)
    )


async def schemathesis(files: Path, url: str) -> tuple[str, int | None]:
    """What https://schemathesis.readthedocs.io finds, and 0 if that is nothing."""
    command = [
        Path(sys.executable).with_name("schemathesis"),
        *("--config-file", files / "settings.toml", "run", files / "openapi.json"),
        *("--url", url, "--phases", "examples,coverage,fuzzing", "--max-examples", "5"),
        *("--seed", "1", "--generation-deterministic", "--no-shrink", "--no-color"),
        *("--checks", "all", "--exclude-checks", ",".join(CHECKS_LEFT_OUT)),
        *("--suppress-health-check", "all", "--warnings", "off"),
    ]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=files, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return said.decode(), process.returncode
