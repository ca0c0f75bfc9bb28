"""Void a rally's printed codes: those of one spot, or all. New ones are made with a new key.

The codes that were printed so far are refused from the next scan on, in every process. Write and
print new ones with `meguri codes RALLY`.
"""

import argparse

from domain.rally import revoke_code
from service.commands.common import by, known, rally_named, say
from service.config import Config
from service.engine import open_engine
from service.eventlog.log import RallyDecision

NAME = "revoke"
QUIET_LOG = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("rally", metavar="RALLY", help="the rally's id")
    parser.add_argument("--spot", metavar="SPOT", help="only this spot's codes")


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    async with open_engine(config) as engine:
        rally_named(engine, args.rally)
        for key in engine.keyring.code_keys(args.rally):
            await engine.change(args.rally, _void(key.id, args.spot))
        await engine.make_key(args.rally)
        newest = engine.keyring.newest_code_key(args.rally)
    assert newest is not None, "it has just been made"
    what = f"of {args.spot}" if args.spot else "of all spots"
    say(f"The codes {what} are void. New ones are made with key {newest.id}.")


def _void(key_id: int, spot: str | None) -> RallyDecision:
    return lambda rally, now: revoke_code(known(rally), key_id, spot, now, by())
