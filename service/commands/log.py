"""Look after the log.

check: every bucket's positions are gapless, its chain of digests is that of its facts, and every
card and every rally equals what folding the log makes of it. Run it while nobody writes, or a batch
that lands in between is reported. It tells the last digest of each bucket: keep that elsewhere, and
--digests holds the log against it.
export: every fact of a rally, or of --all, as a CloudEvent a line (docs/log.md), at any time. A
file that has some lines already is gone on with. --with-keys adds all that a rally needs to run on
elsewhere: whoever has that file can make codes and tokens.
import: take over the lines of a file. What was taken before is not taken again.
"""

import argparse
from pathlib import Path

from tqdm import tqdm

from service.commands.common import CommandError, say
from service.commands.log_moves import take_log, write_log
from service.config import Config
from service.engine import Engine, open_engine
from service.eventlog.chain import contradicted, notes, read_notes, unchained
from service.eventlog.check import check

NAME = "log"
QUIET_LOG = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("what", choices=["check", "export", "import"], help="see above")
    parser.add_argument(
        "name", metavar="RALLY|FILE", nargs="?", help="export: the rally's id; import: the file"
    )
    parser.add_argument("--digests", metavar="FILE", type=Path, help="check: what it said before")
    parser.add_argument("--all", action="store_true", help="export: all rallies")
    parser.add_argument(
        "--with-keys",
        action="store_true",
        help="export --all: with keys, people and sealed addresses; the file is secret",
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=Path,
        help="export: where to, or to go on; without it, to the terminal",
    )


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    if args.what == "export" and bool(args.name) == args.all:
        raise CommandError("Which rally? meguri log export RALLY, or --all")
    if args.what == "import" and not args.name:
        raise CommandError("Which file? meguri log import FILE")
    if args.with_keys and not args.all:
        raise CommandError("Keys move with the whole log: meguri log export --all --with-keys")
    async with open_engine(config) as engine:
        match args.what:
            case "check":
                await _check(engine, args.digests)
            case "export":
                await write_log(engine, args.name, args.out, with_keys=args.with_keys)
            case _:
                await take_log(engine, Path(args.name))


async def _check(engine: Engine, digests: Path | None = None) -> None:
    noted = read_notes(_text(digests)) if digests else []
    if digests and not noted:
        raise CommandError(f"{digests} has no digests. Keep there what meguri log check says.")
    total = await engine.log.size()
    with tqdm(total=total, unit="fact", leave=False) as progress:
        faults = await check(engine.pool, progress.update)
    faults += await contradicted(engine.pool, noted)
    for line in (*await notes(engine.pool), *await unchained(engine.pool), *faults):
        say(str(line))
    if faults:
        raise CommandError(f"The log has {len(faults)} faults in {total} facts.")
    say(f"{total} facts: gapless, chained, and every card and every rally equals its facts.")


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
