"""Migrations: numbered .sql files, each applied once, in order, in a transaction of its own.

Several processes may start at once: an advisory lock lets one of them migrate. What was applied
is remembered with its checksum, so that an edited or missing file stops the start. Then the
service's role is granted what it needs (service/database/roles.py).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from service.database.migration import (
    MIGRATIONS,
    Migration,
    MigrationError,
    apply,
    read_migrations,
)
from service.database.roles import grant, missing_grants
from service.sql import stored

_TRY_LOCK = "SELECT pg_try_advisory_lock($1)"
WAIT_S = 0.05
_OWNER = stored("owner_of_log")
_IS_THERE = "SELECT to_regclass('migrations') IS NOT NULL"
_APPLIED = "SELECT number, name, checksum FROM migrations ORDER BY 1"
_LOCK = 0x6D65677572693031  # "meguri01": this project's advisory lock for migrating

_TABLE = """
CREATE TABLE IF NOT EXISTS migrations (
    number     integer     PRIMARY KEY,
    name       text        NOT NULL,
    checksum   text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


@asynccontextmanager
async def alone(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Keep every other process on this database from setting up at the same time."""
    # Asked for again and again, not waited for: a wait in the database could not be interrupted.
    while not await connection.fetchval(_TRY_LOCK, _LOCK):  # noqa: ASYNC110 - no event of ours
        await asyncio.sleep(WAIT_S)
    try:
        yield
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)


async def outstanding(connection: asyncpg.Connection) -> list[str]:
    """What is left to be done before this program can work: files, then statements."""
    files = [migration.name for migration in await _pending(connection, MIGRATIONS)]
    return files + await missing_grants(connection)


async def bring_up_to_date(connection: asyncpg.Connection) -> list[str]:
    """Migrate and grant, held `alone`; returns what was done, in order, nothing when all was right.

    `connection` is the login's own. Raises MigrationError, which says who has to do what.
    """
    if not (left := await outstanding(connection)):
        return []
    log = await connection.fetchrow(_OWNER)
    if log and not log["may_act"]:
        raise MigrationError(
            "The database is not ready for this program, and this login may not change it: run "
            f"`meguri migrate` with a login of its owner, {log['owner']}. {_listed(left)}"
        )
    try:
        # What is made is the owner's, also when somebody does it who only may act as the owner.
        done = await _as_owner(connection, log["owner"]) if log else await migrate(connection)
        done += await grant(connection)
    except asyncpg.InsufficientPrivilegeError as error:
        left = await outstanding(connection)
        raise MigrationError(
            f"This login may not do all that is to be done ({error}). Ask whoever administers the "
            f"server for what is left, then run `meguri migrate`. {_listed(left)}"
        ) from error
    if left := await missing_grants(connection):
        raise MigrationError(f"Another role gives rights that are not meant. {_listed(left)}")
    return done


async def _as_owner(connection: asyncpg.Connection, owner: str) -> list[str]:
    await connection.execute("SELECT set_config('role', $1, false)", owner)
    try:
        return await migrate(connection)
    finally:
        await connection.execute("RESET ROLE")


def _listed(left: list[str]) -> str:
    return "Left to be done:" + "".join(f"\n    {each};" for each in left)


async def migrate(connection: asyncpg.Connection, folder: Path = MIGRATIONS) -> list[str]:
    """Apply the files that are new, held `alone`; returns their names."""
    pending = await _pending(connection, folder)
    if pending:
        await connection.execute(_TABLE)
    for migration in pending:
        await apply(connection, migration)
    return [migration.name for migration in pending]


async def _pending(connection: asyncpg.Connection, folder: Path) -> list[Migration]:
    """The files that were not applied yet. Raises MigrationError when others were."""
    migrations = read_migrations(folder)
    applied = await connection.fetch(_APPLIED) if await connection.fetchval(_IS_THERE) else []
    _compare(migrations, applied)
    return migrations[len(applied) :]


def _compare(migrations: list[Migration], applied: list[asyncpg.Record]) -> None:
    for row in applied:
        if row["number"] > len(migrations):
            raise MigrationError(
                f"Migration {row['name']} was applied to this database but its file is missing. "
                "Is the database newer than this program? Start the newer program."
            )
        file = migrations[row["number"] - 1]
        if file.name != row["name"]:
            raise MigrationError(
                f"Migration {row['name']} was applied to this database but its file is missing; "
                f"{file.name} stands in its place. Restore the file."
            )
        if file.checksum != row["checksum"]:
            raise MigrationError(
                f"Migration {file.name} was edited after it was applied. "
                "Restore it, and put the change into a new migration."
            )
