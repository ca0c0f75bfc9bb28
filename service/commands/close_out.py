"""Close a rally out, step by step; without an option: which steps are done, and what is next.

Each step may be said again, also after a crash, and stays what it was. The steps of the draw are
those of `meguri draw`; winners and hand-overs are on the page /r/RALLY/close-out.
"""

import argparse

from domain.close_out import late_until, thaw
from domain.rally import Rally
from service import closing
from service.closing import Overview
from service.commands.common import by, local, rally_named, say
from service.config import Config
from service.engine import of_known, open_engine

NAME = "close-out"
QUIET_LOG = True
_WORDS = {
    "commit": "commit to the draw",
    "freeze": "freeze the results",
    "review": "look through marked visits",
    "fix": "fix the entries",
    "hold": "hold the draw",
    "gather": "gather addresses",
    "hand-over": "hand the prizes over",
    "reconcile": "reconcile",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("rally", metavar="RALLY", help="the rally's id")
    step = parser.add_mutually_exclusive_group()
    step.add_argument(
        "--freeze",
        action="store_true",
        help="take no visit any more, not even late ones; when the rally is over",
    )
    step.add_argument("--thaw", action="store_true", help="take late ones again")
    step.add_argument(
        "--reviewed", action="store_true", help="say that marked visits were looked through"
    )


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    async with open_engine(config) as engine:
        rally = rally_named(engine, args.rally)
        if args.freeze:
            rally = await engine.freeze(args.rally, by())
        elif args.thaw:
            rally = await engine.change(args.rally, of_known(thaw, by()))
        elif args.reviewed:
            rally = await closing.reviewed(engine, args.rally, by())
        _tell(rally, await closing.read_overview(engine, rally))


def _tell(rally: Rally, view: Overview) -> None:
    for step in view.steps:
        say(f"{step.state:6} {_WORDS[step.name]}")
    if rally.frozen:
        positions = " ".join(map(str, rally.frozen.positions))
        say(f"frozen at   {local(rally.frozen.at)}, positions {positions}")
    else:
        say(f"late scans  may come until {local(late_until(rally))}")
    say(f"marked      {view.marked.marked} visits, {view.marked.void} void")
    for line in view.lines:
        if line.difference:
            say(f"differs     {line.prize or 'all'}, {line.what}: {line.expected} {line.found}")
    say(f"differences {view.tally.differences}")
