"""Apply: read a stretch of each bucket, merge, write once, move the progress; one transaction.

Because positions are gapless and in commit order, "up to the head" can never pass over a fact
that is still to be committed. Because progress moves with the rows, every fact is counted once.
"""

from pathlib import Path
from typing import Any, NamedTuple

import asyncpg

from projections.catalogue import Projection

FACTS_MAX = 20_000
"""Facts a bucket are applied in one transaction at most: a follower that was away catches up in
steps, each of them visible."""

_SQL = Path(__file__).parent / "sql"
_CREATE_PROGRESS = (_SQL / "create_progress.sql").read_text(encoding="utf-8")
_CLAIM_PROGRESS = (_SQL / "claim_progress.sql").read_text(encoding="utf-8")
_MOVE_PROGRESS = (_SQL / "move_progress.sql").read_text(encoding="utf-8")

Key = tuple[Any, ...]


async def prepare(connection: asyncpg.Connection, projection: Projection) -> None:
    """Create the projection's table and progress, unless they are there."""
    await connection.execute(projection.table)
    await connection.execute(_CREATE_PROGRESS, projection.name)


class Applied(NamedTuple):
    """How many facts were applied, and whether there were more than one pass takes."""

    facts: int
    more: bool


async def apply(connection: asyncpg.Connection, projection: Projection) -> Applied:
    """Apply what is new in every bucket nobody else is applying; at most FACTS_MAX a bucket."""
    async with connection.transaction():
        claimed = await connection.fetch(_CLAIM_PROGRESS, projection.name)
        if not claimed:
            return Applied(0, more=False)
        merged: dict[Key, list[int]] = {}
        reached: dict[int, int] = {}
        for bucket, position, head in claimed:
            reached[bucket] = min(head, position + FACTS_MAX)
            rows = await connection.fetch(projection.gather, bucket, position, reached[bucket])
            merge(merged, rows, projection.keys)
        if merged:
            await connection.execute(projection.write, *_columns(merged))
        await connection.execute(
            _MOVE_PROGRESS, projection.name, list(reached), list(reached.values())
        )
    return Applied(
        sum(reached[bucket] - position for bucket, position, _ in claimed),
        any(reached[bucket] < head for bucket, _, head in claimed),
    )


def merge(merged: dict[Key, list[int]], rows: list[Any], keys: int) -> None:
    """Add gathered rows to `merged`: their first `keys` columns name a row, the rest are counts."""
    for row in rows:
        values = tuple(row)
        counts = merged.setdefault(values[:keys], [0] * (len(values) - keys))
        for index, count in enumerate(values[keys:]):
            counts[index] += count


def _columns(merged: dict[Key, list[int]]) -> list[list[Any]]:
    # In the order of their keys, so that two writers lock rows in one order.
    rows = [(*key, *merged[key]) for key in sorted(merged)]
    return [list(column) for column in zip(*rows, strict=True)]
