"""Rebuilds: each projection made anew from the whole log, beside merely reading that log."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import asyncpg

from benchmarks.results import Round, Row
from benchmarks.site import Postgres
from projections.contract import Projection
from projections.rebuild import rebuild

_COPY = (Path(__file__).parents[1] / "sql" / "copy_events.sql").read_text(encoding="utf-8")


class Clocks(NamedTuple):
    """Seconds: of the wall, of this process's CPU, of Postgres's."""

    wall: float
    python: float
    postgres: float

    @classmethod
    def read(cls, postgres: Postgres) -> "Clocks":
        """The clocks now."""
        return cls(time.perf_counter(), time.process_time(), postgres.cpu_s())

    def round_since(self, before: "Clocks", facts: int) -> Round:
        """What was spent on `facts` facts since `before`."""
        seconds = self.wall - before.wall
        return Round(
            per_second=facts / seconds,
            requests=facts,
            seconds=seconds,
            service_cpu_ms=(self.python - before.python) * 1e3 / facts,
            postgres_cpu_ms=(self.postgres - before.postgres) * 1e3 / facts,
        )


class Copy:
    """The read limit: a COPY of the columns that footfall reads, in text, to /dev/null."""

    def __init__(self, postgres: Postgres, database: str, facts: int) -> None:
        self.row = Row(
            name="copy", title="COPY (SELECT six columns …)", unit="facts", kind="rebuild"
        )
        self.postgres = postgres
        self.database = database
        self.facts = facts

    async def warm_up(self) -> None:
        """Read everything into memory once."""
        await self._run()

    async def round(self) -> Round:
        """Copy."""
        taken = await self._run()
        self.row.rounds.append(taken)
        return taken

    async def _run(self) -> Round:
        connection = await asyncpg.connect(self.postgres.url(self.database))
        try:
            before = Clocks.read(self.postgres)
            await connection.execute(_COPY)
            return Clocks.read(self.postgres).round_since(before, self.facts)
        finally:
            await connection.close()


class Rebuild:
    """One projection rebuilt, with the swap at its end: what `meguri projections rebuild` does."""

    def __init__(
        self,
        postgres: Postgres,
        database: str,
        facts: int,
        projection: Projection,
        advanced: Callable[[int], object],
    ) -> None:
        name = projection.name
        self.row = Row(
            name=f"rebuild_{name}", title=f"rebuild of {name}", unit="facts", kind="rebuild"
        )
        self.postgres = postgres
        self.database = database
        self.facts = facts
        self.projection = projection
        self.advanced = advanced

    async def warm_up(self) -> None:
        """Nothing: the log is in memory since the COPY's."""

    async def round(self) -> Round:
        """Rebuild."""
        connection = await asyncpg.connect(self.postgres.url(self.database))
        try:
            before = Clocks.read(self.postgres)
            await rebuild(connection, self.projection, self.advanced)
            taken = Clocks.read(self.postgres).round_since(before, self.facts)
        finally:
            await connection.close()
        self.row.rounds.append(taken)
        return taken
