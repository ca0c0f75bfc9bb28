"""Migrations: once each, in order; an edited or missing file stops the start."""

import asyncio
import shutil
from pathlib import Path

import asyncpg
import pytest

from service.config import Config
from service.database.migrate import MIGRATIONS, MigrationError, alone, migrate
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
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrated(empty_database, folder)
    bad.write_text("CREATE TABLE half (a int);")
    assert await migrated(empty_database, folder) == [bad.name]
