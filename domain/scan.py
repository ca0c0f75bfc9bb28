"""A scan: an attempt to check in, as the rules are asked about it."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from domain.place import Fix


class Scan(Struct, frozen=True, kw_only=True):
    """An attempt to check in, its code and its visitor's token verified.

    `evidence` is the kind of the code; `step` says which of the rotating codes it is.
    """

    rally: str
    spot_tag: int
    key_id: int
    visitor: UUID
    scan_id: UUID
    language: str
    evidence: str
    card_since: datetime
    scanned_at: datetime | None = None
    card_wanted: bool = True
    """Whether the answer shows the card; a batch of scans shows it once, at its end."""
    step: int | None = None
    fix: Fix | None = None
    answer: str | None = None
