"""One Postgres for all tests, a template database, a copy for each test; a clock that is set."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import asyncpg
import pytest
import pytest_asyncio

from domain.plan import Plan
from domain.rally import open_rally
from qr.codes import sign
from service.commands.serve import listening
from service.config import Config
from service.database.embedded import EmbeddedPostgres
from service.engine import Engine, open_engine, running
from service.plan_files import read_plan
from service.sign_in import Role

PLANS = Path(__file__).parent.parent / "plans"
RALLY = "tokyo-antenna-shops"
NOON = datetime(2026, 1, 15, 3, 0, tzinfo=UTC)
"""Noon in Tokyo, in the middle of the rally."""


class SetClock:
    """A clock that is set, never read."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A Postgres to make databases on: the one that is named, else an embedded one."""
    named = os.environ.get("MEGURI_TEST_DATABASE_URL")
    if named:
        yield named
        return
    postgres = await EmbeddedPostgres.start(tmp_path_factory.mktemp("postgres"))
    yield postgres.url
    await postgres.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def template(server: str) -> AsyncIterator[str]:
    """The name of a migrated, empty database."""
    name = f"meguri_template_{uuid4().hex[:8]}"
    await _execute(server, f'CREATE DATABASE "{name}"')
    async with open_engine(Config(database_url=on_server(server, name))):
        pass
    yield name
    await _execute(server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest_asyncio.fixture
async def empty_database(server: str) -> AsyncIterator[str]:
    """The address of a database with nothing in it."""
    async with _database(server, "template0") as url:
        yield url


@pytest_asyncio.fixture
async def database(server: str, template: str) -> AsyncIterator[str]:
    """The address of a migrated database of the test's own."""
    async with _database(server, template) as url:
        yield url


@asynccontextmanager
async def _database(server: str, template: str) -> AsyncIterator[str]:
    name = f"meguri_test_{uuid4().hex[:12]}"
    await _execute(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield on_server(server, name)
    await _execute(server, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _execute(server: str, statement: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def on_server(server: str, name: str) -> str:
    """The address of another database on the same server."""
    address, mark, parameters = server.partition("?")
    return f"{address.rpartition('/')[0]}/{name}{mark}{parameters}"


@pytest.fixture
def clock() -> SetClock:
    """Noon on a day of the rally, until the test says otherwise."""
    return SetClock()


@pytest.fixture(scope="session")
def tokyo() -> Plan:
    """Tokyo's antenna-shop rally, 2026-01-08 to 02-28."""
    return read_plan(PLANS / RALLY / "plan.yaml")


OpenEngine = Callable[..., Awaitable[Engine]]


@pytest_asyncio.fixture
async def open_another(database: str, clock: SetClock) -> AsyncIterator[OpenEngine]:
    """Opens an engine on the test's database: another process, as far as the database can tell."""
    async with AsyncExitStack() as stack:

        async def open_one(**settings: Any) -> Engine:
            config = Config(database_url=database, port=0, **settings)
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


class Site:
    """A running service and what a test needs to talk to it."""

    def __init__(
        self, engine: Engine, clock: SetClock, url: str, session: aiohttp.ClientSession
    ) -> None:
        self.engine = engine
        self.clock = clock
        self.url = url
        self.session = session
        self.rally = RALLY

    def code(self, spot: str) -> str:
        """The code of a spot."""
        key = self.engine.keyring.newest_code_key(self.rally)
        assert key is not None
        return sign(key, spot)

    def visitor(self, since: datetime | None = None) -> str:
        """The token of a new visitor."""
        began = since or self.clock() - timedelta(days=7)
        return self.engine.people.new(Role.VISITOR, began)[1]

    def staff(self, spot: str) -> str:
        """A token of a spot's staff."""
        return self.engine.people.new(Role.STAFF, self.clock(), self.rally, spot)[1]

    def organiser(self) -> str:
        """The organiser's token."""
        return self.engine.people.new(Role.ORGANISER, self.clock(), self.rally)[1]

    async def ask(
        self, method: str, path: str, token: str | None = None, **how: Any
    ) -> tuple[int, Any]:
        """Ask the API; returns status and JSON."""
        headers = {
            **({"Authorization": f"Bearer {token}"} if token else {}),
            **how.pop("headers", {}),
        }
        async with self.session.request(method, path, headers=headers, **how) as answer:
            return answer.status, await answer.json(content_type=None)

    async def scan(
        self, token: str, spot: str, scan_id: UUID | None = None, **more: Any
    ) -> tuple[int, Any]:
        """Check in at a spot."""
        body = {"code": self.code(spot), "scan_id": str(scan_id or uuid4()), **more}
        return await self.ask("POST", "/api/check-ins", token, json=body)

    async def facts(self, kind: str = "VisitRecorded") -> int:
        """How many facts of a kind the log holds."""
        count: int = await self.engine.pool.fetchval(
            "SELECT count(*) FROM events WHERE type = $1::text::event_type", kind
        )
        return count


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
