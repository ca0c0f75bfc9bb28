"""Look after the projections: what staff and organisers look at, made from the log.

status: how far each one is, how large, when it was built.
rebuild: make it anew from the log, while people go on looking at the old one.
verify: make it anew aside and report every row in which it differs; nobody is held up.
"""

import argparse
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
from tqdm import tqdm

from projections.catalogue import CATALOGUE
from projections.contract import Projection
from projections.rebuild import rebuild, verify
from projections.shadow import BuildHindered
from projections.status import Status, read_statuses
from service.commands.common import CommandError, local, say
from service.config import Config
from service.engine import Engine, open_engine

NAME = "projections"
QUIET_LOG = True
_BAR = "{desc:<12} {percentage:3.0f}% {bar:30} {n_fmt}/{total_fmt} facts, {rate_fmt}, {remaining}"
_SIZES = ("B", "kB", "MB", "GB", "TB")

Advanced = Callable[[int], object]
T = TypeVar("T")


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("what", choices=["status", "rebuild", "verify"], help="see above")
    names = ", ".join(CATALOGUE)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones: {names}")
    parser.add_argument("--all", action="store_true", help="all of them")
    parser.add_argument(
        "--share",
        type=int,
        default=100,
        metavar="PERCENT",
        help="rebuild: be at work for so much of the time only (100)",
    )


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    async with open_engine(config) as engine:
        if args.what == "status":
            await _status(engine, _chosen(args, all_=True))
        elif args.what == "rebuild":
            await _rebuild(engine, _chosen(args), _share(args))
        else:
            await _verify(engine, _chosen(args))


def _chosen(args: argparse.Namespace, *, all_: bool = False) -> list[Projection]:
    """The projections that are meant. Raises CommandError."""
    unknown = [name for name in args.names if name not in CATALOGUE]
    if unknown:
        known = ", ".join(CATALOGUE)
        raise CommandError(f"There is no projection {', '.join(unknown)} (there are: {known}).")
    if not args.names and not args.all and not all_:
        raise CommandError(f"Which one? Name it ({', '.join(CATALOGUE)}), or say --all.")
    return [CATALOGUE[name] for name in dict.fromkeys(args.names or CATALOGUE)]


def _share(args: argparse.Namespace) -> float:
    if not 1 <= args.share <= 100:
        raise CommandError("--share is a percentage from 1 to 100.")
    return float(args.share / 100)


async def _status(engine: Engine, projections: list[Projection]) -> None:
    statuses = await read_statuses(engine.pool, projections, engine.clock())
    say(f"{'projection':<12} {'facts read':>26} {'lag':>9} {'size':>9}  built")
    for status in statuses:
        read = f"{status.facts:,} of {status.total:,}"
        lag = f"{status.lag.seconds:.1f} s"
        say(
            f"{status.name:<12} {read:>26} {lag:>9} {_size(status.size):>9}  "
            f"{local(status.built_at)}{_remark(status)}"
        )
    for status in statuses:
        if status.lag.error:
            say(f"\n{status.name} stands still: {status.lag.error}")
    if any(status.lag.error for status in statuses):
        raise CommandError(
            "The log and everything else go on. Start the release that knows this fact, or report "
            "it; the projection then goes on by itself."
        )


def _remark(status: Status) -> str:
    if status.lag.error:
        return "  STANDS STILL"
    if status.rebuilt is not None:
        return f"  being rebuilt: {status.rebuilt / max(1, status.total):.0%}"
    return "" if status.current else "  of another release: to be rebuilt"


def _size(size: float) -> str:
    for unit in _SIZES:
        if size < 1_000 or unit == _SIZES[-1]:
            return f"{size:.0f} {unit}"
        size /= 1_000
    raise AssertionError


async def _rebuild(engine: Engine, projections: list[Projection], share: float) -> None:
    for projection in projections:
        await _work(
            engine,
            projection,
            lambda connection, projection, advanced: rebuild(
                connection, projection, advanced, share
            ),
        )
        say(f"{projection.name}: rebuilt.")


async def _verify(engine: Engine, projections: list[Projection]) -> None:
    wrong = []
    for projection in projections:
        differences = await _work(engine, projection, verify)
        for difference in differences:
            say(difference)
        if differences:
            wrong.append(projection.name)
        else:
            say(f"{projection.name}: equal to the log.")
    if wrong:
        names = " ".join(wrong)
        raise CommandError(
            f"Not equal to the log: {names}. Mend it: meguri projections rebuild {names}"
        )


async def _work(
    engine: Engine,
    projection: Projection,
    work: Callable[[asyncpg.Connection, Projection, Advanced], Awaitable[T]],
) -> T:
    """Do something that reads the whole log, behind a progress bar."""
    total = await engine.log.size()
    with tqdm(total=total, desc=projection.name, bar_format=_BAR, leave=False) as bar:
        try:
            async with engine.own_connection() as connection:
                return await work(connection, projection, bar.update)
        except BuildHindered as hindered:
            raise CommandError(str(hindered)) from hindered
