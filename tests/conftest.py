"""One Postgres for all tests, a template database, a copy for each test; a clock that is set."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio
from servers import Servers, servers_of
from support import PLANS, RALLY, OpenEngine, SetClock, Site

from domain.plan import Plan
from domain.rally import open_rally
from service.commands.serve import listening
from service.config import Config
from service.database.embedded import EmbeddedPostgres
from service.engine import Engine, open_engine, running
from service.plan_files import read_plan


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A Postgres to make databases on: the one that is named, else one that is started: the
    embedded one, or that of the binaries which are named."""
    named = os.environ.get("MEGURI_TEST_DATABASE_URL")
    if named:
        yield named
        return
    binaries = os.environ.get("MEGURI_TEST_POSTGRES")
    postgres = await EmbeddedPostgres.start(
        tmp_path_factory.mktemp("postgres"), binaries=Path(binaries) if binaries else None
    )
    yield postgres.url
    await postgres.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def servers(server: str) -> AsyncIterator[Servers]:
    """The same server, and on Citus the workers behind it."""
    async with servers_of(server) as servers:
        yield servers


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def template(servers: Servers) -> AsyncIterator[str]:
    """The name of a migrated, empty database."""
    name = f"meguri_template_{uuid4().hex[:8]}"
    async with open_engine(Config(database_url=await servers.create(name, servers.blank))):
        pass
    await servers.close(name)
    yield name
    await servers.drop(name)


@pytest_asyncio.fixture
async def empty_database(servers: Servers) -> AsyncIterator[str]:
    """The address of a database with nothing in it."""
    async with _database(servers, servers.blank) as url:
        yield url


@pytest_asyncio.fixture
async def database(servers: Servers, template: str) -> AsyncIterator[str]:
    """The address of a migrated database of the test's own."""
    async with _database(servers, template) as url:
        yield url


@asynccontextmanager
async def _database(servers: Servers, template: str) -> AsyncIterator[str]:
    name = f"meguri_test_{uuid4().hex[:12]}"
    yield await servers.create(name, template)
    await servers.drop(name)


@pytest.fixture
def clock() -> SetClock:
    """Noon on a day of the rally, until the test says otherwise."""
    return SetClock()


@pytest.fixture(scope="session")
def tokyo() -> Plan:
    """Tokyo's antenna-shop rally, 2026-01-08 to 02-28."""
    return read_plan(PLANS / RALLY / "plan.yaml")


@pytest_asyncio.fixture
async def open_another(database: str, clock: SetClock, tmp_path: Path) -> AsyncIterator[OpenEngine]:
    """Opens an engine on the test's database: another process, as far as the database can tell."""
    async with AsyncExitStack() as stack:

        async def open_one(**settings: Any) -> Engine:
            config = Config(database_url=database, port=0, **{"data": tmp_path} | settings)
            return await stack.enter_async_context(open_engine(config, clock))

        yield open_one


@pytest_asyncio.fixture
async def engine(open_another: OpenEngine, tokyo: Plan) -> Engine:
    """An engine with Tokyo's rally open since its first day."""
    engine = await open_another()
    await engine.plan(tokyo, "test")
    opened = datetime(2026, 1, 7, 15, 0, tzinfo=UTC)
    await engine.change(RALLY, lambda rally, _: open_rally(rally, opened, "test"))
    return engine


@pytest_asyncio.fixture
async def site(engine: Engine, clock: SetClock) -> AsyncIterator[Site]:
    """The service, listening on a free port of this machine."""
    async with listening(engine) as url, aiohttp.ClientSession(url) as session:
        yield Site(engine, clock, url, session)


@pytest_asyncio.fixture
async def followed(engine: Engine) -> AsyncIterator[Engine]:
    """The engine at work (signals, follower) without the web."""
    async with running(engine):
        yield engine
