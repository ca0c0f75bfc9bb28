"""Lay out a rally's next round: the same plan under another id and with other days."""

import argparse
from datetime import date

import msgspec

from domain.mistakes import mistakes
from domain.plan import next_round
from service.commands.common import CommandError, by, rally_named, say
from service.config import Config
from service.engine import open_engine

NAME = "clone"
QUIET_LOG = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("rally", metavar="RALLY", help="the rally's id")
    parser.add_argument("new", metavar="NEW", help="the next round's id, such as spring-2027")
    parser.add_argument(
        "--first-day",
        metavar="DAY",
        type=date.fromisoformat,
        required=True,
        help="when it begins, such as 2027-04-01; it lasts as long as the last one",
    )


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    async with open_engine(config) as engine:
        known = rally_named(engine, args.rally)
        if engine.rallies.get(args.new):
            raise CommandError(f"There is a rally {args.new} already. Choose another id.")
        try:
            plan = next_round(known.plan, args.new, args.first_day)
        except (msgspec.ValidationError, OverflowError) as error:
            raise CommandError(f"{args.new} from {args.first_day} cannot be: {error}") from error
        for mistake in mistakes(plan):
            raise CommandError(f"{args.new} cannot be: expected {mistake.expected}")
        await engine.plan(plan, by(), organisation=known.organisation)
    days = f"{plan.first_day} to {plan.last_day}"
    say(f"{plan.rally}: {len(plan.spots)} spots, {len(plan.prizes)} prizes, {days}. It is planned.")
    say(f"Next: meguri codes {plan.rally} --out DIR, then meguri open {plan.rally}")
