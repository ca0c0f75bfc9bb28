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
from domain.conditions import Gauge, Standing, gauge
from domain.course import Course
from domain.encoding import micros, moment_of, spot_tag
from domain.events import (
    Accepted,
    VisitConfirmed,
    VisitorFact,
    VisitRecorded,
    VisitReinstated,
    VisitVoided,
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
            if not list(_member_mistakes(master.plan, master.organisation, spot, (), known)):
                found.setdefault(spot.rally or "", []).append(_stage(master, spot, known))
    return found


def _stage(master: Rally, spot: Spot, known: Mapping[str, Rally]) -> Stage:
    assert spot.rally is not None, "it has no mistakes"
    assert spot.complete is not None, "it has no mistakes"
    return Stage(master, spot.id, gauge(known[spot.rally].course, spot.complete))


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
    else:
        yield from unmet(member.plan, spot.complete, (*where, "complete"))


def follow(of: Sequence[Stage], change: Change, cards: Cards, cause: Cause) -> list[VisitorFact]:
    """What follows in masters from a fact about the member's card, in its order."""
    facts: list[VisitorFact] = []
    own: dict[str, Card] = {}
    for stage in of:
        name = stage.master.plan.rally
        card = own.get(name) or cards(name)
        fact = _following(stage, change, card, cause)
        if fact is not None:
            facts.append(fact)
            own[name] = evolve(card, fact, change.last + len(facts), change.now)
    return facts


def _following(stage: Stage, change: Change, own: Card, cause: Cause) -> VisitorFact | None:
    """What follows at one stage.

    A stamp that the master's organiser has voided comes back only if the member's card falls short
    of what is asked for, and then comes to it again.
    """
    course = change.member.course
    had, has = (reached_at(stage, course, card) for card in (change.before, change.after))
    stamps = [visit for visit in own.visits if visit.spot == stage.spot]
    live = [visit for visit in stamps if not visit.void]
    if has is None:
        return None if had is None else _withdrawn(stage, change, own, live, cause)
    if isinstance(cause, VoidFact):
        return _given_back(stage, change, own, stamps, cause) if had is None and not live else None
    known = min((visit.occurred_at for visit in live), default=None)
    if (known is not None and known <= has) or (known is None and stamps and had is not None):
        return None
    for at in sorted({has, max(has, micros(cause.occurred_at))}):
        if known is None or at < known:
            decision = decide(stage.master, own, _scan(stage, cause, at), change.now)
            if isinstance(decision, VisitRecorded | VisitConfirmed):
                return decision
    return None


def _withdrawn(
    stage: Stage, change: Change, own: Card, live: Sequence[Visit], cause: Cause
) -> VisitVoided | None:
    """A stamp is void with what it rests on: a visit was voided, or a late scan shows that spots
    were not visited in the order that is asked for."""
    by, reason = str(BY_RALLY), "in_order"
    if isinstance(cause, VoidFact):
        by, reason = cause.by, cause.reason
    for visit in live:
        if not visit.confirms:
            at = visit.position
            return void(stage.master, own, cause.visitor, at, change.now, by, reason)
    return None


def _given_back(
    stage: Stage, change: Change, own: Card, stamps: Sequence[Visit], cause: VoidFact
) -> VisitReinstated | None:
    """A stamp counts again with what it rests on."""
    for visit in reversed(stamps):
        if not visit.confirms:
            said = (change.now, cause.by, cause.reason)
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
