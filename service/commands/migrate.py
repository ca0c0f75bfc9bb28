"""Bring the database up to date: apply what is new, grant the service its rights.

For the login that owns the tables. Services may then have a login of their own that owns nothing:
    CREATE ROLE meguri_app LOGIN PASSWORD '…' IN ROLE meguri_service
`meguri serve` does the same by itself when its login may. Doing it twice is doing it once.
"""

import argparse

from service.commands.common import CommandError, say
from service.config import Config
from service.database.citus import spread
from service.database.migrate import alone, bring_up_to_date, outstanding
from service.database.pool import database, login

NAME = "migrate"
QUIET_LOG = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument(
        "--check", action="store_true", help="change nothing; fail if there is something to do"
    )


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    async with database(config) as dsn, login(dsn) as connection:
        if args.check:
            left = await outstanding(connection)
            for each in left:
                say(f"to do: {each}")
            if left:
                raise CommandError("The database is not ready for this program: meguri migrate")
        else:
            async with alone(connection):
                for each in await bring_up_to_date(connection):
                    say(f"done: {each}")
                if await spread(connection):
                    say("The log is spread over the nodes of the cluster.")
        say("The database is ready for this program.")
