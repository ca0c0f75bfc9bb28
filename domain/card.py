"""A visitor's card in one rally: the write side's memory, equal to folding the log.

Moments are microseconds since 1970 (UTC), so that a card packs small and compares fast.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from domain.course import Course
from domain.encoding import micros
from domain.events import (
    CheckInRefused,
    HandOverReversed,
    PrizeEntered,
    PrizeHandedOver,
    VisitorErased,
    VisitorFact,
    VisitRecorded,
)
from domain.refusals import Refusal

REFUSALS_KEPT_MAX = 20
"""So many refused scans a visitor are remembered (and logged) within
`REFUSALS_WINDOW_US`."""
REFUSALS_WINDOW_US = timedelta(hours=24) // timedelta(microseconds=1)


class Visit(Struct, frozen=True, array_like=True):
    """A visit on the card. `scan_id` is the UUID's 16 bytes."""

    spot: str
    period: int
    occurred_at: int
    scan_id: bytes
    position: int
    earned: tuple[str, ...] = ()


class RefusedScan(Struct, frozen=True, array_like=True):
    """A refused scan, remembered so that asking again gives the first answer again."""

    scan_id: bytes
    recorded_at: int
    spot: str
    refusal: Refusal


class Card(Struct, frozen=True, array_like=True):
    """Visits in the order of their positions, the newest refused scans, and what became of prizes.

    An erased card holds nothing any more and never will.
    """

    visits: tuple[Visit, ...] = ()
    refused: tuple[RefusedScan, ...] = ()
    entered: tuple[str, ...] = ()
    handed: tuple[str, ...] = ()
    erased: bool = False

    def visit_of_scan(self, scan_id: bytes) -> int | None:
        """The index of the visit that `scan_id` made, if it made one."""
        for index, visit in enumerate(self.visits):
            if visit.scan_id == scan_id:
                return index
        return None

    def refused_scan(self, scan_id: bytes) -> RefusedScan | None:
        """The refusal that `scan_id` met, if it is still remembered."""
        for refused in self.refused:
            if refused.scan_id == scan_id:
                return refused
        return None

    def until(self, index: int) -> "Card":
        """The card as it was just after its visit number `index`."""
        return Card(self.visits[: index + 1])

    def may_log_refusal(self, now: int) -> bool:
        """Whether one more refused scan is kept as a fact (`REFUSALS_KEPT_MAX` in a window)."""
        if len(self.refused) < REFUSALS_KEPT_MAX:
            return True
        return now - self.refused[0].recorded_at >= REFUSALS_WINDOW_US


class Tally(NamedTuple):
    """A card's stamped spots as bits, and the stamps they are worth."""

    stamped: int
    stamps: int


def tally(course: Course, card: Card) -> Tally:
    """Which spots are stamped and what they are worth; spots no longer planned are left out."""
    stamped = stamps = 0
    for visit in card.visits:
        bit = course.bit_of.get(visit.spot, 0)
        if bit and not stamped & bit:
            stamped |= bit
            stamps += course.spots[visit.spot].stamps
    return Tally(stamped, stamps)


def evolve(card: Card, fact: VisitorFact, position: int, recorded_at: datetime) -> Card:
    """The card after `fact`, which the log holds at `position` since `recorded_at`."""
    match fact:
        case VisitRecorded():
            visit = Visit(
                fact.spot,
                fact.period,
                micros(fact.occurred_at),
                fact.scan_id.bytes,
                position,
                fact.earned,
            )
            return _with(card, visits=(*card.visits, visit))
        case CheckInRefused():
            refused = RefusedScan(fact.scan_id.bytes, micros(recorded_at), fact.spot, fact.refusal)
            return _with(card, refused=(*card.refused, refused)[-REFUSALS_KEPT_MAX:])
        case PrizeEntered(prize=prize):
            return _with(card, entered=(*card.entered, prize))
        case PrizeHandedOver(prize=prize):
            return _with(card, handed=(*card.handed, prize))
        case HandOverReversed(prize=prize):
            return _with(card, handed=tuple(each for each in card.handed if each != prize))
        case VisitorErased():
            return Card(erased=True)


def _with(
    card: Card,
    *,
    visits: tuple[Visit, ...] | None = None,
    refused: tuple[RefusedScan, ...] | None = None,
    entered: tuple[str, ...] | None = None,
    handed: tuple[str, ...] | None = None,
) -> Card:
    # By hand: msgspec.structs.replace takes four times as long, for every stamp of a burst.
    return Card(
        card.visits if visits is None else visits,
        card.refused if refused is None else refused,
        card.entered if entered is None else entered,
        card.handed if handed is None else handed,
        card.erased,
    )


class StampView(Struct, frozen=True):
    """A stamp as its visitor sees it."""

    spot: str
    at: datetime


class PrizeView(Struct, frozen=True):
    """How far the card has come towards a prize."""

    prize: str
    met: bool
    have: int
    need: int


class CardView(Struct, frozen=True):
    """A card as its visitor sees it."""

    rally: str
    visitor: UUID
    stamps: int
    lines: int
    spots: list[StampView]
    prizes: list[PrizeView]


def view(course: Course, visitor: UUID, card: Card) -> CardView:
    """What the visitor sees of the card: stamps in the order they were given, prizes as planned.

    A stamp's time is that of the earliest visit, also when a later one has arrived before it.
    """
    stamped, stamps = tally(course, card)
    first: dict[str, int] = {}
    for visit in card.visits:
        if visit.spot in course.bit_of:
            known = first.get(visit.spot, visit.occurred_at)
            first[visit.spot] = min(known, visit.occurred_at)
    prizes = []
    for prize, gauge in course.gauges:
        have, need = gauge(stamped, stamps)
        prizes.append(PrizeView(prize, have >= need, have, need))
    return CardView(
        course.plan.rally,
        visitor,
        stamps,
        course.full_lines(stamped),
        [StampView(spot, course.local(at)) for spot, at in first.items()],
        prizes,
    )
