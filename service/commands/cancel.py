"""Call a rally off."""

import argparse

from domain.rally import cancel_rally
from service.commands.common import by, change, known
from service.config import Config
from service.engine import open_engine

NAME = "cancel"
QUIET_LOG = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("rally", metavar="RALLY", help="the rally's id")


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    async with open_engine(config) as engine:
        await change(engine, args.rally, lambda rally, now: cancel_rally(known(rally), now, by()))
