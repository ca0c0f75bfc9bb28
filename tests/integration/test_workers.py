"""Several processes behind one port: one answer whichever is reached, and no orphan."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import aiohttp
import psutil
import pytest_asyncio
from support import PLANS, RALLY, until
from test_two_processes import planned

from domain.plan import Plan
from qr.codes import sign
from service.config import Config
from service.engine import Engine, open_engine
from service.eventlog.check import check
from service.sign_in import Role

WORKERS = 3


class Served:
    """A service with several workers."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        self.url = url

    def workers(self) -> list[psutil.Process]:
        """The workers that are running."""
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if "--listen-fd" in child.cmdline()]


@pytest_asyncio.fixture
async def engine(empty_database: str, tokyo: Plan) -> AsyncIterator[Engine]:
    """An engine beside the service, on the same database."""
    async with open_engine(Config(database_url=empty_database)) as engine:
        await planned(engine, tokyo)
        yield engine


@pytest_asyncio.fixture
async def served(engine: Engine, empty_database: str) -> AsyncIterator[Served]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service", "serve", "--port", "0"),
        *("--workers", str(WORKERS), "--database", empty_database),
        stdout=asyncio.subprocess.PIPE,
        cwd=PLANS.parent,
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        line = (await process.stdout.readline()).decode()
    assert f"with {WORKERS} workers" in line
    yield Served(process, line.split(" on ")[1].split()[0])
    if process.returncode is None:
        process.terminate()
        async with asyncio.timeout(60):
            assert await process.wait() == 0


async def scan_everywhere(served: Served, engine: Engine, times: int) -> list[tuple[int, object]]:
    """One scan id, sent over as many connections at the same moment."""
    key = engine.keyring.newest_code_key(RALLY)
    _, token = engine.people.new(Role.VISITOR, engine.clock())
    body = {"code": sign(key, "nagano-ginza"), "scan_id": str(uuid4())}
    headers = {"Authorization": f"Bearer {token}"}
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def go() -> tuple[int, object]:
            async with session.post(
                f"{served.url}/api/check-ins", json=body, headers=headers
            ) as answer:
                return answer.status, await answer.json()

        return await asyncio.gather(*(go() for _ in range(times)))


async def counted(served: Served) -> float:
    """How many scans were stamped, as /metrics says on a connection of its own."""
    async with aiohttp.ClientSession() as session, session.get(f"{served.url}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    [line] = [each for each in lines if each.startswith('meguri_check_ins_total{outcome="stamped"')]
    return float(line.split()[-1])


async def test_one_scan_id_gets_one_answer_whichever_worker_it_reaches(
    served: Served, engine: Engine
) -> None:
    for _ in range(5):
        answers = await scan_everywhere(served, engine, 25)
        assert all(answer == answers[0] for answer in answers)
        assert answers[0][0] == 201
    for _ in range(6):  # whichever worker tells, it tells of all
        assert await counted(served) == 5 * 25
    assert await engine.pool.fetchval("SELECT count(*) FROM events WHERE visitor IS NOT NULL") == 5
    assert await check(engine.pool, lambda _: None) == []


async def test_a_worker_that_dies_is_replaced(served: Served, engine: Engine) -> None:
    before = {worker.pid for worker in served.workers()}
    assert len(before) == WORKERS
    served.workers()[0].kill()

    async def replaced() -> bool:
        now = {worker.pid for worker in served.workers()}
        return len(now) == WORKERS and now != before

    await until(replaced)
    assert (await scan_everywhere(served, engine, 20))[0][0] == 201


async def test_workers_end_with_a_parent_that_is_killed(served: Served) -> None:
    workers = served.workers()
    served.process.send_signal(signal.SIGKILL)
    await served.process.wait()

    async def gone() -> bool:
        return not any(worker.is_running() for worker in workers)

    await until(gone)


async def test_a_worker_that_cannot_start_is_said_once(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service", "serve", "--port", "0", "--workers", "2"),
        *("--database", "postgresql://127.0.0.1:1/none"),
        stderr=asyncio.subprocess.PIPE,
        cwd=PLANS.parent,
    )
    async with asyncio.timeout(60):
        _, said = await process.communicate()
    assert process.returncode == 1
    assert said.decode().splitlines()[-1] == (
        "meguri: A worker could not start; it has said why above."
    )
