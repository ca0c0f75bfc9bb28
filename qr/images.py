"""A QR code as a picture: SVG for pages and print, PNG for everything else."""

from collections.abc import Iterator
from io import BytesIO, StringIO
from itertools import groupby

import qrcode
from qrcode.image.pil import PilImage

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


def svg(text: str) -> str:
    """The QR of `text` as one SVG element without a size of its own: black on white, one path."""
    matrix = symbol(text).get_matrix()
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
    made = symbol(text)
    made.box_size = module_px
    out = BytesIO()
    made.make_image(image_factory=PilImage).save(out, format="PNG")
    return out.getvalue()


def text(what: str) -> str:
    """The QR of `what` as lines of block characters, for a terminal."""
    out = StringIO()
    symbol(what).print_ascii(out=out, invert=True)
    return out.getvalue().rstrip("\n")
