"""Follow: keep the projections up to date while the log grows.

A follower is woken when something was committed (here or in another process) and looks by itself
now and then, so that a lost wake-up costs a moment and nothing else.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import partial
from typing import NamedTuple

import asyncpg
import structlog

from projections import statements as sql
from projections.apply import NOTHING, Applied, apply
from projections.contract import Projection
from projections.going_on import end_if_cancelled, going_on

POLL_S = 1.0
"""How often to look without having been woken."""
GATHER_S = 0.15
"""How long to wait after a wake-up: what is committed meanwhile is applied together."""
BURST_FACTS, BURST_S = 300, 0.5
"""After a pass with so many facts we wait so long: check-ins come first in a burst, larger pieces
cost less a fact, and half a second is still live."""
RETRY_S = 1.0
TAKE_TURNS_S = 0.02
AT_ONCE = 2
"""So many projections are applied at a time: check-ins come first."""
ANOTHER_RELEASE = "its tables are of another release; this one builds its own aside"

log = structlog.get_logger()


class Lag(NamedTuple):
    """How far a projection is behind: facts not yet read, the age of the oldest in seconds, and
    why it stands still, if it does."""

    facts: int
    seconds: float
    error: str | None = None


async def read_lags(
    pool: asyncpg.Pool, projections: Iterable[Projection], now: datetime
) -> dict[str, Lag]:
    """The lag of each of the projections."""
    ours = {projection.name: projection for projection in projections}
    lags = {}
    for row in await pool.fetch(sql.READ_LAG, list(ours)):
        name, since, error = row["projection"], row["since"], row["error"]
        if row["definition"] != ours[name].definition:
            error = ANOTHER_RELEASE
        age = max(0.0, (now - since).total_seconds()) if since else 0.0
        lags[name] = Lag(row["facts"], age, error)
    return lags


async def read_lag(pool: asyncpg.Pool, projection: Projection, now: datetime) -> Lag:
    """The lag of a projection."""
    return (await read_lags(pool, [projection], now))[projection.name]


class Follower:
    """Applies the projections as the log grows; tells `applied` when something was.

    Each has a task of its own, so that one with much to do does not hold up the others; `AT_ONCE`
    of them are at work at a time. `troubles` says which could not be followed the last time, and
    why. `around` gives a `with` for each pass that applies something, by the projection's name.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        projections: Iterable[Projection],
        applied: Callable[[], None],
        around: Callable[[str], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._pool = pool
        self._woken = {projection: asyncio.Event() for projection in projections}
        self._applied = applied
        self._around = around
        self._gate = asyncio.Semaphore(AT_ONCE)
        self.troubles: dict[str, str] = {}

    def wake(self) -> None:
        """There may be something new."""
        for woken in self._woken.values():
            woken.set()

    async def run(self) -> None:
        """Follow until cancelled. A failure is logged and tried again: the log is not in danger."""
        async with asyncio.TaskGroup() as group:
            for projection, woken in self._woken.items():
                following = going_on(partial(self._follow, projection, woken))
                group.create_task(following, name=projection.name)

    async def catch_up(self) -> int:
        """Apply everything there is now; returns how many facts were applied, by us.

        Waits for others who are at it, and tells `applied` like `run`: whoever watches must not
        miss what was applied here. What stands still is left as it is.
        """
        total = 0
        async with self._pool.acquire() as connection:
            for projection in self._woken:
                while await connection.fetchval(
                    sql.IS_BEHIND, projection.name, projection.definition
                ):
                    applied = await apply(connection, projection)
                    total += applied.facts
                    if not applied.facts:
                        await asyncio.sleep(TAKE_TURNS_S)
        if total:
            self._applied()
        return total

    async def _follow(self, projection: Projection, woken: asyncio.Event) -> None:
        while True:
            woken.clear()
            applied = await self._pass(projection)
            if applied.facts:
                self._applied()
            if not applied.more:
                await _wait(woken, BURST_S if applied.facts >= BURST_FACTS else GATHER_S)

    async def _pass(self, projection: Projection) -> Applied:
        """Apply once, if there is something to apply."""
        try:
            async with self._gate, self._pool.acquire() as connection:
                behind = await connection.fetchval(
                    sql.IS_BEHIND, projection.name, projection.definition
                )
                if not behind:
                    applied = NOTHING
                else:
                    with self._around(projection.name):
                        applied = await apply(connection, projection)
        except Exception as error:
            end_if_cancelled(error)
            log.error("follow_failed", projection=projection.name, exc_info=error)
            self.troubles[projection.name] = type(error).__name__
            await asyncio.sleep(RETRY_S)
            return NOTHING
        self.troubles.pop(projection.name, None)
        return applied


async def _wait(woken: asyncio.Event, gather_s: float) -> None:
    """Wait to be woken, then a moment more: what comes meanwhile is applied together."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(POLL_S):
            await woken.wait()
    await asyncio.sleep(gather_s)
