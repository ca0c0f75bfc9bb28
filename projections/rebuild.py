"""Rebuild: make a projection anew from the log while people look at it, and prove it equal to it.

A rebuild fills a shadow, then swaps it for the live tables in one transaction: readers see the old
rows or the new ones, never some of each, and never an older state than before.
"""

import asyncio
import random
from collections.abc import Callable

import asyncpg
import structlog

from projections import statements as sql
from projections.apply import apply
from projections.contract import Projection
from projections.shadow import FACTS_AT_ONCE, REBUILD, VERIFY, BuildHindered, Shadow, shadow_of

SWAP_PAUSE_S = 0.5
SWAPS_MAX = 600
DIFFERENCES_MAX = 10
"""So many differing rows a table are reported."""
_REPLAN_PAUSE_S = 0.5
_REPLANS_MAX = 240
"""A replan of a rally with very many visitors takes a minute to be applied."""

log = structlog.get_logger()


async def rebuild(
    connection: asyncpg.Connection,
    projection: Projection,
    advanced: Callable[[int], object],
    share: float = 1.0,
    at_once: int | None = None,
) -> None:
    """Build `projection` anew and let it take the live one's place. Raises BuildHindered.

    What a rebuild that was killed has done is not done again. `connection` is used for nothing
    else meanwhile and has no time limits.
    """
    async with shadow_of(connection, projection, REBUILD) as shadow:
        advanced(await shadow.begin(resume=True))
        await shadow.fill(advanced, share, at_once)
        await _analyze(shadow)
        await _swap(shadow, advanced)
    log.info("projection_rebuilt", projection=projection.name, definition=projection.definition)


async def _analyze(shadow: Shadow) -> None:
    """Statistics, so that the first readers after the swap do not meet a table without any."""
    for table in shadow.projection.tables:
        await shadow.connection.execute(f"ANALYZE {shadow.schema}.{table}")


async def _swap(shadow: Shadow, advanced: Callable[[int], object]) -> None:
    """Try until no reader is in the way."""
    for _ in range(SWAPS_MAX):
        try:
            async with shadow.connection.transaction():
                await shadow.connection.execute(sql.SWAP_LIMITS)
                facts = await _swap_now(shadow)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            await asyncio.sleep(SWAP_PAUSE_S * (0.5 + random.random()))  # noqa: S311 - no secret
            await shadow.fill(advanced)
        except asyncpg.DependentObjectsStillExistError as error:
            raise BuildHindered(
                f"{shadow.projection.name} is rebuilt, but something of yours depends on the old "
                f"table: {error.detail}. Drop it, run this again, and create it anew."
            ) from error
        else:
            advanced(facts)
            return
    raise BuildHindered(
        f"{shadow.projection.name} is rebuilt, but somebody has been reading the old one all the "
        "time. Look for a long transaction in pg_stat_activity and run it again: it goes on here."
    )


async def _swap_now(shadow: Shadow) -> int:
    """Swap, within a transaction; returns how many facts were still to be read."""
    facts = 0
    connection, projection = shadow.connection, shadow.projection
    await connection.fetchval(shadow.say(sql.LOCK_LIVE), projection.name)
    # From here on nobody moves the live one: catching up to the heads passes wherever it was.
    async with shadow.looked_at():
        while (applied := await apply(connection, projection, FACTS_AT_ONCE)).more:
            facts += applied.facts
    facts += applied.facts
    await shadow.facts()
    for table in projection.tables:
        await connection.execute(shadow.say(sql.SWAP_TABLE, table))
    await connection.execute(shadow.say(sql.SWAP_PROGRESS))
    await shadow.drop()
    return facts


async def verify(
    connection: asyncpg.Connection, projection: Projection, advanced: Callable[[int], object]
) -> list[str]:
    """Build `projection` aside up to where the live one is; returns how they differ, a line each.

    Nobody is held up: the comparison looks at one moment (a snapshot). Raises BuildHindered.
    """
    async with shadow_of(connection, projection, VERIFY) as shadow:
        await shadow.begin(resume=False)
        await connection.execute(shadow.say(sql.CREATE_TARGET))
        await connection.execute(shadow.say(sql.MOVE_TARGET))
        try:
            await shadow.fill(advanced)
            return await _compare(shadow, advanced)
        finally:
            await shadow.drop()


async def _compare(shadow: Shadow, advanced: Callable[[int], object]) -> list[str]:
    connection, projection = shadow.connection, shadow.projection
    for _ in range(_REPLANS_MAX):
        async with connection.transaction(isolation="repeatable_read"):
            live = await connection.fetchrow(shadow.say(sql.READ_TARGET), projection.name)
            if live["definition"] != projection.definition:
                return [f"{projection.name} was made by another definition: rebuild it"]
            if live["error"]:
                return [f"{projection.name} stands still at {live['error']}"]
            if not (projection.judges_by_plan and live["replanned"]):
                await connection.execute(shadow.say(sql.MOVE_TARGET))
                await shadow.fill(advanced)
                return await _differences(shadow)
        await asyncio.sleep(_REPLAN_PAUSE_S)
    raise BuildHindered(f"{projection.name} does not follow: is a service running?")


async def _differences(shadow: Shadow) -> list[str]:
    found = []
    for table in shadow.projection.tables:
        rows = await shadow.connection.fetch(shadow.say(sql.COMPARE_TABLES, table), DIFFERENCES_MAX)
        for side, row in rows:
            what = "is there, but the log does not give it" if side == "live" else "is missing"
            found.append(f"{table}: {row} {what}")
    return found
