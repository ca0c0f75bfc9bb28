"""Try a rally out before it begins: a rehearsal with codes and figures of its own, open at once."""

import argparse

from service.commands.common import by, rally_named, say
from service.config import Config
from service.engine import open_engine

NAME = "rehearse"
QUIET_LOG = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("rally", metavar="RALLY", help="the rally's id")


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    async with open_engine(config) as engine:
        rally_named(engine, args.rally)
        plan = (await engine.rehearse(args.rally, by())).plan
    say(f"{plan.rally} is open until {plan.last_day}: nothing in it counts, and no hours or places")
    say("are asked for. The rehearsal before it, if there was one, is closed.")
    say(f"Next: /r/{plan.rally}/organiser, or meguri codes {plan.rally} --out DIR")
