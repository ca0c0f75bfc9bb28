"""Let simulated visitors walk through a rally of a running service.

They check in over HTTP as phones do, at times of the last days that the plan still accepts as
late scans. Never do this to a real rally: their visits are facts like any other.
"""

import argparse

from tqdm import tqdm

from service.commands.common import CommandError, rally_named, say
from service.config import Config
from service.engine import open_engine
from service.simulate import simulate

NAME = "simulate"
QUIET_LOG = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("rally", metavar="RALLY", help="the rally's id")
    parser.add_argument("--visitors", metavar="N", type=int, default=200, help="how many (200)")
    parser.add_argument("--url", default="http://127.0.0.1:8017", help="the running service")
    parser.add_argument("--seed", type=int, default=1, help="the same seed walks the same ways")


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    async with open_engine(config) as engine:
        rally = rally_named(engine, args.rally)
        if not rally.openings:
            raise CommandError(f"{args.rally} is not open yet: meguri open {args.rally}")
        with tqdm(total=args.visitors, unit="visitor", leave=False) as progress:
            walked = await simulate(
                engine, rally, args.url, args.visitors, args.seed, progress.update
            )
    say(f"{args.visitors} visitors: {walked}")
