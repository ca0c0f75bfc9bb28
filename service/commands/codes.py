"""Write a rally's codes: an SVG and a PNG a spot, and a list of their addresses.

Spots whose code is shown on a screen, or where staff scan badges, have none to print. With --paper,
codes of paper cards are written as well: staff scan them as they scan badges.
"""

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from qr.bundle import listed, pictures
from qr.codes import sign_paper
from qr.images import svg
from service.commands.common import CommandError, rally_named, say
from service.config import Config
from service.engine import open_engine
from service.pages.sheets import addresses, printed_spots, sheet_of

NAME = "codes"
QUIET_LOG = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.add_argument("rally", metavar="RALLY", help="the rally's id")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="where to write")
    parser.add_argument(
        "--public-url",
        metavar="URL",
        help="what visitors' phones reach the service by (MEGURI_PUBLIC_URL)",
    )

    parser.add_argument(
        "--paper",
        metavar="N",
        type=int,
        default=0,
        help="also the codes of paper cards number 1 to N, as paper-1.svg … and in paper.csv",
    )


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    if config.public_url is None:
        raise CommandError("Codes hold the public address: give it with --public-url https://…")
    async with open_engine(config) as engine:
        plan = rally_named(engine, args.rally).plan
        key = engine.keyring.newest_code_key(plan.rally)
        assert key is not None, "a planned rally has a key"
    args.out.mkdir(parents=True, exist_ok=True)
    public = config.public_url.rstrip("/")
    posters = sheet_of(plan, printed_spots(plan), addresses(key, public), "a4").posters
    for poster in tqdm(posters, unit="spot", leave=False):
        for name, content in pictures(poster.spot, poster.address):
            (args.out / name).write_bytes(content)
    (args.out / "codes.csv").write_bytes(listed(posters))
    say(f"{len(posters)} codes in {args.out}")
    if args.paper:
        cards = [("card", "address")]
        for serial in tqdm(range(1, args.paper + 1), unit="card", leave=False):
            address = f"{public}/s/{sign_paper(key, serial)}"
            (args.out / f"paper-{serial}.svg").write_text(svg(address), encoding="utf-8")
            cards.append((str(serial), address))
        _write_list(args.out / "paper.csv", cards)
        say(f"{args.paper} paper cards in {args.out}")


def _write_list(path: Path, rows: Sequence[tuple[str, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows(rows)
