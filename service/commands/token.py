"""Make a token for a program that acts as a visitor, a spot's staff, a viewer, an organiser.

People are invited (`meguri invite`). A token is listed among the rally's people, under the name
that is given here, and can be revoked there; a visitor's is not.
"""

import argparse

from service import people
from service.commands.common import (
    CommandError,
    by,
    checked_spots,
    organisation_argument,
    organisation_named,
    say,
    spots_argument,
)
from service.config import Config
from service.engine import open_engine
from service.sign_in import AT_DESK, Role, everything_of

NAME = "token"
QUIET_LOG = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("role", choices=[role.value for role in Role], help="for whom")
    parser.add_argument(
        "--rally", metavar="RALLY", help="staff: the rally; organiser, viewer: this one only"
    )
    organisation_argument(parser, "organiser, viewer: all rallies of this organisation")
    spots_argument(parser)
    parser.add_argument("--name", default="meguri token", help="what it is listed as")


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    role = Role(args.role)
    if role in people.DEVICE_ROLES and not (args.rally and args.spot):
        raise CommandError(f"A token for {role} needs --rally RALLY and --spot SPOT.")
    if role is Role.STAFF and len(args.spot) > 1:
        raise CommandError("Staff have one spot; a steward may have several.")
    if args.organisation and (args.rally or role not in AT_DESK):
        raise CommandError("--organisation is for organisers and viewers, without --rally.")
    async with open_engine(config) as engine:
        organisation = await organisation_named(engine, args.organisation)
        where = everything_of(organisation) if organisation else args.rally
        if args.rally:
            checked_spots(engine, args.rally, args.spot)
        person, token = engine.people.new(role, engine.clock(), where, *args.spot)
        if role is not Role.VISITOR:
            await people.add(engine.pool, person, args.name, by(), joined=True)
    say(token)
