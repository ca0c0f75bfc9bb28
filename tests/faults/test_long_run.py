"""A day in minutes: what a service holds when it is warm is what it holds in the evening."""

import asyncio
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import aiohttp
import psutil
from serving import PATIENCE_S, Rally, Service, ask, get, planned, serving
from support import RALLY, Site, until

from service.config import Config

SCANS_AN_HOUR = 1_000
VISITORS = 1_000
"""All known to the service by the time it is warm: it remembers whom it has verified (bounded)."""
WARM_HOURS = 8
"""So long memories fill, pools open and Python finds its size."""
GROWTH_BYTES_MAX = 8 * 2**20
"""Less than half a kilobyte kept by mistake of each request would be more."""
AT_ONCE = 32
CONNECTIONS_MAX = Config().connections_max + 1
"""The pool's, and one for signals."""
FILES_MAX = 40
"""Those connections, the port, the loop's own; phones have hung up."""
SPOT = "nagano-ginza"
SEED = 24


class Held(NamedTuple):
    """What the process holds of the system's."""

    memory_bytes: int
    files: int
    connections: int
    threads: int


async def held(service: Service, database: str) -> Held:
    """Measured when it has come to rest."""

    async def is_at_rest() -> bool:
        status, said = await get(f"{service.url}/readyz")
        return status == 200 and said["lag"]["footfall"]["facts"] == 0

    await until(is_at_rest, PATIENCE_S)
    process = psutil.Process(service.pid)
    rows = await ask(
        database,
        "SELECT FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid()",
    )
    return Held(process.memory_info().rss, process.num_fds(), len(rows), process.num_threads())


async def test_a_day_leaves_nothing_behind(database: str, tmp_path: Path) -> None:
    """24 hours of scans, looks at cards and footfall, refusals, and phones that hang up.

    From the eighth hour on neither memory, files, connections nor threads grow.
    """
    day = Day(await planned(Config(database_url=database)))
    fast = {"visitor_requests_max": 24 * SCANS_AN_HOUR}  # a day's scans come within seconds
    service = Service(tmp_path / "service.log", "--database", database, **fast)
    async with serving(service):
        await day.passes(service, range(WARM_HOURS))
        warm = await held(service, database)
        await day.passes(service, range(WARM_HOURS, 24))
        evening = await held(service, database)
        visits = await ask(database, "SELECT count(*) FROM events WHERE type = 'VisitRecorded'")
        assert visits[0][0] == 24 * SCANS_AN_HOUR
        assert evening.memory_bytes - warm.memory_bytes < GROWTH_BYTES_MAX, (warm, evening)
        assert evening.files <= max(warm.files, FILES_MAX), (warm, evening)
        assert evening.connections <= CONNECTIONS_MAX, (warm, evening)
        assert evening.threads <= warm.threads, (warm, evening)
        assert not service.said("request_failed")


class Day:
    """What visitors do from midnight to midnight."""

    def __init__(self, rally: Rally) -> None:
        self.rng = random.Random(SEED)
        self.rally = rally
        self.midnight = rally.yesterday - timedelta(hours=12)
        visitors = [uuid4() for _ in range(VISITORS)]
        pairs = [(visitor, spot) for visitor in visitors for spot in rally.spots]
        self.scans = iter(self.rng.sample(pairs, 24 * SCANS_AN_HOUR))
        self.organiser = {"Authorization": f"Bearer {rally.organiser()}"}

    async def passes(self, service: Service, hours: range) -> None:
        """Some of its hours; at the end all phones have hung up."""
        connector = aiohttp.TCPConnector(limit=AT_ONCE)
        async with aiohttp.ClientSession(service.url, connector=connector) as session:
            for hour in hours:
                phones = iter(range(SCANS_AN_HOUR))

                async def queue(hour: int = hour, phones: Iterator[int] = phones) -> None:
                    for number in phones:
                        await self._visit(session, hour)
                        if number % 50 == 0:
                            await self._hang_up(service)

                async with asyncio.TaskGroup() as group:
                    for _ in range(AT_ONCE):
                        group.create_task(queue())

    async def _visit(self, session: aiohttp.ClientSession, hour: int) -> None:
        """One scan; some visitors ask for more."""
        visitor, spot = next(self.scans)
        headers = {"Authorization": f"Bearer {self.rally.visitor(visitor)}"}
        at = self.midnight + timedelta(hours=hour, seconds=self.rng.randrange(3600))
        stamp = self.rally.body(spot, uuid4(), at)
        await self._ask(session, 201, "POST", "/api/check-ins", headers=headers, json=stamp)
        kind, path = self.rng.random(), f"/api/rallies/{RALLY}"
        if kind < 0.1:
            await self._ask(session, 200, "GET", f"{path}/card", headers=headers)
        elif kind < 0.15:
            old = self.rally.body(spot, uuid4(), self.midnight - timedelta(days=9))
            await self._ask(session, 422, "POST", "/api/check-ins", headers=headers, json=old)
        elif kind < 0.18:
            await self._ask(session, 200, "GET", f"{path}/footfall", headers=self.organiser)

    async def _ask(
        self, session: aiohttp.ClientSession, status: int, method: str, path: str, **how: Any
    ) -> None:
        async with session.request(method, path, **how) as answer:
            assert answer.status == status, await answer.text()
            await answer.read()

    async def _hang_up(self, service: Service) -> None:
        """Somebody's network fails in the middle of a request."""
        host, port = service.url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST /api/check-ins HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n{")
        await writer.drain()
        writer.transport.abort()


async def test_no_task_is_left_behind(site: Site) -> None:
    """Pages that are watched and left, and scans, hour by hour of a set clock."""
    visitor = site.visitor()
    assert (await site.scan(visitor, SPOT))[0] == 201
    before = len(asyncio.all_tasks())
    for _ in range(24):
        watching = [await watched(site) for _ in range(5)]
        site.clock.forward(hours=1)
        assert (await site.scan(site.visitor(), SPOT))[0] == 201
        for answer in watching:
            await answer.content.readuntil(b"\n\n")  # what the scan has changed
            answer.close()
    await site.scan(site.visitor(), SPOT)  # whoever is drawn for notices that they have gone

    async def all_have_left() -> bool:
        return len(asyncio.all_tasks()) <= before

    await until(all_have_left, PATIENCE_S)


async def watched(site: Site) -> aiohttp.ClientResponse:
    """A shop's page that is being watched: its first picture has come."""
    headers = {"Authorization": f"Bearer {site.staff(SPOT)}"}
    answer = await site.session.get(f"/r/{RALLY}/spots/{SPOT}/live", headers=headers)
    assert answer.status == 200
    await answer.content.readuntil(b"\n\n")
    return answer
