"""The log of a rally, or all of it: every fact as it is kept, a line each (`lines.py`).

Lines come bucket by bucket in the order of positions, so whoever has a line has all of its bucket
before it. A file that has some goes on with what came since. Who somebody is, is not in the log.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from operator import itemgetter

import asyncpg

from service.eventlog import statements as sql
from service.eventlog.lines import CloudEvent, envelope, line_of

STRETCH = 2_000
"""Positions read at once: memory holds so many facts, however long the log is."""

Written = dict[tuple[int, str], int]
"""The position of the last fact of each bucket and rally that is written already."""


async def name_of_log(connection: asyncpg.Connection) -> str:
    """Which log it is, told by its first fact and how many buckets visitors have: positions mean
    nothing without either. Empty if there are no facts."""
    origin = await connection.fetchval(sql.READ_ORIGIN)
    buckets = len(await connection.fetch(sql.READ_HEADS)) - 1
    return f"{origin}-{buckets}" if origin else ""


async def exported(
    connection: asyncpg.Connection,
    rally: str | None,
    advanced: Callable[[int], object] = lambda _: None,
    written: Written | None = None,
) -> AsyncIterator[bytes]:
    """The lines of a rally's facts (None: of all), some at a time: what is in the log now, and is
    not `written` already. `advanced` is told how many positions were passed."""
    log = await name_of_log(connection)
    last: Written = dict(written or {})
    heads = await connection.fetch(sql.READ_HEADS)
    for head in sorted(heads, key=itemgetter("bucket")):
        bucket, end = head["bucket"], head["position"]
        begin = max((at for (of, _), at in last.items() if of == bucket), default=0)
        advanced(begin)
        for after in range(begin, end, STRETCH):
            stretch = bucket, after, min(after + STRETCH, end)
            lines = []
            for row in await connection.fetch(sql.EXPORT_EVENTS, *stretch, rally, None):
                key = bucket, row["rally"]
                lines.append(line_of(log, bucket, row, last.get(key, 0)))
                last[key] = row["position"]
            advanced(stretch[2] - after)
            if lines:
                yield b"".join(lines)


async def read_kinds(
    pool: asyncpg.Pool, bucket: int, after: int, until: int, rally: str, kinds: Sequence[str]
) -> list[CloudEvent]:
    """The facts of some kinds about a rally in a stretch of a bucket, in their envelopes."""
    rows = await pool.fetch(sql.EXPORT_EVENTS, bucket, after, until, rally, kinds)
    return [envelope(bucket, row) for row in rows]
