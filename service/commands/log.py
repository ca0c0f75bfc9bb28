"""Look after the log.

check: every bucket's positions are gapless, and every card and every rally equals what folding
the log makes of it. Run it while nobody writes, or a batch that lands
in between is reported.
"""

import argparse

from tqdm import tqdm

from service.commands.common import CommandError, say
from service.config import Config
from service.engine import open_engine
from service.eventlog.check import check

NAME = "log"
QUIET_LOG = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("what", choices=["check"], help="check: is the log whole?")


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    async with open_engine(config) as engine:
        total = await engine.log.size()
        with tqdm(total=total, unit="fact", leave=False) as progress:
            faults = await check(engine.pool, progress.update)
    for fault in faults:
        say(fault)
    if faults:
        raise CommandError(f"The log has {len(faults)} faults in {total} facts.")
    say(f"{total} facts: gapless, and every card and rally equals its facts.")
