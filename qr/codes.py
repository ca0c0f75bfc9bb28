"""Codes: sign and verify what a spot's QR says.

A code is 23 bytes, written as 37 characters of Crockford's base32 (no I, L, O, U: it can be read
aloud and typed), which a QR stores densely in its alphanumeric mode:

    kind 1 · key id 2 · spot tag 4 · MAC 16

The MAC is HMAC-SHA-256 over the seven bytes before it, cut to 16 bytes (NIST SP 800-107 §5.1
allows half of the digest). The key belongs to one rally, so the key id says which rally is meant.
"""

import hmac
from enum import IntEnum
from typing import NamedTuple

from domain.encoding import spot_tag
from domain.refusals import Refusal, RefusalCode
from qr.keyring import CodeKey, Keyring

CODE_LENGTH = 37
_PAYLOAD_BYTES = 7
_MAC_BYTES = 16
_BYTES = _PAYLOAD_BYTES + _MAC_BYTES

# https://www.crockford.com/base32.html: upper case, and forgiving when read back.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE = {character: value for value, character in enumerate(_ALPHABET)}
_READ = str.maketrans("OIL", "011", "- ")
_SPARE_BITS = CODE_LENGTH * 5 - _BYTES * 8


class CodeKind(IntEnum):
    """How a code comes to the visitor. The numbers are printed on posters: never changed."""

    PRINTED = 1


_KINDS = frozenset(int(kind) for kind in CodeKind)


class Code(NamedTuple):
    """A genuine code: which rally and spot it stands for, and the key that made it."""

    rally: str
    spot_tag: int
    key_id: int
    kind: CodeKind

    @property
    def evidence(self) -> str:
        """What the visit carries as evidence: the kind, in words."""
        return self.kind.name.lower()


def sign(key: CodeKey, spot: str, kind: CodeKind = CodeKind.PRINTED) -> str:
    """The code of `spot`, made with `key`: 37 characters."""
    payload = bytes([kind]) + key.id.to_bytes(2) + spot_tag(spot).to_bytes(4)
    return _write(payload + _mac(key, payload))


def verify(keyring: Keyring, text: str) -> Code | Refusal:
    """The code that `text` is, or why it is none."""
    read = text.upper().translate(_READ)
    if len(read) != CODE_LENGTH:
        short = 0 < len(read) < CODE_LENGTH and all(character in _VALUE for character in read)
        return Refusal(RefusalCode.CODE_INCOMPLETE if short else RefusalCode.CODE_NOT_OURS)
    raw = _read(read)
    key = keyring.code_key(int.from_bytes(raw[1:3])) if raw else None
    if raw is None or key is None or raw[0] not in _KINDS:
        return Refusal(RefusalCode.CODE_NOT_OURS)
    payload, mac = raw[:_PAYLOAD_BYTES], raw[_PAYLOAD_BYTES:]
    if not hmac.compare_digest(mac, _mac(key, payload)):
        return Refusal(RefusalCode.CODE_NOT_GENUINE)
    return Code(key.rally, int.from_bytes(raw[3:7]), key.id, CodeKind(raw[0]))


def _mac(key: CodeKey, payload: bytes) -> bytes:
    return hmac.digest(key.secret, b"meguri code" + payload, "sha256")[:_MAC_BYTES]


def _write(raw: bytes) -> str:
    value = int.from_bytes(raw) << _SPARE_BITS
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(180, -1, -5))


def _read(text: str) -> bytes | None:
    """The bytes of a code's 37 characters; None if a character or the spare bit is foreign."""
    value = 0
    for character in text:
        digit = _VALUE.get(character)
        if digit is None:
            return None
        value = value << 5 | digit
    if value & (1 << _SPARE_BITS) - 1:
        return None
    return (value >> _SPARE_BITS).to_bytes(_BYTES)
