"""Postgres's own client programs (pg_dump, pg_restore): which to run, and how on a database."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg

from service.database.keeper.binaries import SYSTEM_BINARIES, find_binaries

CHUNK_BYTES = 1 << 20
"""So much of a backup is passed on at once."""


class ClientError(Exception):
    """A client program is missing or has failed; the text says which, why and what to do."""


async def client(name: str, url: str) -> Path:
    """The program `name` that fits the server of `url`: of its version, else of a newer one.

    Raises ClientError.
    """
    connection = await asyncpg.connect(url)
    wanted = connection.get_server_version().major
    await connection.close()
    found: dict[int, Path] = {}
    for program in _programs(name):
        if (major := _major(program)) is not None:
            found.setdefault(major, program)
    fitting = [major for major in sorted(found) if major >= wanted]
    if not fitting:
        raise ClientError(
            f"No {name} for PostgreSQL {wanted} was found. Install it, for example: "
            f"apt install postgresql-client-{wanted}"
        )
    return found[fitting[0]]


def _programs(name: str) -> list[Path]:
    """Where the program may be: beside the embedded server, the system's, on the path."""
    on_path = shutil.which(name)
    folders = [*find_binaries(), *sorted(SYSTEM_BINARIES.glob("*/bin"))]
    programs = [folder / name for folder in folders] + ([Path(on_path)] if on_path else [])
    return [program for program in programs if program.exists()]


def _major(program: Path) -> int | None:
    """The major version of a program; None if it does not run."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True)  # noqa: S603
    found = re.search(r"\) (\d+)", said.stdout)
    return int(found[1]) if found else None


@contextmanager
def running(
    program: Path, url: str, *arguments: str, stdin: int | None = None, stdout: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A program at work on a database; at the end it has done its work. Raises ClientError.

    The password goes by the environment: everybody may see a process's arguments.
    """
    bare, password = _without_password(url)
    environment = os.environ | ({"PGPASSWORD": password} if password else {})
    command: list[str | Path] = [program, *arguments, f"--dbname={bare}"]
    with (
        TemporaryFile() as complaint,
        subprocess.Popen(  # noqa: S603 - Postgres's own programs
            command, stdin=stdin, stdout=stdout, stderr=complaint, env=environment
        ) as process,
    ):
        yield process
        if process.wait() != 0:
            complaint.seek(0)
            *_, said = ["no reason given", *complaint.read().decode(errors="replace").splitlines()]
            raise ClientError(f"{program} failed ({said}).")


def _without_password(url: str) -> tuple[str, str | None]:
    """An address without its password, and that."""
    parts = urlsplit(url)
    who, at, place = parts.netloc.rpartition("@")
    name, _, password = who.partition(":")
    return urlunsplit(parts._replace(netloc=f"{name}{at}{place}")), unquote(password) or None
