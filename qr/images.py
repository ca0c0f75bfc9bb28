"""A QR code as a picture: SVG for pages and print, PNG for everything else."""

from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO, StringIO
from itertools import groupby

import qrcode
from PIL import Image

# A poster hangs in a shop for two months: M survives 15 % of damage (ISO/IEC 18004).
CORRECTION = qrcode.constants.ERROR_CORRECT_M
QUIET_ZONE_MODULES = 4
# From this run of upper-case letters and digits on, a segment in alphanumeric mode is shorter.
_ALPHANUMERIC_RUN = 20


def symbol(text: str) -> qrcode.QRCode:
    """The QR symbol of `text` in the smallest version that holds it at error correction M."""
    made = qrcode.QRCode(error_correction=CORRECTION, border=QUIET_ZONE_MODULES)
    made.add_data(text, optimize=_ALPHANUMERIC_RUN)
    made.make(fit=True)
    return made


@lru_cache(maxsize=8)
def _matrix(text: str) -> list[list[bool]]:
    """Its modules, with the quiet zone; remembered, as what is drawn once is often drawn twice."""
    matrix: list[list[bool]] = symbol(text).get_matrix()
    return matrix


def svg(text: str) -> str:
    """The QR of `text` as one SVG element without a size of its own: black on white, one path."""
    matrix = _matrix(text)
    size = len(matrix)
    path = "".join(
        f"M{x} {y}h{length}v1h-{length}z"
        for y, row in enumerate(matrix)
        for x, length in _runs(row)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" '
        f'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{size}v{size}H0z"/>'
        f'<path d="{path}"/></svg>'
    )


def _runs(row: list[bool]) -> Iterator[tuple[int, int]]:
    """Where dark modules begin in a row, and how many follow each other."""
    x = 0
    for dark, run in groupby(row):
        length = len(list(run))
        if dark:
            yield x, length
        x += length


def png(text: str, module_px: int = 10) -> bytes:
    """The QR of `text` as a PNG, `module_px` pixels a module."""
    matrix = _matrix(text)
    small = Image.new("1", (len(matrix), len(matrix)))
    small.putdata([not dark for row in matrix for dark in row])
    side = len(matrix) * module_px
    out = BytesIO()
    small.resize((side, side), Image.Resampling.NEAREST).save(out, format="PNG", optimize=True)
    return out.getvalue()


def text(what: str) -> str:
    """The QR of `what` as lines of block characters, for a terminal."""
    out = StringIO()
    symbol(what).print_ascii(out=out, invert=True)
    return out.getvalue().rstrip("\n")
