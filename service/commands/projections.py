"""Look after the projections."""

import argparse

from projections.catalogue import CATALOGUE
from projections.follow import read_lag
from service.commands.common import say
from service.config import Config
from service.engine import open_engine

NAME = "projections"
QUIET_LOG = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("what", choices=["status"], help="status: how far each one is")


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    async with open_engine(config) as engine:
        for name, projection in CATALOGUE.items():
            lag = await read_lag(engine.pool, projection, engine.clock())
            say(f"{name}: {lag.facts} facts behind, {lag.seconds:.1f} s")
