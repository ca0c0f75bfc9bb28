"""`scripts/screenshots`: pictures of every page, and an index to look through them."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import structlog
from browsers import FLAGS, chromium
from playwright.async_api import async_playwright
from tqdm import tqdm

from picturing import album
from picturing.camera import Shot, shots, take
from picturing.scenes import SCENES
from picturing.stage import VISITORS, staged
from service.i18n import LANGUAGES

AT_ONCE = 3
"""Pages that are gone to at a time."""
FOLDER = Path(__file__).parent.parent.parent / ".meguri" / "screenshots"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every picture was taken."""
    args = _arguments(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("warning"))
    work = list(shots([SCENES[name] for name in args.only or SCENES], args.languages))
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run(_take_all(work, args.out, args.visitors))
    except RuntimeError as error:
        sys.stderr.write(f"screenshots: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    pictures = [picture for shot in work for picture in shot.pictures]
    index = album.write(pictures, args.out)
    sys.stdout.write(f"{len(pictures)} pictures. Open {index}\n")
    return 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/screenshots",
        description="Starts a service of its own and takes a picture of every page: two phones and "
        "a desktop, six languages (two for staff), light and dark, with and without scripts.",
        epilog=f"pages: {', '.join(SCENES)}",
    )
    parser.add_argument(
        "--out", type=Path, default=FOLDER, metavar="DIR", help="(.meguri/screenshots)"
    )
    parser.add_argument(
        "--only", nargs="+", choices=SCENES, metavar="NAME", help="these pages (see below)"
    )
    parser.add_argument(
        "--languages",
        nargs="+",
        choices=LANGUAGES,
        default=list(LANGUAGES),
        metavar="LANGUAGE",
        help=f"some of {', '.join(LANGUAGES)}",
    )
    parser.add_argument(
        "--visitors", type=int, default=VISITORS, metavar="N", help=f"simulated ({VISITORS})"
    )
    return parser.parse_args(arguments)


async def _take_all(work: list[Shot], folder: Path, visitors: int) -> None:
    total = sum(len(shot.pictures) for shot in work)
    with (
        tempfile.TemporaryDirectory(prefix="meguri-stage-") as data,
        tqdm(total=visitors, desc="Visitors walk", unit="visitor", leave=False) as walking,
    ):
        async with (
            staged(Path(data), visitors, walking.update) as stage,
            async_playwright() as playwright,
        ):
            walking.close()
            browser = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            gate = asyncio.Semaphore(AT_ONCE)
            with tqdm(total=total, desc="Pictures", unit="picture") as bar:

                async def go(shot: Shot) -> None:
                    async with gate:
                        await take(stage, browser, shot, folder)
                    bar.update(len(shot.pictures))

                await asyncio.gather(*map(go, work))
            await browser.close()


if __name__ == "__main__":
    sys.exit(main())
