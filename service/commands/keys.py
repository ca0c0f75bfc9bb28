"""Change the master key: wrap with the present one all that an older one has wrapped.

Move the old file aside, then name it here; a new one is made if there is none. What runs takes the
new one by itself. Say it again until it finds nothing: a visitor may have come in between.
"""

import argparse
from pathlib import Path

from service.commands.common import CommandError, say
from service.config import Config
from service.engine import open_engine
from service.master_key import MasterKeyFile

NAME = "keys"
QUIET_LOG = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("old", metavar="OLD_FILE", type=Path, help="the master key so far")


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    old = MasterKeyFile(args.old).read()
    if old is None:
        raise CommandError(f"There is no file {args.old}.")
    present = MasterKeyFile(config.master_key_path).read()
    if present is not None and present.id == old.id:
        raise CommandError(f"{args.old} holds the present master key. Move that file aside first.")
    async with open_engine(config) as engine:
        count = await engine.addresses.rotate(old)
    say(f"Visitors' keys wrapped anew: {count}. The master key is in {config.master_key_path}.")
