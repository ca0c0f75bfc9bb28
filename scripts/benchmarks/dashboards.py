"""Hundreds of open overviews on one process while people check in: who hears what, and how soon.

Each client is a connection that reads the overview's server-sent events as a browser does: packed,
and unpacked here. A check-in's delay at a client is from before it is sent until the first event
that counts it; there are as many delays as check-ins times clients.
"""

import asyncio
import re
import statistics
import zlib
from array import array
from collections.abc import Callable, Sequence
from contextlib import suppress
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp

from benchmarks.processes import Server
from benchmarks.results import Goal, Round, Row, at_most
from benchmarks.site import Postgres

CHECK_INS_A_SECOND = 10
SCANS_EACH = 8
"""Of a visitor, as elsewhere in the bench."""
LAST_WAIT_S = 10.0
DELAY_GOAL_S = 2.0
_OPENED_AT_ONCE = 50
_VISITS = re.compile(rb'data-n="visits">([\d,]+)<')


class Watcher:
    """A client: how often it was told something, and how late."""

    def __init__(self, sent: Sequence[float]) -> None:
        self.events = 0
        self.ready = asyncio.Event()
        self.lost = False
        self.seen = 0
        self.delays = array("f")
        self._sent = sent

    async def watch(self, url: str, path: str, token: str) -> None:
        """Read events until cancelled; `lost` when the stream ends before."""
        there = urlsplit(url)
        reader, writer = await asyncio.open_connection(there.hostname, there.port)
        head = (
            f"GET {path} HTTP/1.1\r\nHost: {there.netloc}\r\nAuthorization: Bearer {token}\r\n"
            "Accept-Encoding: gzip\r\nAccept-Language: en\r\n\r\n"
        )
        writer.write(head.encode())
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")
                await self._read(reader)
            self.lost = True
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        unpack, text = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16), b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            chunk = await reader.readexactly(size + 2)
            text += unpack.decompress(chunk[:-2])
            *events, text = text.split(b"\n\n")
            for event in events:
                self._take(event)

    def _take(self, event: bytes) -> None:
        found = _VISITS.search(event)
        if found is None:
            return  # "still here"
        self.ready.set()
        self.events += 1
        now, visits = asyncio.get_running_loop().time(), int(found[1].replace(b",", b""))
        self.delays.extend(now - at for at in self._sent[self.seen : visits])
        self.seen = visits


class Dashboards:
    """One measurement: so many clients for so many seconds on one service."""

    def __init__(self, server: Server, postgres: Postgres, clients: int, seconds: float) -> None:
        self.row = Row(
            name="dashboards",
            title=f"{clients} dashboards, {CHECK_INS_A_SECOND} check-ins a second",
            unit="events",
            kind="dashboards",
        )
        self._server, self._postgres = server, postgres
        self._clients, self._seconds = clients, seconds
        self._sent: list[float] = []
        self._answered_ms: list[float] = []

    async def measure(
        self, path: str, organiser: str, visitors: list[str], codes: list[str], advanced: Callable
    ) -> Row:
        """Open all, check in for as long as was asked, wait for the last number to arrive."""
        watchers = [Watcher(self._sent) for _ in range(self._clients)]
        watching = await self._open(watchers, path, organiser)
        self.row.rss_before_mib = self._server.rss_mib()
        began = asyncio.get_running_loop().time()
        service_s, postgres_s = self._server.cpu_s(), self._postgres.cpu_s()
        await self._check_in(visitors, codes, advanced)
        lasted = asyncio.get_running_loop().time() - began
        cpu = (self._server.cpu_s() - service_s, self._postgres.cpu_s() - postgres_s)
        await self._last_number(watchers)
        self.row.rss_after_mib = self._server.rss_mib()
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        self.row.rounds.append(self._found(watchers, lasted, *cpu))
        return self.row

    async def _open(
        self, watchers: list[Watcher], path: str, organiser: str
    ) -> list[asyncio.Task[None]]:
        tasks = []
        for first in range(0, len(watchers), _OPENED_AT_ONCE):
            group = watchers[first : first + _OPENED_AT_ONCE]
            tasks += [
                asyncio.create_task(each.watch(self._server.url, path, organiser)) for each in group
            ]
            async with asyncio.timeout(60):
                await asyncio.gather(*(each.ready.wait() for each in group))
        return tasks

    async def _check_in(self, visitors: list[str], codes: list[str], advanced: Callable) -> None:
        """One after the other, so that the n-th is the n-th that is counted."""
        loop = asyncio.get_running_loop()
        begins = loop.time()
        async with aiohttp.ClientSession(self._server.url) as session:
            while (until := loop.time() - begins) < self._seconds:
                number = len(self._sent)
                await asyncio.sleep(max(0.0, number / CHECK_INS_A_SECOND - until))
                body = {"code": codes[number % SCANS_EACH], "scan_id": str(uuid4())}
                headers = {"Authorization": f"Bearer {visitors[number // SCANS_EACH]}"}
                sent = loop.time()
                self._sent.append(sent)
                async with session.post("/api/check-ins", json=body, headers=headers) as answer:
                    if answer.status != 201:
                        raise RuntimeError(f"A check-in was not taken: {await answer.text()}")
                self._answered_ms.append(1e3 * (loop.time() - sent))
                advanced(1 / CHECK_INS_A_SECOND)

    async def _last_number(self, watchers: list[Watcher]) -> None:
        """Give the last check-in the time that it takes to be shown to all."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WAIT_S):
                for each in watchers:
                    while each.seen < len(self._sent) and not each.lost:  # noqa: ASYNC110
                        await asyncio.sleep(0.05)

    def _found(
        self, watchers: list[Watcher], lasted: float, service_s: float, postgres_s: float
    ) -> Round:
        delays = sorted(delay for each in watchers for delay in each.delays)
        answered = sorted(self._answered_ms)
        events = sum(each.events for each in watchers)
        missed = sum(each.lost or each.seen < len(self._sent) for each in watchers)
        return Round(
            per_second=events / lasted,
            seconds=lasted,
            requests=events,
            errors=missed,
            p50_ms=statistics.median(answered),
            p99_ms=answered[int(0.99 * (len(answered) - 1))],
            recorded=len(self._sent),
            lag_p50_s=delays[len(delays) // 2],
            lag_p99_s=delays[int(0.99 * (len(delays) - 1))],
            lag_max_s=delays[-1],
            service_share=service_s / lasted,
            postgres_share=postgres_s / lasted,
            rss_mib=self.row.rss_after_mib,
        )


def dashboard_goals(rows: list[Row]) -> list[Goal]:
    """The goals that these rows can be held against."""
    goals = []
    for row in rows:
        if row.kind == "dashboards" and row.rounds:
            late = row.median(lambda each: each.lag_p99_s) or 0.0
            goals += [
                at_most(f"{row.title}: clients lost or left behind", 0, row.errors),
                at_most(f"{row.title}: s until shown (p99)", DELAY_GOAL_S, round(late, 2)),
            ]
    return goals
