"""Who has won: what stands for a visitor in the published lists, and whose a drawn prize is now."""

from hashlib import sha256
from uuid import UUID

from domain.rally import Rally

ENTRY_DIGITS = 24
"""96 bits: among a hundred million entries, two are the same once in a trillion rallies."""


def entry_id(rally: str, visitor: UUID) -> str:
    """What stands for a visitor in a rally's published lists. The visitor can work it out from the
    number of the card; the card's number cannot be told from it."""
    return sha256(f"meguri entry {rally} {visitor}".encode()).hexdigest()[:ENTRY_DIGITS]


def has_won(rally: Rally, visitor: UUID, prize: str) -> bool:
    """Whether a drawn prize is the visitor's: drawn, or moved up to, and not given up."""
    if rally.drawing is None:
        return False
    return entry_id(rally.plan.rally, visitor) in rally.drawing.winners_now(prize)
