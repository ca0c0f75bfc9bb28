"""Lay out a rally from a plan file, or change its plan."""

import argparse
from pathlib import Path

from service.commands.common import by, say
from service.config import Config
from service.engine import open_engine
from service.plan_files import read_plan

NAME = "plan"
QUIET_LOG = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("file", metavar="FILE", type=Path, help="the plan, YAML or JSON")
    parser.add_argument("--check", action="store_true", help="only look for mistakes")


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    plan = read_plan(args.file)
    summary = f"{plan.rally}: {len(plan.spots)} spots, {len(plan.prizes)} prizes"
    if args.check:
        say(f"{args.file}: no mistakes. {summary}.")
        return
    async with open_engine(config) as engine:
        rally = await engine.plan(plan, by())
    say(f"{summary}. It is {rally.status}.")
    if not rally.openings:
        say(f"Next: meguri codes {plan.rally} --out DIR, then meguri open {plan.rally}")
