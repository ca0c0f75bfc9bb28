"""`meguri …`: reads the arguments, calls a command, answers with an exit code."""

import argparse
import os
import sys
from collections.abc import Sequence

import uvloop

from domain.rally import NotAllowed
from service import logs
from service.commands import COMMANDS, CommandError
from service.complaints import REFUSED, complaint
from service.config import Config, ConfigError, read_config
from service.database.embedded import EmbeddedPostgresError
from service.database.migration import MigrationError
from service.eventlog.log import DATABASE_ILL
from service.failures import AddressesUnavailable
from service.plan_files import PlanMistakes
from service.traces import TracesMissing
from service.version import version

_EXPECTED = (
    AddressesUnavailable,
    CommandError,
    ConfigError,
    EmbeddedPostgresError,
    MigrationError,
    NotAllowed,
    PlanMistakes,
    TracesMissing,
    *DATABASE_ILL,
    *REFUSED,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it succeeded, 1 when it did not, 2 when it was called wrongly."""
    parser = _parser()
    args = parser.parse_args(arguments)
    try:
        config = read_config(vars(args), os.environ)
        logs.configure(args.log_level or (args.quiet_log and "warning") or config.log_level)
        return int(uvloop.run(args.run(args, config)) or 0)
    except KeyboardInterrupt:
        return 130
    except _EXPECTED as error:
        sys.stderr.write(f"meguri: {complaint(error)}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="meguri",
        description="Meguri: the open engine for stamp rallies and event check-in.",
        epilog="Every command explains itself: meguri COMMAND --help",
    )
    parser.add_argument("--version", action="version", version=f"meguri {version()}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        sub = commands.add_parser(
            command.NAME,
            help=command.__doc__.splitlines()[0] if command.__doc__ else None,
            description=command.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        _common(sub)
        command.arguments(sub)
        sub.set_defaults(run=command.run, quiet_log=command.QUIET_LOG)
    return parser


def _common(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("where the data is")
    group.add_argument(
        "--database",
        dest="database_url",
        metavar="URL",
        help="a Postgres to use, as postgresql://… (MEGURI_DATABASE_URL); "
        "without it an embedded one runs under --data",
    )
    group.add_argument(
        "--data", metavar="DIR", help=f"data directory (MEGURI_DATA; default {Config().data})"
    )
    group.add_argument(
        "--master-key-file",
        metavar="FILE",
        help="the key that opens addresses (MEGURI_MASTER_KEY_FILE; default DIR/master.key)",
    )
    parser.add_argument(
        "--log-level",
        choices=["debug", "info", "warning", "error"],
        help="how much to log on stderr (MEGURI_LOG_LEVEL)",
    )


if __name__ == "__main__":
    sys.exit(main())
