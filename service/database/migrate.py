"""Migrations: numbered .sql files, each applied once, in order, in a transaction of its own.

Several processes may start at once: an advisory lock lets one of them migrate. What was applied
is remembered with its checksum, so that an edited or missing file stops the start.

An earlier release may be serving meanwhile, and is not held up (docs/operating/upgrading.md):
indexes of tables that are there are built CONCURRENTLY, before the rest of their file, and a lock
that is not free at once is asked for again, so that nobody queues behind it.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import asyncpg
import structlog

MIGRATIONS = Path(__file__).parent / "migrations"
_TRY_LOCK = "SELECT pg_try_advisory_lock($1)"
WAIT_S = 0.05
LOCK_WAIT_MS_MAX = 200
"""So long a migration waits for a lock, and check-ins behind it: phones do not notice."""
LOCK_PAUSE_S, LOCK_TRIES_MAX = 0.5, 600
"""Then all who wait are let through before it tries again; for five minutes."""
_LOCK = 0x6D65677572693031  # "meguri01": this project's advisory lock for migrating

_TABLE = """
CREATE TABLE IF NOT EXISTS migrations (
    number     integer     PRIMARY KEY,
    name       text        NOT NULL,
    checksum   text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


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


async def migrate(connection: asyncpg.Connection, folder: Path = MIGRATIONS) -> list[str]:
    """Bring the database up to date, held `alone`; returns the names of what was applied."""
    migrations = read_migrations(folder)
    await connection.execute(_TABLE)
    applied = await connection.fetch("SELECT number, name, checksum FROM migrations ORDER BY 1")
    _compare(migrations, applied)
    for migration in migrations[len(applied) :]:
        await _apply(connection, migration)
    return [migration.name for migration in migrations[len(applied) :]]


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


async def _apply(connection: asyncpg.Connection, migration: Migration) -> None:
    """Apply one file. A kill on the way leaves indexes at most: the next start goes on."""
    try:
        for name, statement in migration.indexes.items():
            await _build(connection, name, statement)
        await _transact(connection, migration)
    except (asyncpg.OperatorInterventionError, asyncpg.InsufficientResourcesError):
        raise  # the database is ill, not the file
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
