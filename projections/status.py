"""What an operator wants to know of the projections: how far, how large, how old, what is wrong."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import asyncpg

from projections import statements as sql
from projections.contract import Projection
from projections.follow import Lag, read_lags
from projections.shadow import REBUILD, schema_of


class Status(NamedTuple):
    """A projection's state. `facts` of `total` have been read; `size` is in bytes, with indexes.

    `current`: its tables are of this program's definition; if not, they are to be rebuilt.
    `rebuilt`: how many facts a rebuild that is under way (or was killed) has read; None: there is
    none.
    """

    name: str
    facts: int
    total: int
    lag: Lag
    size: int
    built_at: datetime
    current: bool
    rebuilt: int | None


async def definition_of(pool: asyncpg.Pool, projection: Projection) -> str | None:
    """The definition that a projection's tables are made by."""
    found: str | None = await pool.fetchval(sql.READ_DEFINITION, projection.name)
    return found


async def read_statuses(
    pool: asyncpg.Pool, projections: Iterable[Projection], now: datetime
) -> list[Status]:
    """The state of each projection, in their order."""
    ours = {projection.name: projection for projection in projections}
    lags = await read_lags(pool, ours.values(), now)
    rows = {row["projection"]: row for row in await pool.fetch(sql.READ_STATUS, list(ours))}
    statuses = []
    for name, projection in ours.items():
        sizes = [await pool.fetchval(sql.READ_SIZE, table) for table in projection.tables]
        statuses.append(
            Status(
                name,
                rows[name]["facts"],
                rows[name]["total"],
                lags[name],
                sum(sizes),
                rows[name]["built_at"],
                rows[name]["definition"] == projection.definition,
                await _rebuilt(pool, projection),
            )
        )
    return statuses


async def _rebuilt(pool: asyncpg.Pool, projection: Projection) -> int | None:
    schema = schema_of(projection, REBUILD)
    if not await pool.fetchval(sql.FIND_SHADOW, f"{schema}.progress"):
        return None
    try:
        row = await pool.fetchrow(sql.SHADOW_PROGRESS.format(shadow=schema), projection.name)
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        return None  # it has just taken the live one's place
    return int(row["facts"])
