"""The press: a process of its own that makes files of codes, so that making them can be stopped at
any moment, takes the processor last, and leaves no memory behind.

`python -m qr.press` reads an `Order` as JSON and writes the file. If that cannot be made, it ends
with `FAILED` and has written a `Reason` to stderr.
"""

import os
import sys
from collections.abc import Iterator
from typing import Literal

import msgspec
from msgspec import Struct

from qr.bundle import listed, pictures, zipped
from qr.posters import PostersFailed, Sheet, pdf

FAILED = 3
_NICE = 10


class Order(Struct, frozen=True):
    """What to make of a sheet: its posters as PDF, or all codes as pictures, with a readme."""

    kind: Literal["pdf", "pictures"]
    sheet: Sheet
    readme: str = ""


class Reason(Struct, frozen=True):
    """Why there is no file: a stable code, and what to do."""

    code: str
    text: str


def made(order: Order) -> bytes:
    """The file. Raises PostersFailed."""
    return pdf(order.sheet) if order.kind == "pdf" else zipped(_files(order))


def _files(order: Order) -> Iterator[tuple[str, bytes]]:
    posters = order.sheet.posters
    yield "README.txt", order.readme.encode("utf-8-sig")
    yield "codes.csv", listed(posters)
    for poster in posters:
        yield from pictures(poster.spot, poster.address)


def main() -> int:
    """Make what stdin asks for."""
    os.nice(_NICE)
    try:
        file = made(msgspec.json.decode(sys.stdin.buffer.read(), type=Order))
    except PostersFailed as failed:
        sys.stderr.buffer.write(msgspec.json.encode(Reason(failed.code, str(failed))))
        return FAILED
    sys.stdout.buffer.write(file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
