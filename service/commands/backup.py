"""Write a backup: all that the database holds, at one moment, in one file.

Check-ins go on meanwhile. The file is there when it is whole and not before, and meguri restore
makes a database of it. It is as secret as the database. The master key, which opens the addresses
of those who are sent prizes, is not in it: keep a copy of that file in another place
(docs/operating/backup.md).
"""

import argparse
import asyncio
import os
import subprocess
from pathlib import Path

from tqdm import tqdm

from service.commands.common import CommandError, say
from service.config import Config
from service.database.clients import CHUNK_BYTES, ClientError, client, running
from service.database.pool import database

NAME = "backup"
QUIET_LOG = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("file", metavar="FILE", type=Path, help="the backup to write")


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    try:
        async with database(config) as url:
            program = await client("pg_dump", url)
            size = await asyncio.to_thread(_write, args.file, program, url)
    except ClientError as error:
        raise CommandError(f"{error} No backup was written.") from error
    say(f"{args.file}: {size:,} bytes. To make a database of it: meguri restore {args.file}")
    say(f"It lacks the master key: keep a copy of {config.master_key_path} in another place.")


def _write(file: Path, program: Path, url: str) -> int:
    """Write the file, whole or not at all; returns its size in bytes. Raises CommandError."""
    half = file.with_name(f".{file.name}.half")
    try:
        if file.exists():
            raise CommandError(f"{file} is there already, and was left as it is. Name a new file.")
        _dump(half, program, url)
        half.rename(file)
        return file.stat().st_size
    except OSError as error:
        raise CommandError(
            f"{file} cannot be written ({error.strerror}). Name another place, or make room."
        ) from error
    finally:
        half.unlink(missing_ok=True)


def _dump(half: Path, program: Path, url: str) -> None:
    """Write to a file that nobody else may read, down to the disk."""
    how = ("--format=custom", "--no-owner", "--no-privileges")
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with (
        open(descriptor, "wb") as out,
        tqdm(unit="B", unit_scale=True, leave=False) as bar,
        running(program, url, *how, stdout=subprocess.PIPE) as process,
    ):
        assert process.stdout is not None
        while chunk := process.stdout.read(CHUNK_BYTES):
            out.write(chunk)
            bar.update(len(chunk))
        out.flush()
        os.fsync(descriptor)
