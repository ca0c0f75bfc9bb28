"""Draw the winners of a rally, in steps that anybody can check: commit, fix, hold.

Without an option: how far the draw has come, and what is next. docs/draw.md tells how it works and
how everybody can work out the winners again.
"""

import argparse

from tqdm import tqdm

from domain.rally import Rally
from service import drawing
from service.commands.common import by, local, rally_named, say
from service.config import Config
from service.engine import open_engine

NAME = "draw"
QUIET_LOG = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("rally", metavar="RALLY", help="the rally's id")
    step = parser.add_mutually_exclusive_group()
    step.add_argument(
        "--commit",
        action="store_true",
        help="make a secret and publish its hash; while visitors still enter",
    )
    step.add_argument(
        "--fix",
        action="store_true",
        help="close the entries and publish who takes part; when the rally is over",
    )
    step.add_argument(
        "--hold",
        metavar="VALUE",
        help="draw, with a public value that nobody could know when the entries were fixed",
    )
    parser.add_argument(
        "--about", metavar="TEXT", default="", help="where that value was published, and when"
    )


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    async with open_engine(config) as engine:
        rally = rally_named(engine, args.rally)
        if args.commit:
            rally = await drawing.commit(engine, args.rally, by())
        elif args.fix:
            with tqdm(unit="card", leave=False) as bar:
                rally = await drawing.fix(engine, args.rally, by(), bar.update)
        elif args.hold is not None:
            rally = await drawing.hold(engine, args.rally, args.hold, args.about, by())
    _tell(rally)


def _tell(rally: Rally) -> None:
    so_far, name = rally.drawing, rally.plan.rally
    if so_far is None:
        say(f"{name}: nothing was committed to yet.")
        say(f"Next, while visitors enter: meguri draw {name} --commit")
        return
    say(f"hash of the secret  {so_far.commitment}")
    if so_far.closed_at:
        say(f"entries closed      {local(so_far.closed_at)}")
    if so_far.digest is None:
        say(f"Next, when the rally is over: meguri draw {name} --fix")
        return
    say(f"entries             {so_far.entries}, digest {so_far.digest}")
    if so_far.secret is None:
        say(f"Next: meguri draw {name} --hold VALUE --about 'where it was published'")
        return
    say(f"secret              {so_far.secret}")
    say(f"public value        {so_far.public} ({so_far.about})")
    for prize, won in so_far.winners.items():
        say(f"{prize}: {len(won)} winners")
        for entry in won:
            say(f"  {entry}")
