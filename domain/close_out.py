"""The close-out of a rally: freeze, review, fix the entries, draw, hand over, reconcile.

Each step is said by a fact and may be said again, so whoever comes back goes on where it stopped.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from domain.draw import drawn_in_order
from domain.events import RallyFrozen, RallyThawed, VisitsReviewed
from domain.rally import NotAllowed, Rally, visits_may_come


def freeze(rally: Rally, positions: Sequence[int], now: datetime, by: str) -> RallyFrozen | None:
    """Take no visit any more, late or not. None if it is so already.

    `positions` are the last ones of the visitors' buckets, in their order, while nobody writes.
    """
    if rally.frozen:
        return None
    if not rally.is_over(now):
        raise NotAllowed("rally_not_over", "Close the rally first: its visitors still collect.")
    return RallyFrozen(rally=rally.plan.rally, occurred_at=now, positions=tuple(positions), by=by)


def thaw(rally: Rally, now: datetime, by: str) -> RallyThawed | None:
    """Take late scans again. None if it is not frozen."""
    if not rally.frozen:
        return None
    if rally.drawing and rally.drawing.digest:
        raise NotAllowed("entries_fixed", "The entries are fixed: the rally stays as it is.")
    visits_may_come(rally)
    return RallyThawed(rally=rally.plan.rally, occurred_at=now, by=by)


def review(rally: Rally, marked: int, void: int, now: datetime, by: str) -> VisitsReviewed | None:
    """Say that what is odd was looked at: so many visits are `marked`, so many `void`. None if that
    was said already."""
    if rally.reviewed:
        return None
    if not rally.frozen:
        raise NotAllowed("rally_not_frozen", "Freeze the rally first: more visits may come.")
    return VisitsReviewed(rally=rally.plan.rally, occurred_at=now, marked=marked, void=void, by=by)


def is_final(rally: Rally, at: datetime) -> bool:
    """Whether no visit comes any more that was not there at a moment: since the results are frozen,
    or no phone may send any. That it was closed says nothing: it may be opened again."""
    if rally.frozen and rally.frozen.at <= at:
        return True
    known = [each for each in (rally.cancelled_at, rally.course.ends) if each is not None]
    return at >= min(known) + timedelta(hours=rally.plan.late_scan_hours_max)


def late_until(rally: Rally) -> datetime:
    """Until when scans that were made in time may still come from phones without a network."""
    ends = rally.course.ends
    closed_at = rally.openings[-1].closed_at if rally.openings else None
    known = [each for each in (closed_at, rally.cancelled_at, ends) if each is not None]
    return min(known) + timedelta(hours=rally.plan.late_scan_hours_max)


class State(StrEnum):
    """Where a step stands: done, to be done now, or later."""

    DONE = "done"
    NOW = "now"
    LATER = "later"


class Tally(Struct, frozen=True):
    """What is counted of a close-out: whose prizes drawn ones are, of those how many were handed
    over, how many of those by post have said where to, and what does not come out even."""

    winners: int = 0
    handed: int = 0
    by_post: int = 0
    addressed: int = 0
    differences: int = 0


class Step(Struct, frozen=True):
    """A step of the close-out and where it stands."""

    name: str
    state: State


def steps(rally: Rally, tally: Tally, now: datetime) -> list[Step]:
    """The steps of a rally's close-out in their order. What needs the steps before it comes later;
    whatever is neither done nor later is to be done now."""
    drawing, drawn = rally.drawing, bool(drawn_in_order(rally.plan))
    frozen, fixed = rally.frozen is not None, bool(drawing and drawing.digest)
    held = bool(drawing and drawing.secret)
    handed = tally.handed >= tally.winners
    over = rally.is_over(now)
    # Each: its name, whether the rally has it, whether it is done, what has to be done before.
    table = [
        ("commit", drawn, drawing is not None, True),
        ("freeze", True, frozen, over),
        ("review", True, rally.reviewed is not None, frozen),
        ("fix", drawn, fixed, bool(drawing and rally.reviewed)),
        ("hold", drawn, held, fixed),
        ("gather", held and tally.by_post > 0, tally.addressed >= tally.by_post, held),
        ("hand-over", drawn, held and handed, held),
        ("reconcile", True, _even(rally, tally, drawn=drawn), held if drawn else frozen),
    ]
    return [
        Step(name, State.DONE if done else State.NOW if may else State.LATER)
        for name, has, done, may in table
        if has
    ]


def _even(rally: Rally, tally: Tally, *, drawn: bool) -> bool:
    """Whether everything is final, handed over and accounted for."""
    held = bool(rally.drawing and rally.drawing.secret)
    final = held if drawn else rally.reviewed is not None
    return final and tally.handed >= tally.winners and not tally.differences
