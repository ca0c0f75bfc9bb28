"""Small encodings that several rooms must agree on."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import NAMESPACE_URL, UUID, uuid5

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """Microseconds since 1970-01-01T00:00Z, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(value: int) -> datetime:
    """The moment of `micros`, in UTC."""
    return _EPOCH + timedelta(microseconds=value)


def paper_visitor(rally: str, serial: int) -> UUID:
    """The visitor that a paper card stands for: the same whenever its serial is scanned."""
    return uuid5(NAMESPACE_URL, f"urn:meguri:paper:{rally}:{serial}")


def spot_tag(spot: str) -> int:
    """A spot's 32-bit tag, which stands for its id inside a code.

    A hash needs no list of numbers to be kept: the tag survives any change of the plan's order.
    A plan in which two spots share a tag is refused (`domain.mistakes`).
    """
    return int.from_bytes(sha256(spot.encode()).digest()[:4])
