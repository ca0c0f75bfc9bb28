"""Voiding visits, and taking that back: an organiser's word, never a machine's.

A void visit counts as if it had not been made. What that changes about the visitor's other visits
(which is the first of a day, which prizes are reached) is worked out here and written into the
fact, so that every projection only adds it up.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.card import Card, Visit, seen, toggled
from domain.course import Course
from domain.encoding import moment_of
from domain.events import Correction, VisitReinstated, VisitVoided
from domain.rally import NotAllowed, Rally
from domain.rules import firsts_of


def void(
    rally: Rally, card: Card, visitor: UUID, position: int, now: datetime, by: str, reason: str
) -> VisitVoided | None:
    """Void the visit at `position` of the visitor's bucket. None if it is void already."""
    visit = _visit(card, position)
    if visit.void:
        return None
    return VisitVoided(**_said(rally.course, card, visitor, visit, now, by, reason, make_void=True))


def reinstate(
    rally: Rally, card: Card, visitor: UUID, position: int, now: datetime, by: str, reason: str
) -> VisitReinstated | None:
    """Let a void visit count again, also if its place was given to somebody else meanwhile. None
    if it does already."""
    visit = _visit(card, position)
    if not visit.void:
        return None
    period_of = rally.course.period_of  # by today's plan, as the rules go by it
    for each in card.visits:
        same = each.spot == visit.spot and not each.void
        if same and period_of(each.occurred_at) == period_of(visit.occurred_at):
            raise NotAllowed("visit_replaced", "The visitor has come again; that visit counts now.")
    return VisitReinstated(
        **_said(rally.course, card, visitor, visit, now, by, reason, make_void=False)
    )


def _visit(card: Card, position: int) -> Visit:
    for visit in card.visits:
        if visit.position == position and not visit.confirms and not card.erased:
            return visit
    raise NotAllowed("visit_unknown", "There is no such visit on this card.")


def _said(
    course: Course,
    card: Card,
    visitor: UUID,
    visit: Visit,
    now: datetime,
    by: str,
    reason: str,
    *,
    make_void: bool,
) -> dict[str, Any]:
    """The fields of the fact."""
    after = toggled(card.visits, visit.position, make_void)
    return {
        "rally": course.plan.rally,
        "visitor": visitor,
        "spot": visit.spot,
        "period": visit.period,
        "position": visit.position,
        "visited_at": moment_of(visit.occurred_at),
        "occurred_at": now,
        "by": by,
        "reason": reason,
        "corrections": tuple(_corrections(course, card.visits, after, make_void=make_void)),
    }


def _corrections(
    course: Course, before: Sequence[Visit], after: Sequence[Visit], *, make_void: bool
) -> Iterable[Correction]:
    """How each visit changes."""
    earned = _earned(course, before, after, make_void=make_void)
    for index, (old, new) in enumerate(zip(before, after, strict=True)):
        had = firsts_of(course, before[:index], old)
        has = firsts_of(course, after[:index], new)
        reached = earned.get(index, ())
        correction = Correction(
            position=old.position,
            visits=new.counted - old.counted,
            gained=has & ~had,
            lost=had & ~has,
            earned=tuple(prize for prize in reached if prize not in old.earned),
            unearned=tuple(prize for prize in old.earned if prize not in reached),
        )
        if correction != Correction(position=old.position):
            yield correction


def _earned(
    course: Course, before: Sequence[Visit], after: Sequence[Visit], *, make_void: bool
) -> dict[int, tuple[str, ...]]:
    """Which prizes each visit of `after` has earned, by its index.

    A prize stays where it was earned if that visit counts; else it goes to the newest one that
    does. One that is no longer reached is earned by none, and one that is now, by the newest.
    """
    earned: dict[int, tuple[str, ...]] = {}
    for together in _cards(course, after):
        live = [index for index in together if not after[index].void]
        met = _met(course, [after[index] for index in live])
        had = _met(course, [before[index] for index in together if not before[index].void])
        known = {prize for index in together for prize in after[index].earned}
        # Only voiding takes prizes away, and only what was reached by the plan of now before.
        keeps = {prize for prize in known if not make_void or prize in met or prize not in had}
        for index in live:
            earned[index] = tuple(prize for prize in after[index].earned if prize in keeps)
        placed = {prize for index in live for prize in earned[index]}
        missing = [prize for prize in (*met, *sorted(keeps)) if prize not in placed]
        if live and missing:
            earned[live[-1]] = (*earned[live[-1]], *dict.fromkeys(missing))
    return earned


def _cards(course: Course, visits: Sequence[Visit]) -> list[list[int]]:
    """The visits that count together, as indexes: all, or those of each day."""
    if course.plan.carry_over:
        return [list(range(len(visits)))]
    days: dict[int, list[int]] = {}
    for index, visit in enumerate(visits):
        days.setdefault(course.hour_at(visit.occurred_at).day, []).append(index)
    return list(days.values())


def _met(course: Course, visits: Sequence[Visit]) -> list[str]:
    how = seen(course, visits)
    return [prize for prize, gauge in course.gauges if gauge(how).met] if visits else []
