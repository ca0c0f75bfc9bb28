"""What a staff screen needs to draw its rotating codes by itself, without a network and without a
QR encoder: a symbol, and what changes in it.

A QR symbol of one version, mask and length is an affine function of its text's bits: the
Reed-Solomon code is linear over GF(2) and the mask is a constant (ISO/IEC 18004 §7.5, §7.8). So the
symbol of another text is the known one, XORed with what each bit that differs toggles. The screen
does that; every symbol is still made by one encoder, here.
"""

from base64 import b64encode
from functools import lru_cache

import qrcode
from msgspec import Struct
from qrcode.util import MODE_8BIT_BYTE, QRData

from qr.codes import sign_rotating
from qr.images import CORRECTION, QUIET_ZONE_MODULES
from qr.keyring import CodeKey

TEXT_BITS = 7
"""Bits of a character that may differ: addresses and codes are ASCII."""
_FIXED = 11
"""Characters of a code that its kind, key and spot decide; all others change with the step."""
_MASK = 0
"""Any mask can be read; decoders take it from the symbol."""


class Screen(Struct, frozen=True):
    """Modules are bits, row after row, packed into bytes (the first is the highest), in base64.

    `symbol` is that of `text`. `toggles` has, for each character from `first` on and each of its
    bits from the lowest on, the modules that change with it.
    """

    text: str
    first: int
    size: int
    quiet: int
    symbol: str
    toggles: str


def screen(prefix: str, key: CodeKey, spot: str) -> Screen:
    """What the screen of `spot` needs; `prefix` is the address before the code."""
    text = prefix + sign_rotating(key, spot, 0)
    first = len(prefix) + _FIXED
    version = _version(len(text))
    return Screen(
        text=text,
        first=first,
        size=_side(version),
        quiet=QUIET_ZONE_MODULES,
        symbol=_packed([_modules(text.encode(), version)], version),
        toggles=_toggles(len(text), first, version),
    )


@lru_cache(maxsize=16)
def _toggles(length: int, first: int, version: int) -> str:
    """For all texts of a length the same, as the difference does not depend on where it begins."""
    base = b"?" * length  # not zeros: of those alone the encoder cannot make a check
    blank = _modules(base, version)
    changed = []
    for index in range(first, length):
        for bit in range(TEXT_BITS):
            text = bytearray(base)
            text[index] ^= 1 << bit
            changed.append(blank ^ _modules(bytes(text), version))
    return _packed(changed, version)


def _packed(symbols: list[int], version: int) -> str:
    stride = -(-(_side(version) ** 2) // 8)
    return b64encode(b"".join(each.to_bytes(stride) for each in symbols)).decode()


def _side(version: int) -> int:
    return 17 + 4 * version


def _version(length: int) -> int:
    symbol = qrcode.QRCode(error_correction=CORRECTION)
    symbol.add_data(QRData(bytes(length), mode=MODE_8BIT_BYTE))
    return int(symbol.best_fit())


def _modules(text: bytes, version: int) -> int:
    """The symbol's modules as one number, padded at the end to whole bytes."""
    symbol = qrcode.QRCode(version, CORRECTION, mask_pattern=_MASK)
    symbol.add_data(QRData(text, mode=MODE_8BIT_BYTE))
    symbol.make(fit=False)
    bits = "".join("01"[bool(module)] for row in symbol.modules for module in row)
    return int(bits, 2) << -len(bits) % 8
