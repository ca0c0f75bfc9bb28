"""Roles: the owner of the tables migrates, the service's role serves and can rewrite no fact.

    owner ──(migrate: makes tables, grants)──▶ meguri_service: appends to the log, keeps the rest,
      ▲                                        owns the projections ◀── every pool and command
      └── the login, or a role that it may act as

One role for a server: which databases a login reaches, CONNECT says. What the role may is one
statement (sql/missing_grants.sql), which tells what is left to be granted: so it can be shown,
said, and handed to whoever administers the server.
"""

import asyncpg

from projections.catalogue import CATALOGUE
from projections.shadow import REBUILD, VERIFY, schema_of
from service.sql import stored

SERVICE = "meguri_service"
APPEND_ONLY = ["events", "batches"]
"""Facts, and what proves that they were not changed."""
READ_ONLY = ["migrations"]
TRIES_MAX = 5
_MISSING = stored("missing_grants")
_PROJECTIONS = list(CATALOGUE.values())
_DERIVED = [table for projection in _PROJECTIONS for table in projection.tables]
_ASIDE = [schema_of(projection, kind) for projection in _PROJECTIONS for kind in (REBUILD, VERIFY)]


async def missing_grants(connection: asyncpg.Connection) -> list[str]:
    """The statements that are to be said before the service's role can work, in their order."""
    rows = await connection.fetch(_MISSING, SERVICE, APPEND_ONLY, READ_ONLY, _DERIVED, _ASIDE)
    return [row["statement"] for row in rows]


async def grant(connection: asyncpg.Connection) -> list[str]:
    """Say what is missing; returns what was said.

    Raises InsufficientPrivilegeError when the login may not. Another database of the server may
    make the role at the same moment: then what is missing is asked anew.
    """
    said: list[str] = []
    for _ in range(TRIES_MAX):
        missing = await missing_grants(connection)
        if not missing:
            break
        try:
            async with connection.transaction():
                for statement in missing:
                    await connection.execute(statement)
        except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
            continue
        said += missing
    return said
