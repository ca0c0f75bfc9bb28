"""Master rallies: some of their spots are other rallies. Who has come far enough in one of those (a
member) has the stamp, without a scan.

What comes of a change of the member's card is decided here, from that card before and after it and
from the visitor's cards in the masters. It is an ordinary visit, judged by the master's own rules
(`domain.rules.decide`), so nothing else has to know of masters. Its time is that at which the
member's card came to what is asked for, whatever arrived when; if the master took no check-ins then
(it was planned or opened later), it is that of the visitor's next visit to the member.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import NamedTuple
from uuid import uuid5

from domain.card import Card, Visit, current, evolve, seen
from domain.conditions import Gauge, InOrder, Standing, gauge, parts
from domain.course import Course
from domain.encoding import micros, moment_of, spot_tag
from domain.events import (
    Accepted,
    VisitConfirmed,
    VisitorFact,
    VisitRecorded,
    VoidFact,
)
from domain.mistakes import Mistake, unmet
from domain.plan import BY_RALLY, Plan, Spot
from domain.rally import Rally
from domain.rehearsal import rehearsed
from domain.rules import decide
from domain.scan import Scan
from domain.voids import reinstate, void

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_CODELESS = 0
"""No key has this id."""

Cards = Callable[[str], Card]
"""The visitor's cards, by the ids of their rallies."""
Cause = VisitRecorded | VisitConfirmed | VoidFact
"""What may change how far a card has come."""


class Stage(NamedTuple):
    """A spot of a master that is another rally, and the gauge of what is asked for there."""

    master: Rally
    spot: str
    gauge: Gauge


class Change(NamedTuple):
    """A change of a visitor's card in a member, that was decided at `now` and is in the log up to
    the position `last`."""

    member: Rally
    before: Card
    after: Card
    last: int
    now: datetime


def stages(rallies: Iterable[Rally]) -> dict[str, list[Stage]]:
    """The stages for which each rally is asked for, by its id.

    A rally of another organisation counts for nothing; nor does one whose plan has no longer what
    is asked for, until one of the two plans is changed.
    """
    known = {rally.plan.rally: rally for rally in rallies}
    found: dict[str, list[Stage]] = {}
    for master in known.values():
        for spot in master.course.by_rally:
            if spot.rally is None or spot.complete is None:
                continue  # domain.mistakes lets none pass
            if not list(_member_mistakes(master.plan, master.organisation, spot, (), known)):
                far = gauge(known[spot.rally].course, spot.complete)
                found.setdefault(spot.rally, []).append(Stage(master, spot.id, far))
    return found


def member_mistakes(
    plan: Plan, organisation: str | None, known: Mapping[str, Rally]
) -> Iterator[Mistake]:
    """What is wrong in a plan about the rallies that are its spots. One that there is not, and one
    of another organisation, are told alike."""
    for index, spot in enumerate(plan.spots):
        if spot.kind == BY_RALLY:
            yield from _member_mistakes(plan, organisation, spot, ("spots", index), known)


def _member_mistakes(
    plan: Plan,
    organisation: str | None,
    spot: Spot,
    where: tuple[str | int, ...],
    known: Mapping[str, Rally],
) -> Iterator[Mistake]:
    if spot.rally is None or spot.complete is None:
        return  # said by domain.mistakes
    member = known.get(spot.rally)
    if member is None or member.organisation != organisation or rehearsed(spot.rally):
        yield Mistake((*where, "rally"), "another rally of the same organisation")
    elif spot.rally == plan.rally or member.course.by_rally:
        yield Mistake((*where, "rally"), "a rally whose own spots are no rallies")
    elif any(isinstance(each, InOrder) for each in parts(spot.complete)):
        # Of all conditions it alone could be met, and be met no more once a late scan has come.
        order = "a condition without in_order: for a fixed order, the member's spots say after"
        yield Mistake((*where, "complete"), order)
    else:
        yield from unmet(member.plan, spot.complete, (*where, "complete"))


def follow(of: Sequence[Stage], change: Change, cards: Cards, cause: Cause) -> list[VisitorFact]:
    """What follows in masters from a fact about the member's card, in its order."""
    facts: list[VisitorFact] = []
    own: dict[str, Card] = {}
    for stage in of:
        name = stage.master.plan.rally
        card = own.get(name) or cards(name)
        fact: VisitorFact | None
        if isinstance(cause, VoidFact):
            fact = _judged(stage, change, card, cause)
        else:
            fact = _completed(stage, change, card, cause)
        if fact is not None:
            facts.append(fact)
            own[name] = evolve(card, fact, change.last + len(facts), change.now)
    return facts


def _completed(
    stage: Stage, change: Change, own: Card, cause: VisitRecorded | VisitConfirmed
) -> VisitRecorded | VisitConfirmed | None:
    """The stamp that a visit brings, or that it was had earlier than was known.

    One that the master's organiser has voided comes back only if the member's card falls short of
    what is asked for, and then comes to it again.
    """
    course = change.member.course
    reached = reached_at(stage, course, change.after)
    stamps = [visit for visit in own.visits if visit.spot == stage.spot]
    known = min((visit.occurred_at for visit in stamps if not visit.void), default=None)
    if reached is None or (known is not None and known <= reached):
        return None
    if stamps and known is None and reached_at(stage, course, change.before) is not None:
        return None
    for at in sorted({reached, max(reached, micros(cause.occurred_at))}):
        if known is None or at < known:
            decision = decide(stage.master, own, _scan(stage, cause, at), change.now)
            if isinstance(decision, VisitRecorded | VisitConfirmed):
                return decision
    return None


def _judged(stage: Stage, change: Change, own: Card, cause: VoidFact) -> VoidFact | None:
    """A stamp is void with what it rests on, and counts again with it."""
    course = change.member.course
    had, has = (reached_at(stage, course, card) for card in (change.before, change.after))
    stamps = [one for one in own.visits if one.spot == stage.spot and not one.confirms]
    said = (change.now, cause.by, cause.reason)
    for visit in reversed(stamps):
        if has is None and had is not None and not visit.void:
            return void(stage.master, own, cause.visitor, visit.position, *said)
        if has is not None and had is None and all(one.void for one in stamps):
            return reinstate(stage.master, own, cause.visitor, visit.position, *said)
    return None


def reached_at(stage: Stage, course: Course, card: Card) -> int | None:
    """When a member's card came to what is asked for (microseconds since 1970), by the scans' own
    times; None if it has not. Where each day has its own card: on the first day on which one did.
    """
    moments = [0] if course.plan.carry_over else [visit.occurred_at for visit in card.visits]
    found = (_reached(stage, course, current(course, card, at)) for at in moments)
    return min((at for at in found if at is not None), default=None)


def reached_by(stage: Stage, course: Course, card: Card) -> Standing:
    """How far a member's card has come; where each day has its own card, the best of them."""
    moments = [0] if course.plan.carry_over else [visit.occurred_at for visit in card.visits] or [0]
    cards = (seen(course, current(course, card, at), in_order=True) for at in moments)
    return max(stage.gauge(each) for each in cards)


def _reached(stage: Stage, course: Course, visits: Sequence[Visit]) -> int | None:
    ordered = sorted(visits, key=attrgetter("occurred_at"))

    def enough(first: int) -> bool:
        return stage.gauge(seen(course, ordered[:first], in_order=True)).met

    if not enough(len(ordered)):
        return None
    # More visits never take away what fewer have reached. Whoever has made none is nobody.
    needed = bisect_left(range(len(ordered) + 1), True, lo=1, key=enough)
    return ordered[needed - 1].occurred_at if ordered else None


def _scan(stage: Stage, cause: Accepted, at: int) -> Scan:
    """The scan that the master is asked about: the same whenever the same visit causes it."""
    name = stage.master.plan.rally
    return Scan(
        rally=name,
        spot_tag=spot_tag(stage.spot),
        key_id=_CODELESS,
        visitor=cause.visitor,
        scan_id=uuid5(cause.scan_id, f"{name}/{stage.spot}"),
        language=cause.language,
        evidence=BY_RALLY,
        card_since=_ANY_TIME,
        scanned_at=moment_of(at),
        card_wanted=False,
    )
