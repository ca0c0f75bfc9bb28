"""Facts: what happened, in the past tense, kept for good.

A fact says nothing about where it is stored; `service/eventlog/rows.py` maps facts to rows.
"""

from datetime import datetime
from enum import IntFlag
from uuid import UUID

from msgspec import Struct

from domain.plan import Plan
from domain.refusals import Refusal


class Firsts(IntFlag):
    """What a visit is the first of. Sums of these flags are exact distinct counts."""

    IN_RALLY = 1
    AT_SPOT = 2
    TODAY = 4
    AT_SPOT_TODAY = 8
    AT_SPOT_THIS_HOUR = 16


class VisitRecorded(Struct, frozen=True, kw_only=True):
    """A visitor was at a spot. `occurred_at` is the scan's own time, not that of its arrival."""

    rally: str
    visitor: UUID
    spot: str
    period: int
    firsts: int
    occurred_at: datetime
    scan_id: UUID
    language: str
    evidence: str
    earned: tuple[str, ...] = ()
    late: bool = False


class CheckInRefused(Struct, frozen=True, kw_only=True):
    """A scan with a genuine code was refused."""

    rally: str
    visitor: UUID
    spot: str
    occurred_at: datetime
    scan_id: UUID
    language: str
    evidence: str
    refusal: Refusal


class RallyPlanned(Struct, frozen=True, kw_only=True):
    """A rally was laid out for the first time."""

    rally: str
    occurred_at: datetime
    plan: Plan
    by: str


class RallyReplanned(Struct, frozen=True, kw_only=True):
    """A rally's plan was changed."""

    rally: str
    occurred_at: datetime
    plan: Plan
    by: str


class RallyOpened(Struct, frozen=True, kw_only=True):
    """Check-ins are taken from `occurred_at` on, within the plan's days."""

    rally: str
    occurred_at: datetime
    by: str


class RallyClosed(Struct, frozen=True, kw_only=True):
    """No check-in made after `occurred_at` is taken."""

    rally: str
    occurred_at: datetime
    by: str


class RallyCancelled(Struct, frozen=True, kw_only=True):
    """The rally does not take place (any longer)."""

    rally: str
    occurred_at: datetime
    by: str


class CodeRevoked(Struct, frozen=True, kw_only=True):
    """Codes made with a key are void: those of one spot, or all of them (`spot` is None)."""

    rally: str
    occurred_at: datetime
    key_id: int
    spot: str | None
    by: str


VisitorFact = VisitRecorded | CheckInRefused
RallyFact = RallyPlanned | RallyReplanned | RallyOpened | RallyClosed | RallyCancelled | CodeRevoked
Fact = VisitorFact | RallyFact
