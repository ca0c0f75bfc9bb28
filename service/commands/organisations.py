"""List the organisations that run rallies here, or `add` one: ORGANISATION and its --name.

Each sees its own rallies alone. Its organisers are invited with `meguri invite organiser
--organisation ORGANISATION`, and lay out its rallies themselves. To add one again is to rename it.
"""

import argparse

from domain.rally import NotAllowed
from service.commands.common import CommandError, by, say
from service.config import Config
from service.engine import open_engine
from service.organisations import add, organisations

NAME = "organisations"
QUIET_LOG = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("do", choices=["list", "add"], nargs="?", default="list")
    parser.add_argument("organisation", metavar="ORGANISATION", nargs="?", help="its id")
    parser.add_argument("--name", metavar="NAME", default="", help="what people call it")


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    if (args.do == "add") != bool(args.organisation):
        raise CommandError("Say: meguri organisations add ORGANISATION --name NAME")
    async with open_engine(config) as engine:
        if args.do == "add":
            try:
                await add(engine.pool, args.organisation, args.name, by(), engine.clock())
            except NotAllowed as refused:
                raise CommandError(str(refused)) from refused
        there = await organisations(engine.pool)
    for one in there:
        say(f"{one.id}\t{one.name}\t{one.rallies} rallies\t{one.people} people")
    if not there:
        say("None yet: every rally is the installation's own.")
