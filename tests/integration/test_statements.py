"""Every stored statement is understood by the server that the tests run on: an old one, a cluster."""

import contextlib
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

ROOM = Path(__file__).parents[2]
STATEMENTS = sorted(
    path
    for folder in ("projections", "service")
    for path in (ROOM / folder).rglob("*.sql")
    if "migrations" not in path.parts and path.name != "citus.sql"
)
ELSEWHERE = {"table", "build_settings", "swap_limits", "read_columns"}
"""Several statements in one file, which every start and rebuild says; one that wants a table."""
SCHEMA_IN_IT = re.compile(r"(?<!')\{\w+\}")
"""Names that are filled in: of a shadow's schema, of a table. Rebuilds and imports say these."""
MEANINGLESS = {
    "bool": True,
    "bytea": b"x",
    "float4": 1.0,
    "date": datetime(2026, 1, 15, tzinfo=UTC).date(),
    "int2": 1,
    "int4": 1,
    "int8": 1,
    "interval": timedelta(1),
    "jsonb": "{}",
    "name": "x",
    "oid": 1,
    "text": "null",
    "timestamptz": datetime(2026, 1, 15, tzinfo=UTC),
    "uuid": UUID(int=1),
}
EXPECTED = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError)
"""What values that mean nothing may come to: the statement itself was understood."""


async def test_every_statement_is_understood(database: str) -> None:
    """Planned and run with some values, and taken back: a cluster plans only what it runs."""
    connection = await asyncpg.connect(database)
    for path in STATEMENTS:
        text = path.read_text(encoding="utf-8")
        if path.stem in ELSEWHERE or SCHEMA_IN_IT.search(text):
            continue
        transaction = connection.transaction()
        await transaction.start()
        prepared = await connection.prepare(text)
        values = [_value(each.name) for each in prepared.get_parameters()]
        try:
            with contextlib.suppress(*EXPECTED):
                await connection.fetch(text, *values)
        except asyncpg.PostgresError as error:
            pytest.fail(f"{path.relative_to(ROOM)}: {error}")
        finally:
            await transaction.rollback()
    await connection.close()


def _value(kind: str) -> object:
    array = kind.removesuffix("[]")
    return MEANINGLESS[kind] if array == kind else [MEANINGLESS[array]]
