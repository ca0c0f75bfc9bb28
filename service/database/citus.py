"""Citus: a log that outgrows one server is spread over several. What that means is in citus.sql."""

from pathlib import Path

import asyncpg

from service.database.migration import MigrationError
from service.sql import statement, stored

_SPREAD = statement(Path(__file__).parent / "citus.sql")


async def spread(connection: asyncpg.Connection) -> bool:
    """Spread the migrated log's tables, held `alone`, if this is a coordinator; returns whether.

    Raises MigrationError when there is something to do and the login may not.
    """
    try:
        await connection.execute(_SPREAD)
    except asyncpg.InsufficientPrivilegeError as error:
        raise MigrationError(
            "The log is not spread over the cluster's nodes yet, and this login may not do it "
            f"({error}): run `meguri migrate` with a login of its owner."
        ) from error
    return bool(await connection.fetchval(stored("is_spread")))
