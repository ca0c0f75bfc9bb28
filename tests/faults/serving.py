"""Service processes of their own, to be killed, stopped and started again; a rally to serve."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID

import aiohttp
import asyncpg
import msgspec
import psutil
from support import PLANS, RALLY, until

from domain.plan import Plan
from domain.rally import open_rally
from qr.codes import sign
from qr.keyring import Keyring
from service.config import Config
from service.database.keeper.places import Places
from service.database.keeper.reports import read_status
from service.engine import open_engine
from service.plan_files import read_plan
from service.sign_in import People, Person, Role

PATIENCE_S = 120.0
"""Decides no test that passes: how long anything at all is waited for."""
START_TRIES = 20


class Service:
    """`meguri serve …` as a process; `url` changes when it is started again."""

    def __init__(
        self, log: Path, *arguments: str, code: Path = PLANS.parent, **settings: object
    ) -> None:
        self.log = log
        self.code = code
        self.arguments = arguments
        self.settings = {f"MEGURI_{name.upper()}": str(value) for name, value in settings.items()}
        self.process: asyncio.subprocess.Process | None = None
        self.url = ""

    @property
    def pid(self) -> int:
        """The running process's id."""
        assert self.process is not None
        return self.process.pid

    async def start(self, tries: int = START_TRIES) -> None:
        """Start, and wait until it serves; try again where the database is just coming back."""
        for _ in range(tries):
            line = await self._start()
            if line:
                self.url = line.split(" on ")[1].split()[0]
                return
            await asyncio.sleep(0.5)
        raise AssertionError(f"the service does not start: see {self.log}")

    async def _start(self) -> str:
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "service", "serve", "--port", "0", *self.arguments),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                cwd=self.code,
                env={**os.environ, **self.settings},
            )
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            line = (await self.process.stdout.readline()).decode()
            if not line:
                await self.process.wait()
        return line

    def workers(self) -> list[psutil.Process]:
        """The processes behind the port, where `workers` says that there are several."""
        children = psutil.Process(self.pid).children()
        return [child for child in children if "--listen-fd" in child.cmdline()]

    async def kill(self) -> None:
        """SIGKILL for all that it consists of, and see it gone."""
        assert self.process is not None
        workers = self.workers()
        self.process.kill()
        for worker in workers:
            with suppress(psutil.NoSuchProcess):
                worker.kill()
        await self.process.wait()

    async def ended(self) -> int:
        """Its exit code, once it has ended."""
        assert self.process is not None
        async with asyncio.timeout(PATIENCE_S):
            return await self.process.wait()

    def terminate(self) -> None:
        """SIGTERM."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.terminate()

    async def stop(self) -> None:
        """SIGTERM: it leaves in good order."""
        self.terminate()
        assert await self.ended() == 0, f"it did not leave in good order: see {self.log}"

    def said(self, event: str) -> list[dict[str, Any]]:
        """The lines of its log that tell of `event`."""
        lines = self.log.read_bytes().splitlines()
        told = [msgspec.json.decode(line) for line in lines if line.startswith(b"{")]
        return [line for line in told if line.get("event") == event]


@asynccontextmanager
async def serving(*services: Service) -> AsyncIterator[None]:
    """All of them started at the same time; at the end they leave in good order."""
    try:
        await asyncio.gather(*(service.start() for service in services))
        yield
    except BaseException:
        for service in services:
            if service.process is not None and service.process.returncode is None:
                await service.kill()
        raise
    await asyncio.gather(*(service.stop() for service in services))


class Rally:
    """An open rally around today, and what visitors and staff of it need: codes and tokens."""

    def __init__(self, keyring: Keyring, spots: list[str], buckets: int) -> None:
        self.people = People(keyring, lambda _: None)  # the rally is no organisation's
        self.key = keyring.newest_code_key(RALLY)
        self.spots = spots
        self.buckets = buckets
        self.yesterday = (datetime.now(UTC) - timedelta(days=1)).replace(
            hour=3, minute=0, second=0, microsecond=0
        )
        """Noon in Tokyo: scans of one moment never fall on both sides of a midnight."""

    def visitor(self, visitor: UUID) -> str:
        """The token of a visitor whose card began before yesterday."""
        since = self.yesterday - timedelta(days=2)
        return self.people.token(Person(role=Role.VISITOR, id=visitor, since=since))

    def organiser(self) -> str:
        """The organiser's token."""
        return self.people.new(Role.ORGANISER, datetime.now(UTC), RALLY)[1]

    def staff(self, spot: str) -> str:
        """A token of a spot's staff."""
        return self.people.new(Role.STAFF, datetime.now(UTC), RALLY, spot)[1]

    def body(self, spot: str, scan_id: UUID, at: datetime | None = None) -> dict[str, str]:
        """What a phone sends."""
        made = (at or self.yesterday).isoformat()
        return {"code": sign(self.key, spot), "scan_id": str(scan_id), "scanned_at": made}


async def planned(config: Config) -> Rally:
    """Lay out Tokyo's rally around today, and open it: processes read the real clock."""
    today = datetime.now(UTC).date()
    tokyo: Plan = msgspec.structs.replace(
        read_plan(PLANS / RALLY / "plan.yaml"),
        first_day=today - timedelta(days=7),
        last_day=today + timedelta(days=7),
    )
    async with open_engine(config) as engine:
        rally = await engine.plan(tokyo, "test")
        await engine.change(RALLY, lambda known, _: open_rally(known, rally.course.starts, "test"))
        spots = [spot.id for spot in rally.plan.spots]
        return Rally(engine.keyring, spots, engine.log.visitor_buckets)


def embedded_url(data: Path) -> str:
    """The address of the embedded server that runs in a data directory."""
    socket = read_status(Places(data))["socket"]
    return f"postgresql://meguri@/meguri?host={quote(socket, safe='')}&port=5432"


async def connect(url: str) -> asyncpg.Connection:
    """A connection, tried for until the server is there."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                return await asyncpg.connect(url, timeout=5)
            except (OSError, asyncpg.PostgresError, TimeoutError):
                await asyncio.sleep(0.05)


async def ask(url: str, query: str, *arguments: object) -> list[Any]:
    """Rows, on a connection of its own."""
    connection = await connect(url)
    try:
        if not arguments and ";" in query:
            await connection.execute(query)
            return []
        return await connection.fetch(query, *arguments)
    finally:
        await connection.close()


async def get(url: str) -> tuple[int, Any]:
    """Status and JSON of a GET; 0 when nobody listens."""
    try:
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status, await answer.json(content_type=None)
    except aiohttp.ClientConnectionError:
        return 0, None


async def becomes_ready(service: Service) -> None:
    """Wait until `/readyz` says yes."""

    async def is_ready() -> bool:
        return (await get(f"{service.url}/readyz"))[0] == 200

    await until(is_ready, PATIENCE_S)


def address_of(url: str) -> tuple[str, int] | str:
    """Host and port of a Postgres, or the path of its socket."""
    parts = urlsplit(url)
    settings = dict(each.split("=") for each in parts.query.split("&") if each)
    if "host" in settings:
        return f"{settings['host'].replace('%2F', '/')}/.s.PGSQL.{settings.get('port', 5432)}"
    return parts.hostname or "127.0.0.1", parts.port or 5432
