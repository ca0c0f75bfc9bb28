"""Write a rally's posters as PDF, for walls (a4), counters (a5) and tables (cards).

Wants the optional package typst (pip install 'meguri[posters]') and a Japanese font. More than 250
posters become several files: OUT-1.pdf, OUT-2.pdf …
"""

import argparse
import asyncio
from pathlib import Path

from tqdm import tqdm

from domain.plan import Plan, Spot
from qr.posters import CARDS_A_SHEET, SIZES, parts
from qr.press import Order
from service.commands.common import CommandError, rally_named, say
from service.config import Config
from service.engine import open_engine
from service.failures import Failure
from service.pages.sheets import addresses, printed_spots, sheet_of
from service.printing import printed

NAME = "posters"
QUIET_LOG = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("rally", metavar="RALLY", help="the rally's id")
    parser.add_argument("--size", choices=SIZES, default="a4", help="of the posters (a4)")
    parser.add_argument(
        "--spot", metavar="SPOT", help="of this spot only; table cards are a whole sheet then"
    )
    parser.add_argument("--out", metavar="FILE", type=Path, required=True, help="where to write")
    parser.add_argument(
        "--public-url",
        metavar="URL",
        help="what visitors' phones reach the service by (MEGURI_PUBLIC_URL)",
    )


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    if config.public_url is None:
        raise CommandError("Codes hold the public address: give it with --public-url https://…")
    if not args.out.parent.is_dir():
        raise CommandError(f"There is no folder {args.out.parent}.")
    async with open_engine(config) as engine:
        plan = rally_named(engine, args.rally).plan
        key = engine.keyring.newest_code_key(plan.rally)
        assert key is not None, "a planned rally has a key"
        spots = _spots(plan, args)
        address = addresses(key, config.public_url.rstrip("/"))
        files = parts(len(spots))
        with tqdm(total=len(spots), unit="poster", leave=False) as bar:
            for number, part in enumerate(files, start=1):
                sheet = sheet_of(plan, [spots[n] for n in part], address, args.size)
                out = args.out if len(files) == 1 else _numbered(args.out, number)
                try:
                    content = await printed(engine, Order("pdf", sheet))
                except Failure as failure:
                    raise CommandError(f"{failure}.") from failure
                await asyncio.to_thread(out.write_bytes, content)
                bar.update(len(part))
                bar.clear()
                say(f"{len(part)} posters in {out}")


def _spots(plan: Plan, args: argparse.Namespace) -> list[Spot]:
    spots = [spot for spot in printed_spots(plan) if args.spot in (None, spot.id)]
    if not spots:
        raise CommandError(f"{args.spot or plan.rally} has no code to print.")
    return spots * CARDS_A_SHEET if args.spot and args.size == "cards" else spots


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.stem}-{number}{path.suffix}")
