"""Look after the log.

check: every bucket's positions are gapless, and every card and every rally equals what folding
the log makes of it. Run it while nobody writes, or a batch that lands
in between is reported.
export: every fact of a rally, as a CloudEvent a line (docs/open-data.md), at any time.
"""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from tqdm import tqdm

from service.commands.common import CommandError, rally_named, say
from service.config import Config
from service.engine import Engine, open_engine
from service.eventlog import exported
from service.eventlog.check import check

NAME = "log"
QUIET_LOG = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("what", choices=["check", "export"], help="see above")
    parser.add_argument("rally", metavar="RALLY", nargs="?", help="export: the rally's id")
    parser.add_argument(
        "--out", metavar="FILE", type=Path, help="export: where to; without it, to the terminal"
    )


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    async with open_engine(config) as engine:
        if args.what == "check":
            await _check(engine)
        elif args.rally is None:
            raise CommandError("Which rally? meguri log export RALLY")
        else:
            await _export(engine, args.rally, args.out)


async def _check(engine: Engine) -> None:
    total = await engine.log.size()
    with tqdm(total=total, unit="fact", leave=False) as progress:
        faults = await check(engine.pool, progress.update)
    for fault in faults:
        say(fault)
    if faults:
        raise CommandError(f"The log has {len(faults)} faults in {total} facts.")
    say(f"{total} facts: gapless, and every card and rally equals its facts.")


async def _export(engine: Engine, name: str, out: Path | None) -> None:
    rally_named(engine, name)
    with ExitStack() as stack:
        try:
            file = stack.enter_context(out.open("wb")) if out else sys.stdout.buffer
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror}.") from error
        facts = await _write(engine, name, file)
    if out is not None:
        say(f"{facts} facts of {name} in {out}.")


async def _write(engine: Engine, name: str, file: BinaryIO) -> int:
    facts = 0
    with tqdm(total=await engine.log.size(), unit="fact", leave=False) as progress:
        async with engine.own_connection() as connection:
            async for lines in exported(connection, name, progress.update):
                file.write(lines)
                facts += lines.count(b"\n")
    file.flush()
    return facts
