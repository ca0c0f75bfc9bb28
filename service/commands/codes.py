"""Write a rally's codes: an SVG and a PNG a spot, and a list of their addresses.

Spots whose code is shown on a screen, or where staff scan badges, have none to print. With --paper,
codes of paper cards are written as well: staff scan them as they scan badges.
"""

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from domain.plan import has_poster, text_in
from qr.codes import sign, sign_paper
from qr.images import png, svg
from service.commands.common import CommandError, rally_named, say
from service.config import Config
from service.engine import open_engine

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
    public = f"{config.public_url.rstrip('/')}/s/"
    spots = [spot for spot in plan.spots if has_poster(spot)]
    rows = [("spot", "name", "address")]
    for spot in tqdm(spots, unit="spot", leave=False):
        address = public + sign(key, spot.id)
        (args.out / f"{spot.id}.svg").write_text(svg(address), encoding="utf-8")
        (args.out / f"{spot.id}.png").write_bytes(png(address))
        rows.append((spot.id, text_in(spot.names, "ja"), address))
    _write_list(args.out / "codes.csv", rows)
    say(f"{len(spots)} codes in {args.out}")
    if args.paper:
        cards = [("card", "address")]
        for serial in tqdm(range(1, args.paper + 1), unit="card", leave=False):
            address = public + sign_paper(key, serial)
            (args.out / f"paper-{serial}.svg").write_text(svg(address), encoding="utf-8")
            cards.append((str(serial), address))
        _write_list(args.out / "paper.csv", cards)
        say(f"{args.paper} paper cards in {args.out}")


def _write_list(path: Path, rows: Sequence[tuple[str, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows(rows)
