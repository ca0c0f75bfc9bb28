"""Codes: sign and verify what a QR says.

A code is written in Crockford's base32 (no I, L, O, U: it can be read aloud and typed), which a QR
stores densely in its alphanumeric mode. Its bytes:

    kind 1 · key id 2 · what it stands for · MAC 16

    printed    spot tag 4               37 characters, on posters
    rotating   spot tag 4 · step 4      44 characters, on a staff screen, made there
    badge      visitor 16               56 characters, a visitor's own
    paper      serial 4                 37 characters, on a paper card

The MAC is HMAC-SHA-256 over the bytes before it, cut to 16 bytes (NIST SP 800-107 §5.1 allows half
of the digest). The key belongs to one rally, so the key id says which rally is meant. A rotating
code's MAC is made with a secret of its spot (`spot_secret`): a screen that is stolen can make the
codes of its own spot only.
"""

import hmac
from enum import IntEnum
from typing import NamedTuple
from uuid import UUID

from domain.encoding import paper_visitor, spot_tag
from domain.refusals import Refusal, RefusalCode
from qr.keyring import CodeKey, Keyring

_HEAD_BYTES = 3
_MAC_BYTES = 16
_TAG_BYTES = 4
_STEP_BYTES = 4
_SERIAL_BYTES = 4
_VISITOR_BYTES = 16

# https://www.crockford.com/base32.html: upper case, and forgiving when read back.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_READ = str.maketrans("OIL", "011", "- ")
_BITS = 5


class CodeKind(IntEnum):
    """How a code comes to be scanned. The numbers are printed on posters: never changed."""

    PRINTED = 1
    ROTATING = 2
    BADGE = 3
    PAPER = 4


_SUBJECT_BYTES = {
    CodeKind.PRINTED: _TAG_BYTES,
    CodeKind.ROTATING: _TAG_BYTES + _STEP_BYTES,
    CodeKind.BADGE: _VISITOR_BYTES,
    CodeKind.PAPER: _SERIAL_BYTES,
}


def _characters(size: int) -> int:
    return -(-size * 8 // _BITS)


_LENGTHS = {kind: _characters(_HEAD_BYTES + n + _MAC_BYTES) for kind, n in _SUBJECT_BYTES.items()}
CODE_LENGTH = _LENGTHS[CodeKind.PRINTED]
"""Characters of a printed code."""


class Code(NamedTuple):
    """A genuine code: whose rally it is, the key that made it, and what it stands for.

    Printed and rotating codes have a `spot_tag`, rotating ones a `step`
    (`domain.proof.step_at`); badges and paper cards have a `visitor`.
    """

    rally: str
    spot_tag: int
    key_id: int
    kind: CodeKind
    step: int | None = None
    visitor: UUID | None = None

    @property
    def evidence(self) -> str:
        """What the visit carries as evidence: the kind, in words."""
        return self.kind.name.lower()


def sign(key: CodeKey, spot: str) -> str:
    """The printed code of `spot`, made with `key`."""
    subject = spot_tag(spot).to_bytes(_TAG_BYTES)
    return _written(_payload(key, CodeKind.PRINTED, subject), key.secret)


def sign_rotating(key: CodeKey, spot: str, step: int) -> str:
    """The code that the screen of `spot` shows in a step. Screens make it themselves."""
    return _written(rotating_head(key, spot) + step.to_bytes(_STEP_BYTES), spot_secret(key, spot))


def rotating_head(key: CodeKey, spot: str) -> bytes:
    """The bytes of a spot's rotating codes before the step."""
    return _payload(key, CodeKind.ROTATING, spot_tag(spot).to_bytes(_TAG_BYTES))


def sign_badge(key: CodeKey, visitor: UUID) -> str:
    """The badge of a visitor."""
    return _written(_payload(key, CodeKind.BADGE, visitor.bytes), key.secret)


def sign_paper(key: CodeKey, serial: int) -> str:
    """The code of the paper card number `serial`: 1 … 4,294,967,295."""
    subject = serial.to_bytes(_SERIAL_BYTES)
    return _written(_payload(key, CodeKind.PAPER, subject), key.secret)


def spot_secret(key: CodeKey, spot: str) -> bytes:
    """What a spot's screen makes rotating codes with: 32 bytes."""
    return _secret_of_tag(key, spot_tag(spot))


def _secret_of_tag(key: CodeKey, tag: int) -> bytes:
    return hmac.digest(key.secret, b"meguri rotating" + tag.to_bytes(_TAG_BYTES), "sha256")


def as_typed(text: str) -> str:
    """What people meant by the letters and digits they typed, without hyphens and blanks."""
    return text.upper().translate(_READ)


def verify(keyring: Keyring, text: str) -> Code | Refusal:
    """The code that `text` is, or why it is none."""
    read = as_typed(text)
    kind = _kind_of(read)
    if kind is None or not all(each in _VALUE for each in read):
        return Refusal(RefusalCode.CODE_NOT_OURS)
    if len(read) < _LENGTHS[kind]:
        return Refusal(RefusalCode.CODE_INCOMPLETE)
    raw = _read(read) if len(read) == _LENGTHS[kind] else None
    key = keyring.code_key(int.from_bytes(raw[1:_HEAD_BYTES])) if raw else None
    if raw is None or key is None:
        return Refusal(RefusalCode.CODE_NOT_OURS)
    payload, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    subject = payload[_HEAD_BYTES:]
    tag = int.from_bytes(subject[:_TAG_BYTES])
    secret = _secret_of_tag(key, tag) if kind is CodeKind.ROTATING else key.secret
    if not hmac.compare_digest(mac, _mac(secret, payload)):
        return Refusal(RefusalCode.CODE_NOT_GENUINE)
    match kind:
        case CodeKind.PRINTED:
            return Code(key.rally, tag, key.id, kind)
        case CodeKind.ROTATING:
            return Code(key.rally, tag, key.id, kind, step=int.from_bytes(subject[_TAG_BYTES:]))
        case CodeKind.BADGE:
            return Code(key.rally, 0, key.id, kind, visitor=UUID(bytes=subject))
        case CodeKind.PAPER:
            visitor = paper_visitor(key.rally, int.from_bytes(subject))
            return Code(key.rally, 0, key.id, kind, visitor=visitor)


def _payload(key: CodeKey, kind: CodeKind, subject: bytes) -> bytes:
    return bytes([kind]) + key.id.to_bytes(2) + subject


def _written(payload: bytes, secret: bytes) -> str:
    return _write(payload + _mac(secret, payload))


def _mac(secret: bytes, payload: bytes) -> bytes:
    return hmac.digest(secret, b"meguri code" + payload, "sha256")[:_MAC_BYTES]


def _write(raw: bytes) -> str:
    length = _characters(len(raw))
    value = int.from_bytes(raw) << length * _BITS - len(raw) * 8
    shifts = range((length - 1) * _BITS, -1, -_BITS)
    return "".join(ALPHABET[value >> shift & 31] for shift in shifts)


def _kind_of(text: str) -> CodeKind | None:
    """What kind of code begins like this. A kind is eight bits, of which the first character, the
    same for all of them, has five; of one character alone, nothing more can be said."""
    second = _VALUE.get(text[1:2], 0) >> 2 if text[1:] else CodeKind.PRINTED
    return CodeKind(second) if text[:1] == "0" and second in _SUBJECT_BYTES else None


def _read(text: str) -> bytes | None:
    """The bytes of a code's characters; None if a spare bit is set."""
    value = 0
    for character in text:
        value = value << _BITS | _VALUE[character]
    size, spare = divmod(len(text) * _BITS, 8)
    if value & (1 << spare) - 1:
        return None
    return (value >> spare).to_bytes(size)
