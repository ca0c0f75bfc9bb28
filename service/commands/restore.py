"""Make a database of a backup that meguri backup has written: all of it, or nothing.

Into a data directory (--data) or a database (--database) that has no log yet.
"""

import argparse
import asyncio
import contextlib
import subprocess
from pathlib import Path

import asyncpg
from tqdm import tqdm

from service.commands.common import CommandError, say
from service.config import Config
from service.database.clients import CHUNK_BYTES, ClientError, client, running
from service.database.pool import database
from service.engine import open_engine

NAME = "restore"
QUIET_LOG = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("file", metavar="FILE", type=Path, help="the backup")


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    try:
        async with database(config) as url:
            await _refuse_used(url)
            program = await client("pg_restore", url)
            await asyncio.to_thread(_load, args.file, program, url)
    except ClientError as error:
        raise CommandError(f"{error} Nothing was restored.") from error
    async with open_engine(config) as engine:
        say(f"{await engine.log.size()} facts are restored. To prove it: meguri log check")
        if trouble := await engine.addresses.trouble():
            say(trouble)


async def _refuse_used(url: str) -> None:
    """Raise CommandError if there is a log in the database."""
    connection = await asyncpg.connect(url)
    try:
        used = await connection.fetchval("SELECT to_regclass('events') IS NOT NULL")
    finally:
        await connection.close()
    if used:
        raise CommandError(
            "This database has a log already, and was left as it is. Restore into another one: "
            "name a new --data directory, or an empty --database."
        )


def _load(file: Path, program: Path, url: str) -> None:
    """Send a backup to the database, in one transaction. Raises CommandError."""
    how = ("--no-owner", "--no-privileges", "--single-transaction")
    try:
        dump = file.open("rb")
    except OSError as error:
        raise CommandError(f"{file} cannot be read ({error.strerror}).") from error
    with (
        dump,
        tqdm(total=file.stat().st_size, unit="B", unit_scale=True, leave=False) as bar,
        running(program, url, *how, stdin=subprocess.PIPE) as process,
        contextlib.suppress(BrokenPipeError),  # it has ended early, and `running` says why
    ):
        assert process.stdin is not None
        with process.stdin:
            while chunk := dump.read(CHUNK_BYTES):
                process.stdin.write(chunk)
                bar.update(len(chunk))
