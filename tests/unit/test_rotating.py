"""What a staff screen draws by itself: symbols that the encoder would make, for any step."""

from base64 import b64decode
from functools import cache

import pytest
import qrcode
import segno
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from qrcode.util import MODE_8BIT_BYTE, QRData

from qr.codes import Code, sign_rotating, verify
from qr.images import CORRECTION, QUIET_ZONE_MODULES
from qr.keyring import CodeKey, Keyring
from qr.rotating import TEXT_BITS, Screen, screen

KEY = CodeKey(1, "walk", b"k" * 32)
HOSTS = [
    "a.jp",
    "ab.c.jp",
    "meguri.jp:8443",
    "stamps.example-city.lg.jp",
    "stamps.example-town.pref.jp",
    "stamps.a-long-name.example-town.pref.jp",
]
PREFIXES = [f"https://{host}/s/" for host in HOSTS]
STEPS = st.integers(0, 2**32 - 1)
Matrix = list[list[bool]]


@cache
def screen_of(prefix: str, spot: str = "ginza") -> Screen:
    return screen(prefix, KEY, spot)


def drawn(made: Screen, text: str) -> bytes:
    """The symbol of `text`, as `Screen` says that it is drawn: by nothing but XOR."""
    symbol, toggles = bytearray(b64decode(made.symbol)), b64decode(made.toggles)
    for at in range(made.first, len(text)):
        differs = ord(text[at]) ^ ord(made.text[at])
        for bit in range(TEXT_BITS):
            if differs >> bit & 1:
                begins = ((at - made.first) * TEXT_BITS + bit) * len(symbol)
                for index in range(len(symbol)):
                    symbol[index] ^= toggles[begins + index]
    return bytes(symbol)


def modules(made: Screen, packed: bytes) -> Matrix:
    """The bits as rows; what is left at the end must be blank."""
    bits = [byte >> shift & 1 == 1 for byte in packed for shift in range(7, -1, -1)]
    assert not any(bits[made.size**2 :])
    assert len(bits) - made.size**2 < 8
    return [bits[row * made.size : (row + 1) * made.size] for row in range(made.size)]


def encoded(text: str, version: int) -> Matrix:
    """The symbol that qrcode makes of `text`, in bytes, with the first mask."""
    symbol = qrcode.QRCode(version, CORRECTION, mask_pattern=0)
    symbol.add_data(QRData(text.encode(), mode=MODE_8BIT_BYTE))
    symbol.make(fit=False)
    return [[bool(module) for module in row] for row in symbol.modules]


def read(matrix: Matrix, quiet: int) -> zxingcpp.Barcode:
    """What a decoder that is not ours reads from a picture of the symbol."""
    side, scale = len(matrix) + 2 * quiet, 4
    picture = Image.new("L", (side, side), 255)
    for y, row in enumerate(matrix):
        for x, dark in enumerate(row):
            picture.putpixel((x + quiet, y + quiet), 0 if dark else 255)
    scaled = picture.resize((side * scale, side * scale), Image.Resampling.NEAREST)
    (found,) = zxingcpp.read_barcodes(scaled)
    return found


@pytest.mark.parametrize("prefix", PREFIXES, ids=HOSTS)
@given(step=STEPS)
def test_toggled_modules_are_exactly_those_of_the_encoder(prefix: str, step: int) -> None:
    made = screen_of(prefix)
    text = prefix + sign_rotating(KEY, "ginza", step)
    assert modules(made, drawn(made, text)) == encoded(text, (made.size - 17) // 4)


@pytest.mark.parametrize("prefix", PREFIXES, ids=HOSTS)
@pytest.mark.parametrize("step", [0, 1, 118_000_000, 2**32 - 1])
def test_what_is_drawn_can_be_read_and_is_a_genuine_code_of_its_step(
    prefix: str, step: int
) -> None:
    made = screen_of(prefix)
    text = prefix + sign_rotating(KEY, "ginza", step)
    found = read(modules(made, drawn(made, text)), made.quiet)
    assert (found.text, found.ec_level) == (text, "M")
    code = verify(Keyring([KEY], []), found.text.removeprefix(prefix))
    assert isinstance(code, Code)
    assert code.step == step


@pytest.mark.parametrize("prefix", PREFIXES, ids=HOSTS)
@given(spot=st.text(max_size=10), step=STEPS)
def test_only_what_comes_after_first_differs_between_steps(
    prefix: str, spot: str, step: int
) -> None:
    """Otherwise a screen would have to toggle what it has no toggles for."""
    made = screen_of(prefix)
    codes = [prefix + sign_rotating(KEY, spot, each) for each in (0, step)]
    assert codes[0][: made.first] == codes[1][: made.first]
    assert {len(code) for code in codes} == {len(made.text)}


@pytest.mark.parametrize("prefix", PREFIXES, ids=HOSTS)
def test_a_screen_has_a_symbol_and_a_toggle_for_each_bit_that_may_differ(prefix: str) -> None:
    made = screen_of(prefix)
    assert made.text == prefix + sign_rotating(KEY, "ginza", 0)
    stride = len(b64decode(made.symbol))
    assert stride == -(-(made.size**2) // 8)
    raw = b64decode(made.toggles)
    toggles = [raw[at : at + stride] for at in range(0, len(raw), stride)]
    assert len(toggles) == (len(made.text) - made.first) * TEXT_BITS
    assert len(set(toggles)) == len(toggles)
    assert all(map(any, toggles))
    assert made.quiet == QUIET_ZONE_MODULES


@pytest.mark.parametrize("prefix", PREFIXES, ids=HOSTS)
def test_the_symbol_is_as_small_as_another_library_makes_it(prefix: str) -> None:
    made = screen_of(prefix)
    theirs = segno.make(made.text, error="m", mode="byte", boost_error=False)
    assert made.size == theirs.symbol_size(border=0)[0]


def test_with_a_host_of_25_characters_it_is_of_version_6_at_most() -> None:
    assert len(HOSTS[3]) == 25
    assert screen_of(PREFIXES[3]).size <= 17 + 4 * 6


def test_screens_of_other_spots_have_other_symbols_and_the_same_toggles() -> None:
    """As texts of one length differ in the same modules, toggles are worked out once."""
    one, other = (screen_of(PREFIXES[1], spot) for spot in ("ginza", "hibiya"))
    assert one.symbol != other.symbol
    assert one.toggles == other.toggles
    text = PREFIXES[1] + sign_rotating(KEY, "hibiya", 77)
    assert read(modules(other, drawn(other, text)), other.quiet).text == text
