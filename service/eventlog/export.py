"""The log of a rally for its owner: every fact as it is kept, a CloudEvent a line.

    {"specversion":"1.0","id":"3-17","source":"/rallies/NAME","type":"VisitRecorded","time":…,
     "datacontenttype":"application/json","recordedat":…,"factversion":1,"data":{…}}

The id is the bucket and the position: lines come bucket by bucket, in the order of positions, so
whoever has a line has all of its bucket before it. `data` holds the row's other columns, and in
`data` what has no column. Who somebody is, is not in the log.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from operator import itemgetter
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Raw, Struct

from service.eventlog import statements as sql

STRETCH = 2_000
"""Positions read at once: memory holds so many facts, however long the log is."""
_encode = msgspec.json.Encoder().encode
_COLUMNS = ("visitor", "spot", "period", "firsts", "scan_id", "language", "evidence")


class CloudEvent(Struct, frozen=True, kw_only=True):
    """A fact in an envelope (https://cloudevents.io); `time` is when it happened, `recordedat` when
    the log took it."""

    specversion: str = "1.0"
    id: str
    source: str
    type: str
    time: Any
    datacontenttype: str = "application/json"
    recordedat: Any
    factversion: int
    data: dict[str, Any]


async def exported(
    connection: asyncpg.Connection, rally: str, advanced: Callable[[int], object] = lambda _: None
) -> AsyncIterator[bytes]:
    """The lines of a rally's facts, some at a time: all that is in the log now. `advanced` is told
    how many positions were passed."""
    heads = await connection.fetch(sql.READ_HEADS)
    for head in sorted(heads, key=itemgetter("bucket")):
        bucket, end = head["bucket"], head["position"]
        for after in range(0, end, STRETCH):
            until = min(after + STRETCH, end)
            rows = await connection.fetch(sql.EXPORT_EVENTS, bucket, after, until, rally)
            advanced(until - after)
            if rows:
                yield b"".join(_encode(envelope(bucket, row)) + b"\n" for row in rows)


async def read_kinds(
    pool: asyncpg.Pool, bucket: int, after: int, until: int, rally: str, kinds: Sequence[str]
) -> list[CloudEvent]:
    """The facts of some kinds about a rally in a stretch of a bucket, in their envelopes."""
    rows = await pool.fetch(sql.READ_KINDS, bucket, after, until, rally, kinds)
    return [envelope(bucket, row) for row in rows]


def envelope(bucket: int, row: Any) -> CloudEvent:
    """The envelope of a row as export_events.sql returns it."""
    data = {name: _plain(row[name]) for name in _COLUMNS if row[name] is not None}
    if row["data"] is not None:
        data["data"] = Raw(row["data"].encode())
    return CloudEvent(
        id=f"{bucket}-{row['position']}",
        source=f"/rallies/{row['rally']}",
        type=row["type"],
        time=row["occurred_at"],
        recordedat=row["recorded_at"],
        factversion=row["version"],
        data=data,
    )


def _plain(value: Any) -> Any:
    """asyncpg's UUIDs are of a type of its own."""
    return str(value) if isinstance(value, UUID) else value
