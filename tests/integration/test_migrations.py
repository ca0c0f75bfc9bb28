"""Migrations: once each, in order; an edited or missing file stops the start."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from support import PLANS, on_server

from service.config import Config
from service.database.migrate import alone, migrate
from service.database.migration import MIGRATIONS, MigrationError
from service.engine import open_engine


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the migrations that a test may spoil."""
    return Path(shutil.copytree(MIGRATIONS, tmp_path / "migrations"))


async def migrated(url: str, folder: Path) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        async with alone(connection):
            return await migrate(connection, folder)
    finally:
        await connection.close()


async def test_each_file_is_applied_once(empty_database: str, folder: Path) -> None:
    assert await migrated(empty_database, folder) == [
        path.name for path in sorted(folder.glob("*.sql"))
    ]
    assert await migrated(empty_database, folder) == []


async def test_processes_that_start_together_migrate_once(empty_database: str) -> None:
    async def start() -> int:
        async with open_engine(Config(database_url=empty_database)) as engine:
            return engine.log.visitor_buckets

    assert len(set(await asyncio.gather(*(start() for _ in range(4))))) == 1


async def test_an_edited_file_stops_the_start(empty_database: str, folder: Path) -> None:
    await migrated(empty_database, folder)
    with (folder / "0001_log.sql").open("a") as file:
        file.write("-- one more thought\n")
    with pytest.raises(MigrationError, match=r"0001_log\.sql was edited"):
        await migrated(empty_database, folder)


async def test_a_missing_file_stops_the_start(empty_database: str, folder: Path) -> None:
    last = max(folder.glob("*.sql"))
    await migrated(empty_database, folder)
    last.unlink()
    with pytest.raises(MigrationError, match=f"{last.name} .*missing"):
        await migrated(empty_database, folder)


async def test_a_renamed_file_stops_the_start(empty_database: str, folder: Path) -> None:
    await migrated(empty_database, folder)
    (folder / "0001_log.sql").rename(folder / "0001_other.sql")
    with pytest.raises(MigrationError, match=r"0001_log\.sql .*missing"):
        await migrated(empty_database, folder)


async def test_a_stray_number_stops_the_start(empty_database: str, folder: Path) -> None:
    (folder / "9999_stray.sql").write_text("SELECT 1")
    with pytest.raises(MigrationError, match=r"9999_stray\.sql is out of line"):
        await migrated(empty_database, folder)


async def test_a_failing_file_leaves_nothing_behind(empty_database: str, folder: Path) -> None:
    number = len(list(folder.glob("*.sql"))) + 1
    bad = folder / f"{number:04d}_bad.sql"
    bad.write_text("CREATE TABLE half (a int); SELECT 1 / 0;")
    with pytest.raises(MigrationError, match=r"_bad\.sql failed: division by zero"):
        await migrated(empty_database, folder)
    bad.write_text("CREATE TABLE half (a int);")
    assert await migrated(empty_database, folder) == [bad.name]


# --- while others write ---

INSERT = """
INSERT INTO events (bucket, position, occurred_at, recorded_at, type, rally)
SELECT 1, coalesce(max(position), 0) + 1, now(), now(), 'CheckInRefused', 'r' FROM events
"""
INDEXES = "SELECT indexdef AS def FROM pg_indexes WHERE schemaname = $1"
MIGRATIONS_KEY = "CREATE UNIQUE INDEX migrations_pkey ON migrations USING btree (number)"
FIRST_MIGRATIONS = 2
"""So many the first release had."""


@pytest_asyncio.fixture
async def old(empty_database: str, tmp_path: Path) -> str:
    """The address of a database as the first release has left it."""
    first = tmp_path / "first"
    first.mkdir()
    for path in sorted(MIGRATIONS.glob("*.sql"))[:FIRST_MIGRATIONS]:
        shutil.copy(path, first)
    await migrated(empty_database, first)
    return empty_database


@asynccontextmanager
async def in_transaction(url: str, statement: str) -> AsyncIterator[None]:
    """Somebody has said this and has not ended their transaction yet."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(statement)
            yield
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "statement", [INSERT, "SELECT count(*) FROM events"], ids=["write", "read"]
)
async def test_nobody_waits_behind_a_migration_that_waits(
    old: str, folder: Path, statement: str
) -> None:
    """Writers pass while somebody's long transaction keeps the migration from its locks."""
    writer = await asyncpg.connect(old, server_settings={"lock_timeout": "2s"})
    async with asyncio.TaskGroup() as group, in_transaction(old, statement):
        migrating = group.create_task(migrated(old, folder))
        for _ in range(40):
            await writer.execute(INSERT.replace("SELECT 1", "SELECT 2"))
            await asyncio.sleep(0.05)
        assert not migrating.done()
    await writer.close()
    assert len(migrating.result()) == len(list(folder.glob("*.sql"))) - FIRST_MIGRATIONS


async def test_an_index_that_was_left_half_built_is_built_anew(old: str, folder: Path) -> None:
    """Two facts that a unique index does not allow leave it invalid; without them it is whole."""
    connection = await asyncpg.connect(old)
    twice = "INSERT INTO events (bucket, position, occurred_at, recorded_at, type, rally, scan_id)"
    for position in (1, 2):
        await connection.execute(
            f"{twice} VALUES (0, {position}, now(), now(), 'CodeRevoked', 'r', $1)", UUID(int=7)
        )
    with pytest.raises(MigrationError, match=r"0003.* failed: could not create unique index"):
        await migrated(old, folder)
    await connection.execute("DELETE FROM events")
    assert (await migrated(old, folder))[0].startswith("0003")
    assert await connection.fetchval("SELECT bool_and(indisvalid) FROM pg_index")
    await connection.close()


async def test_every_index_is_that_which_its_file_says(empty_database: str, folder: Path) -> None:
    """Built aside or in the file's own transaction: the same indexes."""
    await migrated(empty_database, folder)
    connection = await asyncpg.connect(empty_database)
    await connection.execute("CREATE SCHEMA plain; SET search_path = plain")
    for path in sorted(folder.glob("*.sql")):
        await connection.execute(f"{path.read_text()};\nSELECT")
    made = [
        {row["def"].replace(f"{schema}.", "") for row in await connection.fetch(INDEXES, schema)}
        for schema in ("public", "plain")
    ]
    await connection.close()
    assert made[0] - made[1] == {MIGRATIONS_KEY}
    assert made[1] <= made[0]


# --- what an operator is told ---


async def told(*arguments: str) -> tuple[int, str]:
    """A command's exit code and what it says on standard error."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service", *arguments),
        cwd=PLANS.parent,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    return process.returncode or 0, said.decode().splitlines()[-1]


async def test_a_database_of_a_newer_release_stops_the_start_with_a_sentence(database: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute("INSERT INTO migrations VALUES (9999, '9999_of_a_later_year.sql', '')")
    await connection.close()
    code, said = await told("serve", "--port", "0", "--database", database)
    assert code == 1
    assert "Start the newer program" in said


async def test_a_database_that_is_not_there_is_named(server: str) -> None:
    code, said = await told("log", "check", "--database", on_server(server, "nowhere"))
    assert code == 1
    assert said.startswith('meguri: The database says: database "nowhere" does not exist.')
