"""One migration: a numbered .sql file, and how it is applied while an earlier release is serving.

Nobody is held up (docs/operating/upgrading.md): indexes of tables that are there are built
CONCURRENTLY, before the rest of their file, and a lock that is not free at once is asked for again,
so that nobody queues behind it.
"""

import asyncio
import re
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import asyncpg
import structlog

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK_WAIT_MS_MAX = 200
"""So long a migration waits for a lock, and check-ins behind it: phones do not notice."""
LOCK_PAUSE_S, LOCK_TRIES_MAX = 0.5, 600
"""Then all who wait are let through before it tries again; for five minutes."""
_INDEX = re.compile(r"^CREATE( UNIQUE)? INDEX (\w+) ON (\w+)[^;]*;", re.MULTILINE)
_IS_VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)"

log = structlog.get_logger()


class MigrationError(Exception):
    """The migration files and the database do not fit together. The text says which file."""


class Migration(NamedTuple):
    """One numbered file."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        return sha256(self.text.encode()).hexdigest()

    @property
    def indexes(self) -> dict[str, str]:
        """The statements that make indexes of tables which are there before, by their names."""
        return {
            found[2]: found[0]
            for found in _INDEX.finditer(self.text)
            if f"CREATE TABLE {found[3]} " not in self.text
        }

    @property
    def rest(self) -> str:
        """Everything else."""
        text = self.text
        for statement in self.indexes.values():
            text = text.replace(statement, "")
        return text


def read_migrations(folder: Path = MIGRATIONS) -> list[Migration]:
    """The files `0001_name.sql`, `0002_name.sql`, … of `folder`. Raises on a gap or stray name."""
    found = []
    for number, path in enumerate(sorted(folder.glob("*.sql")), start=1):
        if not path.name.startswith(f"{number:04d}_"):
            raise MigrationError(
                f"Migration {path.name} is out of line: number {number:04d} is expected next."
            )
        found.append(Migration(number, path.name, path.read_text(encoding="utf-8")))
    return found


async def apply(connection: asyncpg.Connection, migration: Migration) -> None:
    """Apply one file. A kill on the way leaves indexes at most: the next start goes on."""
    try:
        for name, statement in migration.indexes.items():
            await _build(connection, name, statement)
        await _transact(connection, migration)
    except (
        asyncpg.InsufficientPrivilegeError,  # `bring_up_to_date` says who may
        asyncpg.InsufficientResourcesError,
        asyncpg.OperatorInterventionError,
    ):
        raise
    except asyncpg.PostgresError as error:
        raise MigrationError(
            f"Migration {migration.name} failed: {error}. Nothing of it was applied and an earlier "
            "release goes on serving. Mend what the database says, then start again."
        ) from error


async def _build(connection: asyncpg.Connection, name: str, statement: str) -> None:
    """Build an index while others write; one that was left half-built is built anew."""
    if await connection.fetchval(_IS_VALID, name):
        return
    log.info("index_building", index=name)
    await connection.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
    await connection.execute(statement.replace(" INDEX ", " INDEX CONCURRENTLY ", 1))


async def _transact(connection: asyncpg.Connection, migration: Migration) -> None:
    """Everything but the indexes, at once or not at all."""
    for _ in range(LOCK_TRIES_MAX):
        try:
            async with connection.transaction():
                await connection.execute(
                    f"SET LOCAL lock_timeout = {LOCK_WAIT_MS_MAX};\n{migration.rest}"
                )
                await connection.execute(
                    "INSERT INTO migrations (number, name, checksum) VALUES ($1, $2, $3)",
                    migration.number,
                    migration.name,
                    migration.checksum,
                )
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            log.info("migration_waits_for_lock", migration=migration.name)
            await asyncio.sleep(LOCK_PAUSE_S)
        else:
            return
    raise MigrationError(
        f"Migration {migration.name} finds a table in use all the time. Nothing of it was applied. "
        "End the long transaction that pg_stat_activity shows (a dump?), then start again."
    )
