"""Make a token: for a visitor, for a spot's staff, for an organiser."""

import argparse

from service.commands.common import CommandError, rally_named, say
from service.config import Config
from service.engine import open_engine
from service.sign_in import Role

NAME = "token"
QUIET_LOG = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("role", choices=[role.value for role in Role], help="for whom")
    parser.add_argument(
        "--rally", metavar="RALLY", help="staff: the rally; organiser: this one only"
    )
    parser.add_argument("--spot", metavar="SPOT", help="staff: their spot")


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    role = Role(args.role)
    if role is Role.STAFF and not (args.rally and args.spot):
        raise CommandError("A token for staff needs --rally RALLY and --spot SPOT.")
    async with open_engine(config) as engine:
        if args.rally:
            plan = rally_named(engine, args.rally).plan
            if args.spot and args.spot not in {spot.id for spot in plan.spots}:
                raise CommandError(f"The rally {args.rally} has no spot {args.spot}.")
        _, token = engine.people.new(role, engine.clock(), args.rally, args.spot)
    say(token)
