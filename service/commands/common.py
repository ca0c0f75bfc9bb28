"""What several commands need."""

import argparse
import getpass
import sys
from datetime import datetime

from domain.rally import Rally
from service.engine import Engine
from service.eventlog.log import RallyDecision
from service.organisations import organisations


class CommandError(Exception):
    """The command cannot be done; the text says why and what to do."""


def say(text: str = "") -> None:
    """A line for whoever runs the command."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def by() -> str:
    """Who makes a change from the command line, as facts remember it."""
    try:
        return f"command:{getpass.getuser()}"
    except (KeyError, OSError):  # a uid without a name
        return "command"


def rally_named(engine: Engine, name: str) -> Rally:
    """The rally `name`. Raises CommandError, naming those there are."""
    rally = engine.rallies.get(name)
    if rally is None:
        known = ", ".join(each.plan.rally for each in engine.rallies.all()) or "none yet"
        raise CommandError(f"There is no rally {name} here (there are: {known}).")
    return rally


def organisation_argument(parser: argparse.ArgumentParser, meaning: str) -> None:
    """`--organisation`, for whom something is."""
    parser.add_argument("--organisation", metavar="ORGANISATION", help=meaning)


async def organisation_named(engine: Engine, name: str | None) -> str | None:
    """An organisation's id, if one is said. Raises CommandError, naming those there are."""
    if name is not None:
        there = [each.id for each in await organisations(engine.pool)]
        if name not in there:
            known = ", ".join(there) or "none yet"
            raise CommandError(
                f"There is no organisation {name} here (there are: {known}). "
                "Add it with: meguri organisations add"
            )
    return name


def spots_argument(parser: argparse.ArgumentParser) -> None:
    """`--spot`, of whoever works at some."""
    parser.add_argument(
        "--spot",
        metavar="SPOT",
        action="append",
        default=[],
        help="staff: their spot; steward: each of them",
    )


def checked_spots(engine: Engine, name: str, spots: list[str]) -> None:
    """See that the rally `name` has these spots. Raises CommandError."""
    known = rally_named(engine, name).course.spots
    for spot in spots:
        if spot not in known:
            raise CommandError(f"The rally {name} has no spot {spot}.")


async def change(engine: Engine, name: str, decision: RallyDecision) -> Rally:
    """Change the rally `name` and say what it is now."""
    rally_named(engine, name)
    rally = await engine.change(name, decision)
    say(f"{name} is {rally.status}.")
    return rally


def known(rally: Rally | None) -> Rally:
    """A rally that `rally_named` has found before; rallies are never removed."""
    assert rally is not None
    return rally


def local(moment: datetime) -> str:
    """A moment as the terminal's user reads it."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
