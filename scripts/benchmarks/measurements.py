"""Measurements: each warms up, then takes rounds in turn with the others."""

import asyncio
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Protocol

import aiohttp
import asyncpg
from msgspec import Struct

from benchmarks import site
from benchmarks.processes import Server
from benchmarks.results import Round, Row
from benchmarks.site import Postgres
from benchmarks.wrk import Load, run_wrk

_SETTLE_SECONDS_MAX = 60
_SIZES = (Path(__file__).parent / "sql" / "sizes.sql").read_text(encoding="utf-8")
_INSERT_ONE = Path(__file__).parent / "sql" / "insert_one.sql"


class Pace(Struct, frozen=True):
    """How long and how hard."""

    wrk: str
    connections: int
    seconds: float
    warm_up_seconds: float


class Measurement(Protocol):
    """Something that can be measured in rounds."""

    row: Row

    async def warm_up(self) -> None:
        """Reach the state that a long run would be in."""

    async def round(self) -> Round:
        """Measure once."""


class BareServer:
    """The floor: any server that wrk loads, nothing known about it."""

    warmed: Round

    def __init__(self, row: Row, server: Server, load: Load, pace: Pace) -> None:
        self.row = row
        self.server = server
        self.load = load
        self.pace = pace
        self.next = 0

    async def warm_up(self) -> None:
        """Load it for a while. Raises RuntimeError when that brings errors already."""
        self.warmed = await self._run(self.pace.warm_up_seconds)
        if self.warmed.errors:
            raise RuntimeError(
                f"{self.row.title}: {self.warmed.errors} errors while warming up:\n"
                f"{self.server.tail()}"
            )

    async def round(self) -> Round:
        """Load it."""
        taken = await self._run(self.pace.seconds)
        self.row.rounds.append(taken)
        if taken.errors:
            sys.stderr.write(f"\n{self.row.title}: {taken.errors} errors.\n{self.server.tail()}\n")
        return taken

    async def _run(self, seconds: float) -> Round:
        before = self.server.cpu_s()
        ran = await run_wrk(
            self.pace.wrk, self.server.url, self.load, self.next, self.pace.connections, seconds
        )
        said = ran.said
        self.next = said.next
        return Round(
            per_second=said.requests / said.seconds,
            p50_ms=said.p50_ms,
            p99_ms=said.p99_ms,
            errors=said.errors,
            requests=said.requests,
            seconds=said.seconds,
            answer_bytes=said.bytes / max(1, said.requests),
            service_cpu_ms=(self.server.cpu_s() - before) * 1e3 / max(1, said.requests),
            generator_share=ran.cpu_share,
            rss_mib=self.server.rss_mib(),
        )


class Service(BareServer):
    """A Meguri service: besides, what became of the scans, and what Postgres did for them."""

    def __init__(
        self, row: Row, server: Server, load: Load, pace: Pace, postgres: Postgres, database: str
    ) -> None:
        super().__init__(row, server, load, pace)
        self.postgres = postgres
        self.database = database
        self.alone = True
        self.scans = 1_000 if load.mode == "batch" else 1

    async def _run(self, seconds: float) -> Round:
        postgres, service = self.postgres.cpu_s(), self.server.cpu_s()
        facts, outcomes = await self.postgres.grown(self.database), await _outcomes(self.server.url)
        taken = await super()._run(seconds)
        taken.lag_facts = await settle(self.server.url)
        counted = await _outcomes(self.server.url)
        taken.recorded = await self.postgres.grown(self.database) - facts
        counts = {name: int(count - outcomes.get(name, 0)) for name, count in counted.items()}
        if self.alone:  # of several processes, only one would have been asked
            taken.outcomes = counts
        taken.per_second *= self.scans
        scans = max(1, taken.requests * self.scans)
        # What was put off until after the round belongs to it: hence after settling.
        taken.service_cpu_ms = (self.server.cpu_s() - service) * 1e3 / scans
        taken.postgres_cpu_ms = (self.postgres.cpu_s() - postgres) * 1e3 / scans
        refused = sum(
            count
            for name, count in counts.items()
            if name not in ("stamped", "visited", "already_stamped")
        )
        taken.errors = max(taken.errors, refused)
        if self.load.mode == "one":
            self._enough_tokens()
        return taken

    def _enough_tokens(self) -> None:
        """Tokens that come round a second time would turn new visits into repeats."""
        visitors = self.next // self.load.visits + 2 * self.load.window
        if visitors > self.load.tokens_max:
            raise RuntimeError(
                f"{self.row.title}: {self.load.tokens_max} tokens were made, {visitors} are needed."
            )

    async def measure_size(self) -> None:
        """What the log takes on disk now."""
        facts, event_bytes, cards, card_bytes = await sizes(self.postgres, self.database)
        if facts and cards:
            self.row.event_bytes = event_bytes / facts
            self.row.card_bytes = card_bytes / cards


class SingleRows:
    """pgbench: one INSERT of one row a transaction, into a table with the log's indexes."""

    def __init__(self, row: Row, postgres: Postgres, database: str, pace: Pace) -> None:
        self.row = row
        self.postgres = postgres
        self.database = database
        self.pace = pace
        self._runs = 0

    async def warm_up(self) -> None:
        """Make the table and run for a moment."""
        await self.postgres.run(
            "CREATE TABLE rows_alone (LIKE events INCLUDING ALL)", self.database
        )
        await self._run(self.pace.warm_up_seconds)

    async def round(self) -> Round:
        """Insert."""
        taken = await self._run(self.pace.seconds)
        self.row.rounds.append(taken)
        return taken

    async def _run(self, seconds: float) -> Round:
        program = site.pgbench()
        assert program is not None, "looked up before"
        before = self.postgres.cpu_s()
        with tempfile.TemporaryDirectory() as folder:
            process = await asyncio.create_subprocess_exec(
                str(program),
                "--no-vacuum",
                "--protocol=prepared",
                f"--client={self.pace.connections}",
                "--jobs=1",
                f"--time={max(1, round(seconds))}",
                f"--define=n={self._runs * 10_000_000}",
                f"--file={_INSERT_ONE}",
                f"--host={self.postgres.socket}",
                "--port=5432",
                "--username=meguri",
                self.database,
                cwd=folder,
                env={**os.environ, "LC_ALL": "C"},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            try:
                async with asyncio.timeout(seconds + 60):
                    said = (await process.communicate())[0].decode(errors="replace")
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        self._runs += 1
        rate = re.search(r"tps = ([\d.]+)", said)
        done = re.search(r"actually processed: (\d+)", said)
        failed = re.search(r"failed transactions: (\d+)", said)
        if process.returncode or not rate or not done:
            raise RuntimeError(f"pgbench ended with {process.returncode} and said:\n{said}")
        return Round(
            per_second=float(rate[1]),
            requests=int(done[1]),
            errors=int(failed[1]) if failed else 0,
            seconds=seconds,
            postgres_cpu_ms=(self.postgres.cpu_s() - before) * 1e3 / max(1, int(done[1])),
        )


async def sizes(postgres: Postgres, database: str) -> tuple[int, int, int, int]:
    """Facts and their bytes, cards and their bytes."""
    connection = await asyncpg.connect(postgres.url(database))
    try:
        row = await connection.fetchrow(_SIZES)
    finally:
        await connection.close()
    return row["facts"], row["event_bytes"], row["cards"], row["card_bytes"]


async def settle(url: str) -> int:
    """Wait until the projections have read everything; returns how far they were behind."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _SETTLE_SECONDS_MAX
    first: int | None = None
    async with aiohttp.ClientSession(url) as session:
        while loop.time() < deadline:
            async with session.get("/readyz") as answer:
                lags = (await answer.json()).get("lag", {})
            behind = sum(lag["facts"] for lag in lags.values())
            first = behind if first is None else first
            if not behind:
                return first
            await asyncio.sleep(0.2)
    raise RuntimeError(f"The projections of {url} did not catch up.")


async def _outcomes(url: str) -> dict[str, float]:
    """How many scans were answered, by outcome, from /metrics."""
    async with aiohttp.ClientSession(url) as session, session.get("/metrics") as answer:
        text = await answer.text()
    pairs = re.findall(r'^meguri_check_ins_total\{outcome="(\w+)"[^}]*\} ([\d.e+]+)', text, re.M)
    return {name: float(count) for name, count in pairs}
