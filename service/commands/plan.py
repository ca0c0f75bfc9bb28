"""Lay out a rally from a plan file, change its plan, or write it as a file again."""

import argparse
import sys
from functools import partial
from pathlib import Path

import msgspec

from domain.plan import Plan
from domain.rally import NotAllowed
from service.commands.common import (
    CommandError,
    by,
    organisation_argument,
    organisation_named,
    rally_named,
    say,
)
from service.config import Config
from service.engine import Engine, open_engine
from service.plan_files import read_plan
from service.plan_files.export import written
from service.plan_files.schema import plan_schema

NAME = "plan"
QUIET_LOG = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("file", metavar="FILE", type=Path, nargs="?", help="the plan, YAML or JSON")
    parser.add_argument("--check", action="store_true", help="only look for mistakes")
    parser.add_argument(
        "--preview", action="store_true", help="who would gain and lose what; change nothing"
    )
    parser.add_argument(
        "--accept-losses",
        action="store_true",
        help="change the plan even if it takes reached prizes from visitors",
    )
    organisation_argument(parser, "a new rally: for whom it is laid out")
    parser.add_argument(
        "--export", metavar="RALLY", help="print the plan of a rally as the file that lays it out"
    )
    parser.add_argument(
        "--schema", action="store_true", help="print the JSON Schema of plan files, for editors"
    )


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    if args.schema:
        say(msgspec.json.format(msgspec.json.encode(plan_schema()), indent=2).decode())
        return
    if args.export:
        async with open_engine(config) as engine:
            sys.stdout.write(written(rally_named(engine, args.export).plan))
        return
    if args.file is None:
        raise CommandError("Which plan? Name its file, or ask for --export RALLY or --schema.")
    if args.check:
        say(f"{args.file}: no mistakes. {_summary(read_plan(args.file))}.")
        return
    async with open_engine(config) as engine:
        organisation = await organisation_named(engine, args.organisation)
        found = partial(engine.rallies.member_mistakes, organisation=organisation)
        plan = read_plan(args.file, found)
        if args.preview:
            await _preview(engine, plan)
            return
        try:
            rally = await engine.plan(
                plan,
                by(),
                accept_losses=args.accept_losses,
                organisation=organisation,
            )
        except NotAllowed as refused:
            if refused.code == "takes_prizes_away":
                await _preview(engine, plan)
                raise CommandError(
                    "Nothing was changed. If that is meant: --accept-losses"
                ) from refused
            raise
    say(f"{_summary(plan)}. It is {rally.status}.")
    if not rally.openings:
        say(f"Next: meguri codes {plan.rally} --out DIR, then meguri open {plan.rally}")


def _summary(plan: Plan) -> str:
    return f"{plan.rally}: {len(plan.spots)} spots, {len(plan.prizes)} prizes"


async def _preview(engine: Engine, plan: Plan) -> None:
    """Say what the plan would change for the cards that there are."""
    rally_named(engine, plan.rally)
    seen = await engine.preview(plan)
    say(f"{seen.cards} cards.")
    for prize in seen.prizes:
        short = f", {prize.short} more than are in stock" if prize.short else ""
        say(
            f"{prize.prize}: {prize.now} reach it now, {prize.then} then "
            f"({prize.gain} gain it, {prize.lose} lose it){short}"
        )
