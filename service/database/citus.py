"""Citus: a log that outgrows one server is spread over several. What that means is in citus.sql."""

from pathlib import Path

import asyncpg

from service.sql import statement, stored

_SPREAD = statement(Path(__file__).parent / "citus.sql")


async def spread(connection: asyncpg.Connection) -> bool:
    """Spread the migrated log's tables, held `alone`, if this is a coordinator; returns whether."""
    await connection.execute(_SPREAD)
    return bool(await connection.fetchval(stored("is_spread")))
