"""More than can be served, and leaving under load: told at once, nothing that was taken is lost."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import aiohttp
import asyncpg
import pytest
from burst import Crowd, Scan, Told, send
from serving import PATIENCE_S, Rally, Service, becomes_ready, get, planned, serving

from domain.buckets import bucket_of
from service.config import Config

SCANS = 300
WAITING_MAX, BATCH_MAX = 20, 10
BUCKET = 1
SEED = 11


class Lock:
    """Every bucket's head is locked: what comes is queued, and nothing is committed."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection

    async def release(self) -> None:
        """Let them go on."""
        await self.connection.close()


@asynccontextmanager
async def locked(database: str) -> AsyncIterator[Lock]:
    """Locked until it is released, or the context ends."""
    connection = await asyncpg.connect(database)
    await connection.execute("BEGIN; SELECT FROM heads FOR UPDATE")
    yield Lock(connection)
    await connection.close()


def scans_of_one_bucket(rally: Rally, count: int) -> list[Scan]:
    """Somebody new each; all of them have to go through the same queue."""
    made: list[Scan] = []
    while len(made) < count:
        scan = Scan(uuid4(), rally.spots[0], uuid4())
        if bucket_of(scan.visitor, rally.buckets) == BUCKET:
            made.append(scan)
    return made


@asynccontextmanager
async def sending(
    service: Service, rally: Rally, scans: list[Scan]
) -> AsyncIterator[list[asyncio.Task[Told]]]:
    """All at once, each on a connection of its own."""
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    limit = aiohttp.ClientTimeout(PATIENCE_S)
    async with aiohttp.ClientSession(connector=connector, timeout=limit) as session:
        yield [asyncio.create_task(send(session, service, rally, scan)) for scan in scans]


async def until_done(tasks: list[asyncio.Task[Told]], count: int) -> list[Told]:
    """Wait until so many are answered; returns those answers."""
    async with asyncio.timeout(PATIENCE_S):
        while sum(task.done() for task in tasks) < count:
            await asyncio.sleep(0.01)
    return [task.result() for task in tasks if task.done()]


async def visits(database: str) -> int:
    connection = await asyncpg.connect(database)
    count: int = await connection.fetchval("SELECT count(*) FROM events WHERE bucket > 0")
    await connection.close()
    return count


async def test_a_full_queue_is_said_at_once(database: str, tmp_path: Path) -> None:
    """While not one scan can be committed, all that find no room are answered, and readyz says so.

    Those that found room are stamped when it goes on; the others when they come again.
    """
    rally = await planned(Config(database_url=database))
    limits = {"waiting_max": WAITING_MAX, "batch_max": BATCH_MAX, "wait_seconds_max": PATIENCE_S}
    service = Service(tmp_path / "service.log", "--database", database, **limits)
    room = WAITING_MAX + BATCH_MAX
    scans = scans_of_one_bucket(rally, SCANS)
    async with serving(service):
        async with locked(database) as lock, sending(service, rally, scans) as tasks:
            told = await until_done(tasks, SCANS - room)
            status, said = await get(f"{service.url}/readyz")
            assert (status, said["status"]) == (503, "busy")
            assert await visits(database) == 0
            await lock.release()
            assert {(each.status, each.body["code"], each.retry_after) for each in told} == {
                (503, "busy", "1")
            }
            taken = [each for each in await asyncio.gather(*tasks) if each.status == 201]
        assert 0 < len(taken) <= room
        assert len(taken) == await visits(database)
        await becomes_ready(service)
        for scan, task in zip(scans, tasks, strict=True):
            if task.result().status == 503:
                async with sending(service, rally, [scan]) as [again]:
                    assert (await again).status == 201
        assert await visits(database) == SCANS


async def test_whoever_waits_too_long_is_told_so_and_their_retry_gets_the_first_answer(
    database: str, tmp_path: Path
) -> None:
    """Though they were sent away, their scans landed when it went on: each once."""
    rally = await planned(Config(database_url=database))
    service = Service(tmp_path / "service.log", "--database", database, wait_seconds_max=0.5)
    scans = scans_of_one_bucket(rally, 40)
    async with serving(service):
        async with locked(database), sending(service, rally, scans) as tasks:
            told = await until_done(tasks, len(scans))
        assert {(each.status, each.body["code"]) for each in told} == {(503, "waited_too_long")}
        async with asyncio.timeout(PATIENCE_S):
            while await visits(database) < len(scans):
                await asyncio.sleep(0.05)
        async with sending(service, rally, scans) as tasks:
            again = await asyncio.gather(*tasks)
        assert {(each.status, each.body["outcome"]) for each in again} == {(201, "stamped")}
        assert await visits(database) == len(scans)


async def test_a_lock_that_is_held_too_long_ends_in_an_answer(
    database: str, tmp_path: Path
) -> None:
    """A statement has a limit of its own: afterwards the bucket goes on with what comes next."""
    rally = await planned(Config(database_url=database))
    service = Service(tmp_path / "service.log", "--database", database, wait_seconds_max=PATIENCE_S)
    first, second = scans_of_one_bucket(rally, 2)
    async with serving(service):
        async with locked(database), sending(service, rally, [first]) as [task]:
            told = await task
        assert (told.status, told.body["code"]) == (503, "unavailable")
        async with sending(service, rally, [second, first]) as tasks:
            assert {each.status for each in await asyncio.gather(*tasks)} == {201}
        assert await visits(database) == 2


@pytest.mark.parametrize("workers", [1, 2])
async def test_sigterm_answers_what_was_taken_and_takes_no_more(
    database: str, tmp_path: Path, workers: int
) -> None:
    """Given a queue that cannot be committed just now."""
    rally = await planned(Config(database_url=database))
    service = Service(
        *(tmp_path / "service.log", "--database", database),
        workers=workers,
        wait_seconds_max=PATIENCE_S,
    )
    scans = scans_of_one_bucket(rally, 100)
    async with (
        serving(service),
        locked(database) as lock,
        sending(service, rally, scans) as tasks,
    ):
        await somebody_waits(lock.connection)
        await asyncio.sleep(0.5)  # the others are on their way into the queue behind
        service.terminate()
        async with asyncio.timeout(PATIENCE_S):
            while (await get(f"{service.url}/healthz"))[0] != 0:
                await asyncio.sleep(0.05)
        await lock.release()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert await service.ended() == 0
    stamped = [each for each in answers if isinstance(each, Told)]
    assert {each.status for each in stamped} == {201}
    assert len(stamped) == await visits(database) > 1  # who was not let in has left no trace


async def somebody_waits(connection: asyncpg.Connection) -> None:
    """Wait until a batch waits for the lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    async with asyncio.timeout(PATIENCE_S):
        while not await connection.fetchval(query):
            await asyncio.sleep(0.05)


async def test_sigterm_in_the_middle_of_a_burst_loses_nothing(
    database: str, tmp_path: Path
) -> None:
    """Again and again; each time it leaves in good order, and another takes its place."""
    rally = await planned(Config(database_url=database))
    services = [Service(tmp_path / f"{n}.log", "--database", database) for n in (1, 2)]
    rng = random.Random(SEED)
    crowd = Crowd(rng, rally, services)
    async with serving(*services):
        for _ in range(3):
            before = len(crowd.answered)
            async with asyncio.TaskGroup() as group:
                group.create_task(crowd.burst(visitors=400, scans=1_000))
                await crowd.reaches(before + rng.randrange(100, 600))
                leaving = rng.choice(services)
                await leaving.stop()
                await leaving.start()
            assert await crowd.compare(database) == (before + 1_000, 0, 0)
