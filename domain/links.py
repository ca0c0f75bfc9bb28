"""Putting two cards of one person together: another phone's, or a paper one bound to a phone.

What the one card (the source) holds is taken over by the other (the target) as if it had been
scanned there, late: each visit is recorded anew with its own time, scan id and evidence, or
confirms one that is there already. So every figure counts the person once.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from domain.card import Card, Visit, evolve
from domain.course import Course
from domain.encoding import micros
from domain.events import (
    Accepted,
    CardLinked,
    Given,
    PrizeEntered,
    PrizeHandedOver,
    QuizAnswered,
    SurveyAnswered,
    VisitConfirmed,
    VisitorFact,
    VisitRecorded,
    Withdrawn,
)
from domain.plan import Draw
from domain.prizes import choices, not_closed
from domain.rally import NotAllowed, Rally
from domain.rules import VISITS_PER_CARD_MAX, firsts_of, newly_earned, says_more

LINKS_MAX = 10
"""So many cards may be put together one after the other: each is a step more for whoever comes with
the first of them."""

Placed = tuple[int, VisitorFact]
"""A fact and its position in its bucket."""


def may_link(rally: Rally, source: Card, target: Card) -> None:
    """Raise NotAllowed for cards that cannot be put together: a closed one, too full ones, or those
    of a rally whose results are final (an entry stands for one card)."""
    if rally.frozen:
        raise NotAllowed(
            "rally_frozen", "The results of this rally are final, and so are its cards."
        )
    not_closed(source)
    not_closed(target)
    if len(target.visits) + len(source.visits) > VISITS_PER_CARD_MAX:
        raise NotAllowed("card_full", "There are too many visits on the two cards.")


def close(
    rally: Rally,
    source: Card,
    visitor: UUID,
    facts: Iterable[Placed],
    to: UUID,
    now: datetime,
    by: str,
) -> CardLinked:
    """The fact that closes the source, the card of `visitor` with these `facts`, in favour of that
    of `to`."""
    given = _given(source)
    return CardLinked(
        rally=rally.plan.rally,
        visitor=visitor,
        to=to,
        occurred_at=now,
        by=by,
        corrections=tuple(_withdrawn(rally.course, source.visits)),
        entered=source.entered,
        answers=source.surveyed or {},
        handed=tuple(
            Given(fact.prize, fact.occurred_at)
            for _, fact in facts
            if isinstance(fact, PrizeHandedOver) and fact.hand_over_id.bytes in given
        ),
    )


def take_over(
    rally: Rally,
    target: Card,
    to: UUID,
    source: Card,
    facts: Iterable[Placed],
    after: int,
    now: datetime,
) -> Iterator[VisitorFact]:
    """The facts that the target, the card of `to`, gets from the source, whose own `facts` these
    are. They are to follow the position `after` of the target's bucket."""
    void = {visit.position for visit in source.visits if visit.void}
    given = _given(source)
    for position, fact in facts:
        taken: VisitorFact | None = None
        match fact:
            case VisitRecorded() | VisitConfirmed() if position not in void:
                taken = _visit(rally.course, target, to, fact)
            case QuizAnswered():
                taken = replace(fact, visitor=to)
            case PrizeHandedOver() if fact.hand_over_id.bytes in given:
                taken = replace(fact, visitor=to)
            case SurveyAnswered() if target.surveyed is None:
                taken = replace(fact, visitor=to, occurred_at=now)
            case PrizeEntered() if _may_enter(rally, target, fact.prize):
                taken = replace(fact, visitor=to, occurred_at=now)
        if taken is not None:
            yield taken
            after += 1
            target = evolve(target, taken, after, now)


def _visit(
    course: Course, target: Card, to: UUID, fact: VisitRecorded | VisitConfirmed
) -> VisitRecorded | VisitConfirmed | None:
    """A visit of the source on the target: new there, or one more scan of one that is there, if it
    says more of it."""
    # By the period in which it was recorded: a replan since then makes no visits one, nor two.
    at = micros(fact.occurred_at)
    said = {name: getattr(fact, name) for name in Accepted.__struct_fields__} | {"visitor": to}
    known = _same(target, fact)
    if known is not None and not says_more(target, known, fact.evidence, at):
        return None
    new = Visit(fact.spot, fact.period, at, b"", 0, evidence=fact.evidence)
    said["earned"] = newly_earned(course, target, new)
    if known is None:
        return VisitRecorded(firsts=firsts_of(course, target.visits, new), **said)
    return VisitConfirmed(visit=known.position, **said)


def _same(target: Card, fact: VisitRecorded | VisitConfirmed) -> Visit | None:
    """The target's visit with the same key."""
    for visit in target.visits:
        same = (visit.spot, visit.period) == (fact.spot, fact.period)
        if same and not (visit.confirms or visit.void):
            return visit
    return None


def _given(source: Card) -> set[bytes]:
    """The hand-overs that were not taken back."""
    return {each.id for each in source.handed if not each.reversed}


def _may_enter(rally: Rally, target: Card, name: str) -> bool:
    """Whether an entry of the source is none of the target's yet, nor a second choice."""
    prize = rally.course.prizes.get(name)
    choice = prize.giving.choice if prize and isinstance(prize.giving, Draw) else None
    return name not in target.entered and choice not in choices(rally, target)


def _withdrawn(course: Course, visits: Sequence[Visit]) -> Iterator[Withdrawn]:
    """What each visit that is not void was counted with."""
    for index, visit in enumerate(visits):
        if not visit.void:
            yield Withdrawn(
                position=visit.position,
                visits=-int(visit.counted),
                lost=firsts_of(course, visits[:index], visit),
                unearned=visit.earned,
                spot=None if visit.confirms else visit.spot,
                period=0 if visit.confirms else visit.period,
            )
