"""Invite an organiser, a viewer, a steward or a spot's staff: prints a link that is good once.

Whoever opens it on a phone, a tablet or a PC is signed in there, without a password; organisers and
viewers then keep signing in with a passkey. The first organiser is invited here, others also from
the rally's page of people.
"""

import argparse

from domain.rally import NotAllowed
from qr.images import text
from service.commands.common import (
    CommandError,
    by,
    local,
    organisation_argument,
    organisation_named,
    rally_named,
    say,
    spots_argument,
)
from service.config import Config
from service.engine import open_engine
from service.invitations import INVITED, Invited, invite, may_invite
from service.people import NAME_MAX
from service.sign_in import Role, everything_of

NAME = "invite"
QUIET_LOG = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("role", choices=[role.value for role in INVITED], help="as what")
    parser.add_argument("rally", metavar="RALLY", nargs="?", help="the rally's id")
    parser.add_argument(
        "--all", action="store_true", help="organiser, viewer: for all rallies, also those to come"
    )
    organisation_argument(parser, "organiser, viewer: for all rallies of this organisation")
    spots_argument(parser)
    parser.add_argument("--name", metavar="NAME", help="who it is, or which device")
    parser.add_argument(
        "--public-url",
        metavar="URL",
        help="what phones reach the service by (MEGURI_PUBLIC_URL)",
    )


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    if config.public_url is None:
        raise CommandError("The link holds the public address: give it with --public-url https://…")
    if [bool(args.rally), args.all, bool(args.organisation)].count(True) != 1:
        raise CommandError("For which rally? Name it, or say --organisation or --all.")
    name = (args.name or args.role)[:NAME_MAX]
    async with open_engine(config) as engine:
        organisation = await organisation_named(engine, args.organisation)
        where = everything_of(organisation) if organisation else args.rally
        invited = Invited(Role(args.role), where, tuple(args.spot), name)
        try:
            may_invite(invited, rally_named(engine, args.rally).plan if args.rally else None)
        except NotAllowed as refused:
            raise CommandError(str(refused)) from refused
        made = await invite(engine.pool, invited, by(), engine.clock())
    address = config.public_url.rstrip("/") + made.path
    say(text(address))
    say(address)
    say(f"Good once, until {local(made.expires_at)}, for {args.role} {name}.")
