"""Backups that cannot be written or read: nothing is half done, and a sentence says why."""

import subprocess
from argparse import Namespace
from pathlib import Path

import asyncpg
import pytest
from support import Site

from service.commands import CommandError, backup, restore
from service.config import Config
from service.database.clients import ClientError, running


async def write(database: str, file: Path) -> None:
    await backup.run(Namespace(file=file), Config(database_url=database))


async def read(database: str, file: Path, data: Path) -> None:
    await restore.run(Namespace(file=file), Config(database_url=database, data=data))


async def has_log(database: str) -> bool:
    connection = await asyncpg.connect(database)
    try:
        return bool(await connection.fetchval("SELECT to_regclass('events') IS NOT NULL"))
    finally:
        await connection.close()


async def test_a_backup_is_restored_into_an_empty_database_and_no_other(
    site: Site, database: str, empty_database: str, tmp_path: Path
) -> None:
    file = tmp_path / "whole"
    await write(database, file)
    assert file.stat().st_mode & 0o077 == 0, "it is as secret as the database"
    with pytest.raises(CommandError, match="left as it is"):
        await read(database, file, tmp_path)
    await read(empty_database, file, tmp_path)
    assert await has_log(empty_database)


async def test_a_file_that_is_there_is_not_written_over(database: str, tmp_path: Path) -> None:
    file = tmp_path / "tonight"
    file.write_text("yesterday's")
    with pytest.raises(CommandError, match="is there already"):
        await write(database, file)
    assert [each.read_text() for each in tmp_path.iterdir()] == ["yesterday's"]


async def test_a_torn_backup_restores_nothing(
    database: str, empty_database: str, tmp_path: Path
) -> None:
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    await write(database, whole)
    content = whole.read_bytes()
    torn.write_bytes(content[: len(content) // 2])
    with pytest.raises(CommandError, match="Nothing was restored"):
        await read(empty_database, torn, tmp_path)
    assert not await has_log(empty_database)
    with pytest.raises(CommandError, match="cannot be read"):
        await read(empty_database, tmp_path / "none", tmp_path)


async def test_a_place_that_cannot_be_written_is_named(database: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"cannot be written \(No such file or directory\)"):
        await write(database, tmp_path / "nowhere" / "file")


def test_the_password_is_in_no_processs_arguments(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\necho "$@" "$PGPASSWORD"\n')
    program.chmod(0o755)
    url = "postgresql://me:s%40crt@db:5432/meguri?sslmode=require"
    with running(program, url, "--x", stdout=subprocess.PIPE) as process:
        assert process.stdout
        said = process.stdout.read().decode()
    assert said == "--x --dbname=postgresql://me@db:5432/meguri?sslmode=require s@crt\n"


def test_a_program_that_fails_is_quoted(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho first >&2\necho no room left >&2\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(ClientError, match="no room left"), running(program, "postgresql://h/d"):
        pass
