"""The database under test and what it is loaded with.

One embedded Postgres in a fresh directory; in it a rally laid out and opened, copied for each
service that is measured, so that no two of them share a log, a projection or a signal.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import psutil

from benchmarks.machine import ROOT
from benchmarks.processes import tree_cpu_s
from domain.rally import open_rally
from qr.codes import sign
from service.commands.common import known
from service.config import Config
from service.database.embedded import EmbeddedPostgres
from service.database.keeper.binaries import find_binaries
from service.engine import Engine, open_engine
from service.plan_files import read_plan
from service.sign_in import Role

PLAN = ROOT / "plans" / "tokyo-antenna-shops" / "plan.yaml"
CONNECTIONS_MAX = 400
"""What the server takes: pgbench wants as many clients as wrk has connections."""
DAYS_BEFORE = 8
"""The rally began a week ago and the visitors' tokens are older, so late scans are taken."""


_SETTINGS = """
SELECT name, current_setting(name) AS value FROM pg_settings
WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'wal_sync_method',
               'shared_buffers', 'max_connections', 'max_wal_size')
"""


class Postgres:
    """The server: addresses of its databases, its CPU."""

    def __init__(self, url: str, postmaster: int, version: str, settings: dict[str, str]) -> None:
        self._url = url
        self._postmaster = postmaster
        self.version = version
        self.settings = settings

    def url(self, database: str = "meguri") -> str:
        """The address of a database."""
        return self._url.replace("/meguri?", f"/{database}?")

    @property
    def socket(self) -> str:
        """The directory of its socket."""
        return parse_qs(urlsplit(self._url).query)["host"][0]

    def cpu_s(self) -> float:
        """CPU seconds of all its processes, of those that have ended too."""
        return tree_cpu_s(self._postmaster)

    async def run(self, statement: str, database: str = "meguri") -> None:
        """Run a statement outside any transaction."""
        connection = await asyncpg.connect(self.url(database))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def copy(self, database: str) -> None:
        """A copy of the prepared database."""
        await self.run(f'CREATE DATABASE "{database}" TEMPLATE meguri', "postgres")

    async def grown(self, database: str = "meguri") -> int:
        """How many facts a database's log holds: positions are gapless, so the heads know."""
        connection = await asyncpg.connect(self.url(database))
        try:
            return int(await connection.fetchval("SELECT sum(position) FROM heads"))
        finally:
            await connection.close()


@asynccontextmanager
async def postgres_in(data: Path) -> AsyncIterator[Postgres]:
    """An embedded Postgres with the rally in its database `meguri`, until the block ends."""
    server = await EmbeddedPostgres.start(data)
    try:
        connection = await asyncpg.connect(server.url)
        await connection.execute(f"ALTER SYSTEM SET max_connections = {CONNECTIONS_MAX}")
        await connection.close()
    finally:
        await server.stop()
    server = await EmbeddedPostgres.start(data)
    try:
        yield await _describe(server.url)
    finally:
        await server.stop()


async def _describe(url: str) -> Postgres:
    connection = await asyncpg.connect(url)
    try:
        postmaster = psutil.Process(await connection.fetchval("SELECT pg_backend_pid()")).ppid()
        rows = await connection.fetch(_SETTINGS)
        version = await connection.fetchval("SHOW server_version")
    finally:
        await connection.close()
    return Postgres(url, postmaster, version, {row["name"]: row["value"] for row in rows})


async def prepare(postgres: Postgres) -> None:
    """A rally in the database that is copied."""
    async with open_engine(Config(database_url=postgres.url())) as engine:
        await lay_out(engine)


async def lay_out(engine: Engine) -> None:
    """Lay out Tokyo's rally around today and open it, as the demo does."""
    plan = read_plan(PLAN)
    today = engine.clock().astimezone(ZoneInfo(plan.time_zone)).date()
    length = plan.last_day - plan.first_day
    plan = msgspec.structs.replace(
        plan, first_day=today - timedelta(days=DAYS_BEFORE), last_day=today + length
    )
    rally = await engine.plan(plan, "bench")
    begins = rally.course.starts
    await engine.change(plan.rally, lambda now, _: open_rally(known(now), begins, "bench"))


async def write_crowd(postgres: Postgres, folder: Path, tokens: int) -> tuple[Path, Path]:
    """Files of visitors' tokens and of the spots' codes, a line each."""
    async with open_engine(Config(database_url=postgres.url())) as engine:
        return (
            _write_tokens(engine, folder / "tokens", tokens),
            _write_codes(engine, folder / "codes"),
        )


def _write_tokens(engine: Engine, file: Path, tokens: int) -> Path:
    since = engine.clock() - timedelta(days=DAYS_BEFORE)
    with file.open("w", encoding="ascii") as lines:
        for _ in range(tokens):
            lines.write(engine.people.new(Role.VISITOR, since)[1] + "\n")
    return file


async def tokens(postgres: Postgres, visitors: int) -> tuple[str, list[str]]:
    """An organiser's token, and those of visitors."""
    async with open_engine(Config(database_url=postgres.url())) as engine:
        since = engine.clock() - timedelta(days=DAYS_BEFORE)
        organiser = engine.people.new(Role.ORGANISER, since)[1]
        return organiser, [engine.people.new(Role.VISITOR, since)[1] for _ in range(visitors)]


async def spot_codes(postgres: Postgres) -> list[str]:
    """What the posters say."""
    async with open_engine(Config(database_url=postgres.url())) as engine:
        return _codes(engine)


def _write_codes(engine: Engine, file: Path) -> Path:
    file.write_text("\n".join(_codes(engine)) + "\n", encoding="ascii")
    return file


def _codes(engine: Engine) -> list[str]:
    (rally,) = engine.rallies.all()
    key = engine.keyring.newest_code_key(rally.plan.rally)
    assert key is not None, "a planned rally has a key"
    return [sign(key, spot.id) for spot in rally.plan.spots]


def pgbench() -> Path | None:
    """The pgbench that belongs to the server, if it is there."""
    for folder in find_binaries():
        if (folder / "pgbench").exists():
            return folder / "pgbench"
    return None
