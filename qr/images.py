"""A QR code as a picture: SVG for pages and print, PNG for everything else."""

from io import BytesIO

import qrcode
from qrcode.image.pil import PilImage
from qrcode.image.svg import SvgPathImage

# A poster hangs in a shop for two months: M survives 15 % of damage (ISO/IEC 18004).
_CORRECTION = qrcode.constants.ERROR_CORRECT_M
_QUIET_ZONE_MODULES = 4
# From this run of upper-case letters and digits on, a segment in alphanumeric mode is shorter.
_ALPHANUMERIC_RUN = 20


def symbol(text: str) -> qrcode.QRCode:
    """The QR symbol of `text` in the smallest version that holds it at error correction M."""
    made = qrcode.QRCode(error_correction=_CORRECTION, border=_QUIET_ZONE_MODULES)
    made.add_data(text, optimize=_ALPHANUMERIC_RUN)
    made.make(fit=True)
    return made


def svg(text: str) -> str:
    """The QR of `text` as one SVG element, black on white, a module a unit, no fixed size."""
    picture = symbol(text).make_image(image_factory=SvgPathImage, box_size=10)
    return str(picture.to_string(encoding="unicode"))


def png(text: str, module_px: int = 10) -> bytes:
    """The QR of `text` as a PNG, `module_px` pixels a module."""
    made = symbol(text)
    made.box_size = module_px
    out = BytesIO()
    made.make_image(image_factory=PilImage).save(out, format="PNG")
    return out.getvalue()
