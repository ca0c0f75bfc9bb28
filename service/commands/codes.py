"""Write a rally's codes: an SVG and a PNG a spot, and a list of their addresses."""

import argparse
import csv
from pathlib import Path

from tqdm import tqdm

from domain.plan import text_in
from qr.codes import sign
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


async def run(args: argparse.Namespace, config: Config) -> None:
    """Run the command."""
    if config.public_url is None:
        raise CommandError("Codes hold the public address: give it with --public-url https://…")
    async with open_engine(config) as engine:
        plan = rally_named(engine, args.rally).plan
        key = engine.keyring.newest_code_key(plan.rally)
        assert key is not None, "a planned rally has a key"
    args.out.mkdir(parents=True, exist_ok=True)
    rows = [("spot", "name", "address")]
    for spot in tqdm(plan.spots, unit="spot", leave=False):
        address = f"{config.public_url.rstrip('/')}/s/{sign(key, spot.id)}"
        (args.out / f"{spot.id}.svg").write_text(svg(address), encoding="utf-8")
        (args.out / f"{spot.id}.png").write_bytes(png(address))
        rows.append((spot.id, text_in(spot.names, "ja"), address))
    with (args.out / "codes.csv").open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows(rows)
    say(f"{len(plan.spots)} codes in {args.out}")
