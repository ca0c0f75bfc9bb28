"""A run of the bench: what is started in which order, and what is measured in turn with what."""

import asyncio
import math
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from tqdm import tqdm

from benchmarks import growth, machine, site
from benchmarks.append import SIZES, Append
from benchmarks.codes import code_goals, measure_codes
from benchmarks.dashboards import (
    CHECK_INS_A_SECOND,
    SCANS_EACH,
    Dashboards,
    dashboard_goals,
)
from benchmarks.measurements import BareServer, Measurement, Pace, Service, SingleRows, settle
from benchmarks.phone import ROUNDS_MIN, Phone, phone_goals
from benchmarks.posters import measure_posters, poster_goals
from benchmarks.processes import Server, serving
from benchmarks.projecting.batches import BATCHES, measure_batches
from benchmarks.projecting.goals import projection_goals
from benchmarks.projecting.lag import Burst
from benchmarks.projecting.reads import measure_reads
from benchmarks.projecting.rebuilds import Copy, Rebuild
from benchmarks.results import Results, Row, goals
from benchmarks.wrk import Load, run_wrk, wrk_version
from projections.catalogue import CATALOGUE

BATCH_CONNECTIONS = 4
"""Phones that send a thousand scans at once are few."""
PROBE_SECONDS = 1
FLOOR_BYTES = 1_000
"""What the floor answers while it is being asked how fast it is."""
FASTER_MAX = 1.5
"""How much faster than in its probe the floor may turn out: so many tokens are made."""
WINDOW = 512
"""Visitors who are about at a time (see load.lua): more than there are connections, so that one's
scans come one after the other; few enough that a warm-up brings cards of every stage about."""
LONGER_THAN_ASKED_S = 2
REBUILD_SECONDS_A_FACT = 3e-6
"""About, of one projection, for the progress bar."""
DISK_SPARE_BYTES = 3 * 2**30
PHONE_ROUND_SECONDS = 6
"""About, for the progress bar."""
ALONE = ("codes", "phone", "posters", "dashboards")
"""Measurements that are no load: they need neither wrk's visitors nor the floor."""
SERVED = ("ours", "strangers", "naive", "batch")
"""Measurements of a service of one process."""
_BAR = "{desc:<44.44} {percentage:3.0f}% {bar:20} {elapsed} (about {remaining} left)"


class Settings(Struct, frozen=True):
    """What was asked for."""

    rounds: int
    seconds: float
    warm_up_seconds: float
    connections: int
    visits: int
    workers: int
    events: list[int]
    facts: int
    clients: int
    dashboard_seconds: float
    names: list[str]


class Bench:
    """One run: what it has started, what it has found."""

    folder: Path
    postgres: site.Postgres
    bar: "tqdm[Any]"

    def __init__(self, settings: Settings, wrk: str, data: Path) -> None:
        self.settings = settings
        self.wrk = wrk
        self.data = data.resolve()
        self.rows: list[Row] = []
        self.skipped: dict[str, str] = {}
        self.run_id = secrets.token_hex(4)
        self.pace = Pace(wrk, settings.connections, settings.seconds, settings.warm_up_seconds)

    async def run(self) -> Results:
        """Everything that was asked for."""
        began, taken_at = time.monotonic(), datetime.now(UTC)
        self.data.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix="bench-", dir=self.data))
        try:
            here = machine.describe(self.folder, wrk_version(self.wrk))
            with tqdm(total=self._seconds(), bar_format=_BAR, leave=False) as self.bar:
                self._now("starting Postgres")
                async with site.postgres_in(self.folder / "postgres") as self.postgres:
                    await self._measure()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        return Results(
            taken_at=taken_at,
            seconds=round(time.monotonic() - began, 1),
            command=" ".join(["scripts/bench", *sys.argv[1:]]),
            machine=here,
            postgres=self.postgres.version,
            postgres_settings=self.postgres.settings,
            settings=msgspec.to_builtins(self.settings),
            rows=self.rows,
            goals=[
                *goals(self.rows),
                *code_goals(self.rows),
                *projection_goals(self.rows),
                *phone_goals(self.rows),
                *dashboard_goals(self.rows),
                *poster_goals(self.rows),
            ],
            skipped=self.skipped,
            errors=sum(row.errors for row in self.rows),
        )

    async def _measure(self) -> None:
        await site.prepare(self.postgres)
        for database in (
            *SERVED,
            "rows",
            "append",
            "workers",
            "projections",
            "phone",
            "dashboards",
        ):
            if database != "ours" and self._wanted(database):
                await self.postgres.copy(database)
        if any(name not in ALONE for name in self.settings.names):
            await self._make_crowd()
        if any(map(self._wanted, (*SERVED, "pgbench"))):
            await self._side_by_side()
        if self._wanted("codes"):
            self._now("verifying codes")
            self.rows += measure_codes(self.settings.rounds)
        if self._wanted("posters"):
            self._now("printing posters")
            self.rows += [row async for row in measure_posters(self.settings.rounds)]
        if self._wanted("phone"):
            await self._phone()
        if self._wanted("dashboards"):
            await self._dashboards()
        if self._wanted("append"):
            await self._append()
        if self._wanted("workers"):
            await self._workers()
        if self._wanted("growth"):
            await self._growth()
        if self._wanted("projections"):
            await self._projections()

    # --- what is measured ---

    async def _side_by_side(self) -> None:
        """Everything that fits beside each other: services that are not loaded just now sleep."""
        async with AsyncExitStack() as stack:
            measured: list[Measurement] = []
            services: dict[str, Service] = {}
            for name in SERVED:
                if self._wanted(name):
                    services[name] = await self._service(stack, name)
            if ours := services.get("ours"):
                self._now("a first look at ours")
                measured += [await self._floor(stack, ours, "floor", 1), ours]
            measured += [service for name, service in services.items() if name != "ours"]
            if self._wanted("pgbench"):
                row = Row(
                    name="pgbench",
                    title=f"pgbench: single-row inserts, {self.pace.connections} clients",
                    unit="rows",
                )
                if site.pgbench():
                    measured.append(SingleRows(row, self.postgres, "rows", self.pace))
                else:
                    self.skipped["pgbench"] = "There is no pgbench beside the server's binaries."
            await self._in_turn(measured)
            for name in ("ours", "naive"):
                if name in services:
                    await services[name].measure_size()

    async def _phone(self) -> None:
        """One visitor at a time, on a service that nobody else asks."""
        self._now("a phone on a slow link")
        where = ("--database", self.postgres.url("phone"))
        codes = await site.spot_codes(self.postgres)
        async with serving(
            "phone", self.folder, "service", "serve", "--port", "0", *where
        ) as server:
            phone = Phone(codes)
            self.rows += await phone.measure(
                server.url, self.settings.rounds, lambda: self.bar.update(PHONE_ROUND_SECONDS)
            )

    async def _dashboards(self) -> None:
        """Watchers of one service, and a few who check in."""
        self._now("opening dashboards")
        seconds, rally = self.settings.dashboard_seconds, site.read_plan(site.PLAN).rally
        visitors = math.ceil(seconds * CHECK_INS_A_SECOND / SCANS_EACH) + 1
        organiser, crowd = await site.tokens(self.postgres, visitors)
        codes = await site.spot_codes(self.postgres)
        where = ("--database", self.postgres.url("dashboards"))
        async with serving(
            "dashboards", self.folder, "service", "serve", "--port", "0", *where
        ) as server:
            await settle(server.url)
            dashboards = Dashboards(server, self.postgres, self.settings.clients, seconds)
            live = f"/r/{rally}/organiser/live"
            self._now(dashboards.row.title)
            self.rows.append(
                await dashboards.measure(live, organiser, crowd, codes, self.bar.update)
            )

    async def _append(self) -> None:
        seconds = max(1.0, self.settings.seconds / 4)
        await self._in_turn(
            [
                Append(
                    Row(
                        name=f"append_{size}",
                        title=f"append alone, batches of {size}",
                        unit="events",
                    ),
                    self.postgres,
                    "append",
                    size,
                    seconds,
                )
                for size in SIZES
            ]
        )

    async def _workers(self) -> None:
        workers = self.settings.workers
        if not await _serve_takes("--workers"):
            self.skipped["workers"] = "`meguri serve` does not take --workers yet."
            return
        async with AsyncExitStack() as stack:
            ours = await self._service(stack, "workers", "--workers", str(workers))
            ours.alone = workers == 1
            ours.row.name = "ours_workers"
            ours.row.title = f"ours, {workers} processes"
            floor = await self._floor(stack, ours, "floor_workers", workers)
            await self._in_turn([floor, ours])

    async def _growth(self) -> None:
        """Ours on logs of different sizes, each its own database and service, in turn."""
        if not self._disk_for("growth", sum(self.settings.events)):
            return
        async with AsyncExitStack() as stack:
            measured = []
            for facts in self.settings.events:
                database = f"growth_{facts}"
                await self.postgres.copy(database)
                self._now(f"loading {facts:,} facts")
                if facts:
                    await growth.grow(self.postgres, database, facts, self._loaded)
                measured.append(await self._grown(stack, database, facts))
            await self._in_turn(measured)
            for service in measured:
                service.row.rss_after_mib = service.server.rss_mib()

    async def _projections(self) -> None:
        """Everything about projections, on one log that none of them has read before."""
        asked = self.settings.facts
        if not self._disk_for("projections", asked):
            return
        name = "projections"
        self._now(f"loading {asked:,} facts")
        await growth.grow(self.postgres, name, asked, self._loaded, varied=True, applied=False)
        facts = await self.postgres.grown(name)
        await self._rebuilds(name, facts)
        self._now(f"{BATCHES} batches")
        self._found(await measure_batches(self.postgres, name))
        self._now("reading")
        self._found(await measure_reads(self.postgres, name))
        async with AsyncExitStack() as stack:
            burst = Burst(await self._service(stack, name))
            burst.row.title = f"ours, {facts:,} facts in the log, projections watched"
            await self._in_turn([burst])
        self._found(list(burst.lags.values()))

    async def _rebuilds(self, name: str, facts: int) -> None:
        def advanced(more: int) -> None:
            self.bar.update(more * REBUILD_SECONDS_A_FACT)

        await self._in_turn(
            [
                Copy(self.postgres, name, facts),
                *(
                    Rebuild(self.postgres, name, facts, projection, advanced)
                    for projection in CATALOGUE.values()
                ),
            ],
            moves_bar=True,
        )

    def _disk_for(self, name: str, facts: int) -> bool:
        """Whether so many facts have room; if not, `name` is left out."""
        needed = growth.BYTES_EACH * facts + DISK_SPARE_BYTES
        if shutil.disk_usage(self.folder).free >= needed:
            return True
        self.skipped[name] = f"It needs {needed / 2**30:.0f} GiB of disk."
        return False

    async def _grown(self, stack: AsyncExitStack, database: str, facts: int) -> Service:
        service = await self._service(stack, database)
        service.row.facts_before = facts
        service.row.title = f"ours, {facts:,} events in the log"
        service.row.rss_before_mib = service.server.rss_mib()
        if facts:
            await service.measure_size()
        return service

    # --- how ---

    async def _in_turn(self, measured: Sequence[Measurement], *, moves_bar: bool = False) -> None:
        """Warm each up, then take rounds of each in turn; unless they move the bar themselves, it
        moves by as long as they last."""
        warming = 0.0 if moves_bar else self.pace.warm_up_seconds
        lasting = 0.0 if moves_bar else self.pace.seconds
        self.rows += [each.row for each in measured]
        for each in measured:
            self._now(f"warming up · {each.row.title}")
            await each.warm_up()
            self.bar.update(warming)
        for number in range(1, self.settings.rounds + 1):
            for each in measured:
                self._now(f"{number}/{self.settings.rounds} · {each.row.title}")
                taken = await each.round()
                self.bar.update(lasting)
                p99 = "" if taken.p99_ms is None else f"  p99 {taken.p99_ms:.1f} ms"
                errors = f"  {taken.errors} ERRORS" if taken.errors else ""
                tqdm.write(
                    f"  {number}  {each.row.title:<50} {taken.per_second:>9,.0f} "
                    f"{each.row.unit}/s{p99}{errors}",
                    file=sys.stderr,
                )

    async def _service(self, stack: AsyncExitStack, name: str, *more: str) -> Service:
        """A service of its own database, ready; ours is as an operator would start it."""
        ours = name == "ours"
        where = ["--data", str(self.folder / "postgres")]
        if not ours:
            where = ["--database", self.postgres.url(name)]
        naive = {"MEGURI_BATCH_MAX": "1"} if name == "naive" else None
        server = await stack.enter_async_context(
            serving(
                name,
                self.folder,
                "service",
                "serve",
                "--port",
                "0",
                *where,
                *more,
                environment=naive,
            )
        )
        await settle(server.url)
        batch = name == "batch"
        pace = msgspec.structs.replace(self.pace, connections=BATCH_CONNECTIONS)
        return Service(
            Row(name=name, title=_TITLES.get(name, name), unit="scans"),
            server,
            self._load(name),
            pace if batch else self.pace,
            self.postgres,
            "meguri" if ours else name,
        )

    async def _floor(
        self, stack: AsyncExitStack, ours: Service, name: str, processes: int
    ) -> BareServer:
        """A floor whose answers are as long as those of ours really are."""
        await ours.warm_up()  # until the cards are of all sizes
        await ours.warm_up()
        said = ours.warmed.answer_bytes or 0.0
        server = await self._bare(stack, name, round(said) - self.floor_head_bytes, processes)
        title = f"floor: aiohttp alone, {said:.0f} bytes an answer"
        if processes > 1:
            title += f", {processes} processes"
        row = Row(name=name, title=title, unit="answers")
        return BareServer(row, server, self._load("ours"), self.pace)

    async def _bare(self, stack: AsyncExitStack, name: str, size: int, processes: int) -> Server:
        return await stack.enter_async_context(
            serving(name, self.folder, "benchmarks.floor", str(size), str(processes))
        )

    async def _make_crowd(self) -> None:
        """Tokens for as many visitors as could possibly be wanted: more than the floor answers."""
        self._now("asking the floor how fast it can be")
        self.tokens = self.codes = self.folder / "nobody"
        self.tokens.write_text("nobody\n", encoding="ascii")
        self.rate = 0.0
        async with AsyncExitStack() as stack:
            server = await self._bare(stack, "probe", FLOOR_BYTES, 1)
            ran = await run_wrk(
                self.wrk, server.url, self._load("ours"), 0, self.pace.connections, PROBE_SECONDS
            )
        if ran.said.errors or not ran.said.requests:
            raise RuntimeError(f"The floor itself fails:\n{server.tail()}")
        self.rate = FASTER_MAX * ran.said.requests / ran.said.seconds
        self.floor_head_bytes = round(ran.said.bytes / ran.said.requests) - FLOOR_BYTES
        served = [
            name for name in (*SERVED, "workers", "growth", "projections") if self._wanted(name)
        ]
        if not served:
            return
        wanted = max(self._load(name).tokens_max for name in served)
        self._now(f"making {wanted:,} visitors")
        self.tokens, self.codes = await site.write_crowd(self.postgres, self.folder, wanted)

    def _load(self, name: str) -> Load:
        """What is sent to the measurement `name`."""
        visits = 1 if name == "strangers" else self.settings.visits
        rate = self.rate * (self.settings.workers if name == "workers" else 1)
        seconds = (self.settings.rounds * self.settings.seconds) + 3 * (
            self.settings.warm_up_seconds + LONGER_THAN_ASKED_S
        )
        requests = rate * seconds
        return Load(
            tokens=self.tokens,
            tokens_max=max(1, math.ceil(requests / visits) + 3 * WINDOW),
            codes=self.codes,
            run=self.run_id,
            mode="batch" if name == "batch" else "one",
            visits=visits,
            window=WINDOW,
        )

    def _wanted(self, name: str) -> bool:
        name = "pgbench" if name == "rows" else name
        return name in self.settings.names

    # --- progress ---

    def _now(self, what: str) -> None:
        self.bar.set_description_str(what)

    def _found(self, rows: list[Row]) -> None:
        self.rows += rows
        for row in rows:
            waited = (row.median(lambda each: each.lag_p99_s or each.seconds) or 0.0) * 1e3
            tqdm.write(f"     {row.title:<70} {waited:>9,.1f} ms", file=sys.stderr)

    def _loaded(self, facts: int) -> None:
        self.bar.update(facts * growth.SECONDS_A_FACT)

    def _seconds(self) -> float:
        """About how long it takes, for the progress bar."""
        apart = ("growth", "projections", "phone", "dashboards")
        names = [name for name in self.settings.names if name not in apart]
        extra = ("ours" in names) + ("workers" in names) + 3 * ("append" in names)
        each = self.settings.warm_up_seconds + self.settings.rounds * self.settings.seconds
        total = each * (len(names) + extra)
        if "phone" in self.settings.names:
            total += max(ROUNDS_MIN, self.settings.rounds) * PHONE_ROUND_SECONDS
        if "dashboards" in self.settings.names:
            total += self.settings.dashboard_seconds
        if "growth" in self.settings.names:
            total += each * len(self.settings.events)
            total += sum(self.settings.events) * growth.SECONDS_A_FACT
        if "projections" in self.settings.names:
            rebuilding = self.settings.rounds * len(CATALOGUE) * REBUILD_SECONDS_A_FACT
            total += each + self.settings.facts * (growth.SECONDS_A_FACT + rebuilding)
        return total


_TITLES = {
    "ours": "ours: POST /api/check-ins",
    "strangers": "ours, every scan a new visitor's first",
    "naive": "naive: one transaction a scan",
    "batch": "batch endpoint, 1,000 scans a request",
}


async def _serve_takes(option: str) -> bool:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "service", "serve", "--help"),
        cwd=machine.ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    return option.encode() in output
