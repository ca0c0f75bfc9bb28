"""Pictures of codes: small, readable by a decoder that is not ours, the same in SVG and PNG."""

import re
from io import BytesIO
from xml.etree import ElementTree

import pytest
import segno
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from qr.codes import sign
from qr.images import png, svg, symbol
from qr.keyring import CodeKey

CODE = sign(CodeKey(1, "walk", b"k" * 32), "ginza")
HOST = "stamps.example-city.lg.jp"  # 25 characters, as long as a host may be
ADDRESS = f"https://{HOST}/s/{CODE}"
DARK = re.compile(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z")


def decoded(picture: bytes) -> zxingcpp.Barcode:
    (found,) = zxingcpp.read_barcodes(Image.open(BytesIO(picture)))
    return found


def modules_of_svg(drawing: str) -> list[list[bool]]:
    """The SVG's path painted onto a grid."""
    root = ElementTree.fromstring(drawing)  # noqa: S314 - we made it
    _, _, size, _ = map(int, root.attrib["viewBox"].split())
    grid = [[False] * size for _ in range(size)]
    for x, y, length, back in DARK.findall(root[1].attrib["d"]):
        assert length == back
        for at in range(int(x), int(x) + int(length)):
            grid[int(y)][at] = True
    return grid


def test_a_printed_code_fits_version_6_at_correction_m_with_a_host_of_25_characters() -> None:
    assert len(HOST) == 25
    assert symbol(ADDRESS).version <= 6


@pytest.mark.parametrize("host", ["a.jp", HOST, HOST * 2])
def test_another_library_makes_a_symbol_of_the_same_size(host: str) -> None:
    """segno splits texts into modes less well, so it is given the split: it cannot be smaller."""
    address = f"https://{host}/s/"
    made = symbol(address + CODE)
    theirs = segno.make([address, CODE], error="m", boost_error=False)
    assert made.version == theirs.version
    assert made.modules_count == theirs.symbol_size(border=0)[0]
    assert made.version <= segno.make(address + CODE, error="m", boost_error=False).version


def test_the_picture_says_the_address_to_a_decoder_that_is_not_ours() -> None:
    read = decoded(png(ADDRESS))
    assert read.text == ADDRESS
    assert str(read.format) in {"QRCode", "QR Code"}
    assert read.ec_level == "M"


@given(st.text(min_size=1, max_size=60).filter(lambda text: text.isascii() and text.isprintable()))
def test_any_printable_text_survives_the_picture(text: str) -> None:
    assert decoded(png(text, module_px=4)).text == text


def test_a_corner_torn_off_the_poster_does_not_matter() -> None:
    picture = Image.open(BytesIO(png(ADDRESS))).convert("L")
    width, height = picture.size
    # The corner without a finder pattern: a tenth of the side, inside the quiet zone.
    torn = (width * 78 // 100, height * 78 // 100, width * 88 // 100, height * 88 // 100)
    picture.paste(255, torn)
    (read,) = zxingcpp.read_barcodes(picture)
    assert read.text == ADDRESS


def test_svg_and_png_show_the_same_modules() -> None:
    grid = modules_of_svg(svg(ADDRESS))
    picture = Image.open(BytesIO(png(ADDRESS, module_px=1))).convert("1")
    assert picture.size == (len(grid), len(grid))
    assert grid == [[picture.getpixel((x, y)) == 0 for x in range(len(grid))]
                    for y in range(len(grid))]  # fmt: skip


def test_the_quiet_zone_is_four_modules_wide() -> None:
    grid = modules_of_svg(svg(ADDRESS))
    margin = [*grid[:4], *grid[-4:], *(row[:4] + row[-4:] for row in grid)]
    assert not any(map(any, margin))
    assert any(grid[4])


def test_module_px_scales_the_picture() -> None:
    widths = [Image.open(BytesIO(png(ADDRESS, module_px=px))).width for px in (1, 3)]
    assert widths[1] == 3 * widths[0]
