"""Follow: keep the projections up to date while the log grows.

A follower is woken when something was committed (here or in another process) and looks by itself
now and then, so that a lost wake-up costs a moment and nothing else.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import asyncpg
import structlog

from projections.apply import Applied, apply
from projections.catalogue import Projection

POLL_S = 1.0
"""How often to look without having been woken."""
GATHER_S = 0.15
"""How long to wait after a wake-up: a burst's commits are then applied together."""
RETRY_S = 1.0

_READ_LAG = (Path(__file__).parent / "sql" / "read_lag.sql").read_text(encoding="utf-8")

log = structlog.get_logger()


class Lag(NamedTuple):
    """How far a projection is behind: facts not yet read, and the age of the oldest, in seconds."""

    facts: int
    seconds: float


async def read_lag(pool: asyncpg.Pool, projection: Projection, now: datetime) -> Lag:
    """The lag of a projection."""
    row = await pool.fetchrow(_READ_LAG, projection.name)
    seconds = max(0.0, (now - row["since"]).total_seconds()) if row["since"] else 0.0
    return Lag(row["facts"], seconds)


class Follower:
    """Applies the projections as the log grows; tells `applied` when something was."""

    def __init__(
        self, pool: asyncpg.Pool, projections: Iterable[Projection], applied: Callable[[], None]
    ) -> None:
        self._pool = pool
        self._projections = list(projections)
        self._applied = applied
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """There may be something new."""
        self._woken.set()

    async def run(self) -> None:
        """Follow until cancelled. A failure is logged and tried again: the log is not in danger."""
        while True:
            self._woken.clear()
            applied = await self._pass()
            if applied.facts:
                self._applied()
            if not applied.more:
                await self._wait()

    async def catch_up(self) -> int:
        """Apply everything there is now; returns how many facts were applied."""
        total = 0
        async with self._pool.acquire() as connection:
            for projection in self._projections:
                while (applied := await apply(connection, projection)).facts:
                    total += applied.facts
        return total

    async def _pass(self) -> Applied:
        """Apply once for each projection; one that fails does not hold up the others."""
        facts, more = 0, False
        for projection in self._projections:
            try:
                async with self._pool.acquire() as connection:
                    applied = await apply(connection, projection)
            except Exception as error:
                if (task := asyncio.current_task()) and task.cancelling():
                    # We were cancelled, and the rollback then found no connection.
                    raise asyncio.CancelledError from error
                log.exception("follow_failed", projection=projection.name)
                await asyncio.sleep(RETRY_S)
            else:
                facts, more = facts + applied.facts, more or applied.more
        return Applied(facts, more)

    async def _wait(self) -> None:
        """Wait to be woken, then a moment more: what a burst commits is applied together."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self._woken.wait()
        await asyncio.sleep(GATHER_S)
