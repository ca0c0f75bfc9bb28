"""Writing a log into a file, and taking one over from a file."""

import sys
from pathlib import Path
from typing import BinaryIO

import asyncpg
from tqdm import tqdm

from service.commands.common import CommandError, rally_named, say
from service.engine import Engine
from service.eventlog import exported
from service.eventlog.beside import exported_rows
from service.eventlog.export import Written, name_of_log
from service.eventlog.importing import Import, ImportMistake
from service.eventlog.log_file import NotThisLog, lines_of, may_go_on, open_at, read_found
from service.keys import make_key


async def write_log(
    engine: Engine, rally: str | None, out: Path | None, *, with_keys: bool = False
) -> None:
    """Write a rally's facts (None: all), what it needs besides if `with_keys`, to `out` or to the
    terminal. Raises CommandError."""
    if rally is not None:
        rally_named(engine, rally)
    async with engine.own_connection() as connection:
        if out is None:
            await _write(engine, connection, rally, sys.stdout.buffer, {}, with_keys=with_keys)
            return
        try:
            written, size = await _written(connection, rally, out)
            with open_at(out, size, secret=with_keys) as file:
                facts = await _write(engine, connection, rally, file, written, with_keys=with_keys)
        except NotThisLog as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror}.") from error
    say(f"{facts} {'more ' * bool(size)}facts of {rally or 'all rallies'} in {out}.")
    if with_keys:
        say(f"{out} is secret: whoever has it can make codes and tokens. Delete it after the move.")


async def _written(
    connection: asyncpg.Connection, rally: str | None, out: Path
) -> tuple[Written, int]:
    """What is in the file already, and how long that is. Raises NotThisLog, OSError."""
    if not (size := _size(out)):
        return {}, 0
    with tqdm(total=size, unit="B", unit_scale=True, leave=False) as progress:
        found = read_found(out, progress.update)
    may_go_on(out, found, await name_of_log(connection), rally)
    return found.written, found.size


async def _write(
    engine: Engine,
    connection: asyncpg.Connection,
    rally: str | None,
    file: BinaryIO,
    written: Written,
    *,
    with_keys: bool,
) -> int:
    """Write what is not written; returns how many facts."""
    facts = 0
    with tqdm(total=await engine.log.size(), unit="fact", leave=False) as progress:
        async for lines in exported(connection, rally, progress.update, written):
            file.write(lines)
            facts += lines.count(b"\n")
    if with_keys:
        async for line in exported_rows(connection, await name_of_log(connection), engine.clock()):
            file.write(line)
    file.flush()
    return facts


async def take_log(engine: Engine, path: Path) -> None:
    """Take over the lines of a file. Raises CommandError."""
    async with engine.own_connection() as connection:
        done = Import(engine.log, connection)
        with (
            _opened(path) as file,
            tqdm(total=_size(path), unit="B", unit_scale=True, leave=False) as progress,
        ):
            try:
                await done.run(lines_of(file), progress.update)
            except ImportMistake as error:
                raise CommandError(f"{path}: {error} What was before is taken.") from error
    await engine.refresh()
    for rally in engine.rallies.all():
        await make_key(engine.pool, rally.plan.rally)
    await engine.tell()
    say(f"{done.taken} facts taken over, {done.known} were here already.")
    if done.rows:
        say(f"Keys, people and what else is beside the log: {done.rows} rows.")


def _size(path: Path) -> int:
    """How long a file is; 0 if there is none, or nothing to go on in."""
    return path.stat().st_size if path.is_file() else 0


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
