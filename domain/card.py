"""A visitor's card in one rally: the write side's memory, equal to folding the log.

Moments are microseconds since 1970 (UTC), so that a card packs small and compares fast.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.conditions import Seen
from domain.course import Course
from domain.encoding import micros
from domain.events import (
    CardLinked,
    CheckInRefused,
    Correction,
    HandOverReversed,
    PrizeEntered,
    PrizeHandedOver,
    QuizAnswered,
    SurveyAnswered,
    VisitConfirmed,
    VisitorErased,
    VisitorFact,
    VisitRecorded,
    VisitReinstated,
    VisitVoided,
)
from domain.refusals import Refusal

REFUSALS_KEPT_MAX = 20
"""So many refused scans a visitor are remembered (and logged) within
`REFUSALS_WINDOW_US`."""
REFUSALS_WINDOW_US = timedelta(hours=24) // timedelta(microseconds=1)


class Visit(Struct, frozen=True, array_like=True):
    """A visit on the card, or one more scan of the visit at position `confirms`. `scan_id` is the
    UUID's 16 bytes.

    One that is `void` stays, so that its scan gets its answer again; it counts for nothing.
    """

    spot: str
    period: int
    occurred_at: int
    scan_id: bytes
    position: int
    earned: tuple[str, ...] = ()
    evidence: str = ""
    """What stands behind it; nothing is written for a printed code, which most are."""
    confirms: int = 0
    void: bool = False

    @property
    def counted(self) -> bool:
        """Whether somebody was there once more. An answer can be given from anywhere."""
        return not (self.confirms or self.void or self.evidence == QUIZ)


class WrongAnswer(Struct, frozen=True, array_like=True):
    """An answer that was wrong, and how many tries it left."""

    spot: str
    scan_id: bytes
    left: int


class RefusedScan(Struct, frozen=True, array_like=True):
    """A refused scan, remembered so that asking again gives the first answer again."""

    scan_id: bytes
    recorded_at: int
    spot: str
    refusal: Refusal


class HandOver(Struct, frozen=True, array_like=True):
    """A prize that was given, or a coupon that was used. `id` is the UUID's 16 bytes, `spot` where.

    One that was taken back is remembered, so that its request, arriving once more, gives nothing.
    """

    prize: str
    id: bytes
    reversed: bool = False
    at: int = 0
    spot: str | None = None


class Card(Struct, frozen=True, array_like=True):
    """Visits in the order of their positions, the newest refused scans, what became of prizes,
    wrong answers, and what was answered to the survey.

    An erased card holds nothing any more and never will; nor does one that was put together with
    another one, the card of the visitor `linked_to` (a UUID's 16 bytes).

    The number of fields tells which release has written a card (service/eventlog/cards.py): what is
    added in a release, inside of a visit too, adds a field here.
    """

    visits: tuple[Visit, ...] = ()
    refused: tuple[RefusedScan, ...] = ()
    entered: tuple[str, ...] = ()
    handed: tuple[HandOver, ...] = ()
    erased: bool = False
    wrong: tuple[WrongAnswer, ...] = ()
    linked_to: bytes | None = None
    surveyed: dict[str, str] | None = None

    def visit_of_scan(self, scan_id: bytes) -> int | None:
        """The index of the visit that `scan_id` made, if it made one."""
        for index, visit in enumerate(self.visits):
            if visit.scan_id == scan_id:
                return index
        return None

    def refused_scan(self, scan_id: bytes) -> RefusedScan | None:
        """The last refusal that `scan_id` met, if it is still remembered."""
        for refused in reversed(self.refused):
            if refused.scan_id == scan_id:
                return refused
        return None

    def wrong_answer(self, scan_id: bytes) -> WrongAnswer | None:
        """The wrong answer that `scan_id` gave."""
        for wrong in self.wrong:
            if wrong.scan_id == scan_id:
                return wrong
        return None

    def until(self, index: int) -> "Card":
        """The card as it was just after its visit number `index`."""
        return Card(self.visits[: index + 1])

    def may_log_refusal(self, now: int) -> bool:
        """Whether one more refused scan is kept as a fact (`REFUSALS_KEPT_MAX` in a window)."""
        if len(self.refused) < REFUSALS_KEPT_MAX:
            return True
        return now - self.refused[0].recorded_at >= REFUSALS_WINDOW_US


PRINTED = "printed"
QUIZ = "quiz"


def seen(course: Course, visits: Sequence[Visit], *, in_order: bool = False) -> Seen:
    """Visits that are not void as conditions see them; spots no longer planned are left out.

    `in_order`: with their order and evidence, also if no condition of the plan asks for it.
    """
    bit_of, stamped = course.bit_of, 0
    for visit in visits:
        stamped |= bit_of.get(visit.spot, 0)
    if not (in_order or course.needs_visits):
        return Seen(stamped)
    # By their own times, and by name where those are the same: never by which arrived first.
    ordered = sorted(visits, key=lambda visit: (visit.occurred_at, visit.spot))
    return Seen(
        stamped,
        [
            (bit_of[visit.spot], visit.evidence or PRINTED)
            for visit in ordered
            if visit.spot in bit_of
        ],
    )


def current(course: Course, card: Card, at: int) -> Sequence[Visit]:
    """The visits that count together at a moment: all of them, or, where stamps do not carry over
    to the next day, those of its day; void ones never."""
    if course.plan.carry_over:
        return [visit for visit in card.visits if not visit.void]
    day = course.hour_at(at).of_day
    return [visit for visit in card.visits if visit.occurred_at in day and not visit.void]


def evolve(card: Card, fact: VisitorFact, position: int, recorded_at: datetime) -> Card:
    """The card after `fact`, which the log holds at `position` since `recorded_at`."""
    match fact:
        case VisitRecorded() | VisitConfirmed():
            visit = Visit(
                fact.spot,
                fact.period,
                micros(fact.occurred_at),
                fact.scan_id.bytes,
                position,
                fact.earned,
                "" if fact.evidence == PRINTED else fact.evidence,
                fact.visit if isinstance(fact, VisitConfirmed) else 0,
            )
            return _with(card, visits=(*card.visits, visit))
        case CheckInRefused():
            refused = RefusedScan(fact.scan_id.bytes, micros(recorded_at), fact.spot, fact.refusal)
            return _with(card, refused=(*card.refused, refused)[-REFUSALS_KEPT_MAX:])
        case QuizAnswered():
            wrong = WrongAnswer(fact.spot, fact.scan_id.bytes, fact.left)
            return _with(card, wrong=(*card.wrong, wrong))
        case VisitVoided() | VisitReinstated():
            void = isinstance(fact, VisitVoided)
            return _with(card, visits=toggled(card.visits, fact.position, void, fact.corrections))
        case PrizeEntered(prize=prize):
            return _with(card, entered=(*card.entered, prize))
        case PrizeHandedOver(prize=prize, hand_over_id=id_):
            given = HandOver(prize, id_.bytes, at=micros(fact.occurred_at), spot=fact.spot)
            return _with(card, handed=(*card.handed, given))
        case HandOverReversed(hand_over_id=id_):
            handed = tuple(
                replace(each, reversed=True) if each.id == id_.bytes else each
                for each in card.handed
            )
            return _with(card, handed=handed)
        case SurveyAnswered(answers=answers):
            return _with(card, surveyed=answers)
        case VisitorErased():
            return Card(erased=True)
        case CardLinked(to=to):
            return Card(linked_to=to.bytes)


def toggled(
    visits: Sequence[Visit], position: int, void: bool, corrections: Sequence[Correction] = ()
) -> tuple[Visit, ...]:
    """`visits` with the one at `position`, and what confirms it, made void or reinstated."""
    of = {each.position: each for each in corrections}
    result = []
    for visit in visits:
        if position in (visit.position, visit.confirms):
            visit = replace(visit, void=void)
        if (correction := of.get(visit.position)) is not None:
            kept = (prize for prize in visit.earned if prize not in correction.unearned)
            visit = replace(visit, earned=(*kept, *correction.earned))
        result.append(visit)
    return tuple(result)


def _with(
    card: Card,
    *,
    visits: tuple[Visit, ...] | None = None,
    refused: tuple[RefusedScan, ...] | None = None,
    entered: tuple[str, ...] | None = None,
    handed: tuple[HandOver, ...] | None = None,
    wrong: tuple[WrongAnswer, ...] | None = None,
    surveyed: dict[str, str] | None = None,
) -> Card:
    # By hand: msgspec.structs.replace takes four times as long, for every stamp of a burst.
    return Card(
        card.visits if visits is None else visits,
        card.refused if refused is None else refused,
        card.entered if entered is None else entered,
        card.handed if handed is None else handed,
        card.erased,
        card.wrong if wrong is None else wrong,
        card.linked_to,
        card.surveyed if surveyed is None else surveyed,
    )


class StampView(Struct, frozen=True):
    """A stamp as its visitor sees it."""

    spot: str
    at: datetime


class PrizeView(Struct, frozen=True, omit_defaults=True):
    """How far the card has come towards a prize, whether it takes part in its draw, and how often
    it was handed over."""

    prize: str
    met: bool
    have: int
    need: int
    entered: bool = False
    handed: int = 0


class ClueView(Struct, frozen=True):
    """How to find a spot that may be stamped next, in the plan's languages."""

    spot: str
    clue: dict[str, str]


class CardView(Struct, frozen=True, omit_defaults=True):
    """A card as its visitor sees it. `clues` are there where the plan has any to tell now."""

    rally: str
    visitor: UUID
    stamps: int
    lines: int
    spots: list[StampView]
    prizes: list[PrizeView]
    clues: tuple[ClueView, ...] = ()
    surveyed: bool = False


def view(course: Course, visitor: UUID, card: Card, at: int) -> CardView:
    """What the visitor sees of the card at a moment: stamps in the order of their times, prizes.

    A stamp's time is that of the earliest visit, also when a later one has arrived before it.
    """
    visits = current(course, card, at)
    how = seen(course, visits)
    first: dict[str, int] = {}
    for visit in visits:
        if visit.spot in course.bit_of:
            known = first.get(visit.spot, visit.occurred_at)
            first[visit.spot] = min(known, visit.occurred_at)
    prizes = []
    for prize, gauge in course.gauges:
        have, need = gauge(how)
        handed = sum(1 for one in card.handed if one.prize == prize and not one.reversed)
        entered = prize in card.entered
        prizes.append(PrizeView(prize, have >= need, have, need, entered, handed))
    return CardView(
        course.plan.rally,
        visitor,
        course.stamps_of(how.stamped),
        course.full_lines(how.stamped),
        [
            StampView(spot, course.local(moment))
            for spot, moment in sorted(first.items(), key=itemgetter(1, 0))
        ],
        prizes,
        _clues(course, first) if course.clued else (),
        card.surveyed is not None,
    )


def _clues(course: Course, stamped: Mapping[str, int]) -> tuple[ClueView, ...]:
    """The clues of the spots that may be stamped next: what they wait for is on the card."""
    return tuple(
        ClueView(spot.id, spot.clue)
        for spot in course.clued
        if spot.clue and spot.id not in stamped and (spot.after is None or spot.after in stamped)
    )
