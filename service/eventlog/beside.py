"""What a running rally needs besides its facts, as lines: keys that its codes and tokens are signed
with, people, sealed addresses, a draw's secret, what was published, drafts. It is secret.

    {…,"source":"/tables/keys","type":"RowKept","log":"91ab…-2","data":{"id":1,"rally":null,…}}
    {…,"source":"/tables","type":"RowsKept","log":"91ab…-2","data":{"rows":17,"digest":"5f0c…"}}

It is told as it is now, all of it, and taken over so: in place of what an installation has.
"""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from hashlib import sha256
from typing import Any

import asyncpg
import msgspec
from msgspec import Raw, Struct

from service.eventlog import statements as sql

TABLES = {
    "keys": "id",
    "organisations": "id",
    "people": "id",
    "invitations": "secret_hash",
    "passkeys": "id",
    "passkey_challenges": "challenge",
    "signs_of_life": "person",
    "card_moves": "code_hash",
    "visitor_keys": "visitor",
    "addresses": "visitor, rally",
    "draw_secrets": "rally",
    "draw_entries": "rally, prize, entry",
    "open_data": "number",
    "plan_drafts": "id",
}
"""By what each is ordered. A table comes after those that it refers to."""
ADDED = 1_000
"""Rows added at once."""
ROW, END = "RowKept", "RowsKept"
_SOURCE = "/tables"
_encode = msgspec.json.Encoder().encode


class RowEvent(Struct, frozen=True, kw_only=True):
    """A row, or the end of them, in an envelope."""

    specversion: str = "1.0"
    id: str
    source: str
    type: str
    time: datetime
    datacontenttype: str = "application/json"
    log: str
    data: Raw

    @property
    def table(self) -> str:
        """Whose row it is."""
        return self.source.removeprefix(f"{_SOURCE}/")


class Told(Struct, frozen=True):
    """What the end tells: how many rows were before it, and the SHA-256 of all of them."""

    rows: int
    digest: str


async def exported_rows(
    connection: asyncpg.Connection, log: str, now: datetime
) -> AsyncIterator[bytes]:
    """The lines of all rows, some at a time."""
    digest, number = sha256(), 0
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        for table, key in TABLES.items():
            source = f"{_SOURCE}/{table}"
            statement = sql.EXPORT_ROWS.format(table=table, key=key)
            async for (row,) in connection.cursor(statement):
                number += 1
                data = Raw(row.encode())
                digest.update(data)
                yield _line(f"{log}-{now.isoformat()}-{number}", source, ROW, now, log, data)
    end = Raw(_encode(Told(number, digest.hexdigest())))
    yield _line(f"{log}-{now.isoformat()}-end", _SOURCE, END, now, log, end)


def _line(id_: str, source: str, kind: str, now: datetime, log: str, data: Raw) -> bytes:
    event = RowEvent(id=id_, source=source, type=kind, time=now, log=log, data=data)
    return _encode(event) + b"\n"


row_of = msgspec.json.Decoder(RowEvent).decode
"""The row in a line. Raises msgspec.MsgspecError."""


def digest_of(rows: Iterable[RowEvent]) -> str:
    """The digest that the end of these rows tells."""
    digest = sha256()
    for row in rows:
        digest.update(row.data)
    return digest.hexdigest()


async def replace_rows(connection: asyncpg.Connection, rows: Iterable[RowEvent]) -> None:
    """Take over all rows, in place of those that there are. Raises ValueError for rows that this
    release has no place for."""
    of: dict[str, list[str]] = {table: [] for table in TABLES}
    for row in rows:
        if row.table not in of:
            raise ValueError(f"there is no table {row.table} here")
        of[row.table].append(bytes(row.data).decode())
    async with connection.transaction():
        for table in reversed(TABLES):
            await connection.execute(sql.CLEAR_TABLE.format(table=table))
        for table, said in of.items():
            await _add(connection, table, said)


async def _add(connection: asyncpg.Connection, table: str, rows: list[str]) -> None:
    known = [each["column"] for each in await connection.fetch(sql.READ_COLUMNS, table)]
    told: set[str] = set(msgspec.json.decode(rows[0], type=dict[str, Any])) if rows else set()
    columns = ", ".join(column for column in known if column in told)
    for first in range(0, len(rows), ADDED):
        statement = sql.ADD_ROWS.format(table=table, columns=columns)
        await connection.execute(statement, rows[first : first + ADDED])
