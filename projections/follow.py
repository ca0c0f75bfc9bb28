"""Follow: keep the projections up to date while the log grows.

A follower is woken when something was committed (here or in another process) and looks by itself
now and then, so that a lost wake-up costs a moment and nothing else.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

import asyncpg
import structlog

from projections import statements as sql
from projections.apply import Applied, apply
from projections.contract import Projection

POLL_S = 1.0
"""How often to look without having been woken."""
GATHER_S = 0.15
"""How long to wait after a wake-up: a burst's commits are then applied together."""
RETRY_S = 1.0

log = structlog.get_logger()


class Lag(NamedTuple):
    """How far a projection is behind: facts not yet read, the age of the oldest in seconds, and
    why it stands still, if it does."""

    facts: int
    seconds: float
    error: str | None = None


async def read_lags(pool: asyncpg.Pool, names: Iterable[str], now: datetime) -> dict[str, Lag]:
    """The lag of each of the projections `names`."""
    return {
        row["projection"]: Lag(
            row["facts"],
            max(0.0, (now - row["since"]).total_seconds()) if row["since"] else 0.0,
            row["error"],
        )
        for row in await pool.fetch(sql.READ_LAG, list(names))
    }


async def read_lag(pool: asyncpg.Pool, projection: Projection, now: datetime) -> Lag:
    """The lag of a projection."""
    return (await read_lags(pool, [projection.name], now))[projection.name]


class Follower:
    """Applies the projections as the log grows; tells `applied` when something was.

    `troubles` says which projections could not be followed the last time, and why.
    """

    def __init__(
        self, pool: asyncpg.Pool, projections: Iterable[Projection], applied: Callable[[], None]
    ) -> None:
        self._pool = pool
        self._projections = {projection.name: projection for projection in projections}
        self._applied = applied
        self._woken = asyncio.Event()
        self.troubles: dict[str, str] = {}

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
        """Apply everything there is now; returns how many facts were applied, by all together."""
        total = 0
        async with self._pool.acquire() as connection:
            for projection in self._projections.values():
                while (applied := await apply(connection, projection)).facts:
                    total += applied.facts
        return total

    async def _pass(self) -> Applied:
        """Apply once for each projection that is behind; one that fails does not hold up others."""
        facts, more = 0, False
        try:
            behind = await self._behind()
        except Exception as error:
            await self._failed("all", error)
            return Applied(0, more=False)
        self.troubles.pop("all", None)
        for name in behind:
            try:
                async with self._pool.acquire() as connection:
                    applied = await apply(connection, self._projections[name])
            except Exception as error:
                await self._failed(name, error)
            else:
                self.troubles.pop(name, None)
                facts, more = facts + applied.facts, more or applied.more
        return Applied(facts, more)

    async def _behind(self) -> list[str]:
        """The projections with something to apply, in the order of the catalogue."""
        definitions = [projection.definition for projection in self._projections.values()]
        rows = await self._pool.fetch(sql.FIND_BEHIND, list(self._projections), definitions)
        names = {row["projection"] for row in rows}
        return [name for name in self._projections if name in names]

    async def _failed(self, name: str, error: Exception) -> None:
        """Remember and log a failure; wait a moment, so as not to be at it all the time."""
        if (task := asyncio.current_task()) and task.cancelling():
            # We were cancelled, and the rollback then found no connection.
            raise asyncio.CancelledError from error
        log.error("follow_failed", projection=name, exc_info=error)
        self.troubles[name] = repr(error)
        await asyncio.sleep(RETRY_S)

    async def _wait(self) -> None:
        """Wait to be woken, then a moment more: what a burst commits is applied together."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self._woken.wait()
        await asyncio.sleep(GATHER_S)
