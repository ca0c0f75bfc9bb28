"""A rally's own state: its plan, whether it is open, which codes are void.

Folded from the facts of the rallies' bucket by `evolve_rally`; changed by the decisions below.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from functools import cached_property

import msgspec
from msgspec import UNSET, Struct, UnsetType

from domain.course import Course
from domain.events import (
    CodeRevoked,
    DrawCommitted,
    DrawFact,
    DrawHeld,
    EntriesClosed,
    EntriesFixed,
    OpenDataPublished,
    RallyCancelled,
    RallyClosed,
    RallyFact,
    RallyFrozen,
    RallyOpened,
    RallyPlanned,
    RallyReplanned,
    RallyThawed,
    VisitsReviewed,
    WinnerForfeited,
)
from domain.plan import Plan


class Status(StrEnum):
    """Where a rally is in its life."""

    PLANNED = "planned"
    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Opening(Struct, frozen=True):
    """A time in which check-ins were taken; `closed_at` is None while it lasts."""

    opened_at: datetime
    closed_at: datetime | None = None


class Forfeit(Struct, frozen=True):
    """A prize that `entry` had won and did not take, and who has won it instead."""

    prize: str
    entry: str
    next: str | None


class Drawing(Struct, frozen=True, omit_defaults=True):
    """How far the draws of a rally have come; see the facts of the same names."""

    commitment: str
    closed_at: datetime | None = None
    digest: str | None = None
    entries: int = 0
    secret: str | None = None
    public: str | None = None
    about: str | None = None
    winners: dict[str, list[str]] = {}
    """As they were drawn."""
    forfeits: tuple[Forfeit, ...] = ()
    """Prizes that were not taken, in the order in which that was said."""
    committed_at: datetime | None = None
    fixed_at: datetime | None = None
    held_at: datetime | None = None

    def given_up(self, prize: str) -> list[str]:
        """Who has won a prize and has not taken it."""
        return [each.entry for each in self.forfeits if each.prize == prize]

    def moved_up(self, prize: str) -> list[str]:
        """Whose a prize became that was not taken."""
        return [each.next for each in self.forfeits if each.prize == prize and each.next]

    def ever_won(self, prize: str) -> list[str]:
        """Who has won a prize: as they were drawn, then those who have moved up."""
        return [*self.winners.get(prize, ()), *self.moved_up(prize)]

    def winners_now(self, prize: str) -> list[str]:
        """Whose prize it is, in that order."""
        gone = set(self.given_up(prize))
        return [entry for entry in self.ever_won(prize) if entry not in gone]


class Frozen(Struct, frozen=True):
    """Since when the results are final, and the last position of each visitors' bucket then."""

    at: datetime
    positions: tuple[int, ...]
    by: str


class Reviewed(Struct, frozen=True):
    """When what is odd was looked at; how many visits were marked, and how many void."""

    at: datetime
    marked: int
    void: int
    by: str


class OpenData(Struct, frozen=True):
    """The tables that were made public: their digest, since when, under which licence."""

    digest: str
    published_at: datetime
    licence: str | None = None


class Rally(Struct, frozen=True, kw_only=True, dict=True):
    """A rally as its facts have made it.

    Every opening is kept: a scan that arrives late is judged by the one it was made in.
    """

    plan: Plan
    organisation: str | None = None
    """Whose it is; None: the installation's own."""
    openings: tuple[Opening, ...] = ()
    cancelled_at: datetime | None = None
    revoked: frozenset[tuple[int, str | None]] = frozenset()
    cancelled_areas: dict[str, datetime] = {}
    """Areas that were called off, and since when."""
    drawing: Drawing | None = None
    frozen: Frozen | None = None
    reviewed: Reviewed | None = None
    open_data: OpenData | None = None

    @cached_property
    def course(self) -> Course:
        """The plan made ready for deciding."""
        return Course(self.plan)

    @property
    def status(self) -> Status:
        if self.cancelled_at:
            return Status.CANCELLED
        if not self.openings:
            return Status.PLANNED
        return Status.CLOSED if self.openings[-1].closed_at else Status.OPEN

    @property
    def entries_closed(self) -> bool:
        """Whether nothing may change any more about who takes part in the draws."""
        closed = self.drawing is not None and self.drawing.closed_at is not None
        return closed or self.frozen is not None

    def is_over(self, now: datetime) -> bool:
        """Whether no check-in that is made from `now` on is taken."""
        return self.status in (Status.CLOSED, Status.CANCELLED) or now >= self.course.ends

    def gives_stamps(self, now: datetime) -> bool:
        """Whether a stamp can be had somewhere at this hour."""
        return (
            self.status is Status.OPEN
            and self.course.starts <= now < self.course.ends
            and any(
                self.area_cancelled_at(area.id) is None
                and self.course.next_opening(now, area.id) is None
                for area in self.plan.areas
            )
        )

    def area_cancelled_at(self, area: str) -> datetime | None:
        """When an area was called off, if it was."""
        return self.cancelled_areas.get(area)

    def is_revoked(self, key_id: int, spot: str | None) -> bool:
        """Whether codes of `spot` (None: of no spot) made with key `key_id` are void."""
        return (key_id, None) in self.revoked or (key_id, spot) in self.revoked


class NotAllowed(Exception):  # noqa: N818 - it names what is not allowed, not a fault
    """A change of a rally that its state does not allow. `code` is stable, the text says why."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def entries_open(rally: Rally) -> None:
    """Raise NotAllowed once the entries are closed."""
    if rally.entries_closed:
        raise NotAllowed("entries_closed", "The entries of this rally are closed.")


def visits_may_come(rally: Rally) -> None:
    """Raise NotAllowed once open data was published: it is complete, and there is no second one."""
    if rally.open_data:
        raise NotAllowed("open_data_published", "Open data was published: no visit comes any more.")


def plan_rally(
    rally: Rally | None,
    plan: Plan,
    now: datetime,
    by: str,
    based_on: Plan | UnsetType | None = UNSET,
    organisation: str | None = None,
) -> RallyFact | None:
    """Lay out a rally, or change its plan. None if nothing would change.

    `based_on`: the plan from which the new one was made (None: there was none); if the rally has
    another one by now, that is not written over. Unset: whatever the plan is now. `organisation`:
    for whom; None: for whom it was laid out, or for the installation's operator.
    """
    if rally is None:
        return RallyPlanned(
            rally=plan.rally, occurred_at=now, plan=plan, by=by, organisation=organisation
        )
    if organisation not in (None, rally.organisation):
        raise NotAllowed("rally_exists", "There is a rally of this name already.")
    if rally.plan == plan:
        return None
    if based_on is None:
        raise NotAllowed("rally_exists", "There is a rally of this name already.")
    if based_on is not UNSET and rally.plan != based_on:
        raise NotAllowed("plan_changed", "Somebody has changed the plan meanwhile.")
    entries_open(rally)
    if rally.plan.time_zone != plan.time_zone:
        # Days and hours that were counted would change their meaning.
        raise NotAllowed("time_zone_fixed", "The time zone of a planned rally cannot be changed.")
    if rally.plan.carry_over != plan.carry_over:
        raise NotAllowed("carry_over_fixed", "Whether stamps carry over cannot be changed.")
    if rally.plan.revisit != plan.revisit and rally.course.limited:
        # The places that are taken are counted by its periods.
        raise NotAllowed(
            "revisit_fixed", "While spots have a capacity, when a revisit counts cannot be changed."
        )
    if rally.cancelled_at:
        raise NotAllowed("rally_cancelled", "The rally was cancelled; its plan is fixed.")
    until = (plan.last_day, plan.late_scan_hours_max)
    if until != (rally.plan.last_day, rally.plan.late_scan_hours_max):
        visits_may_come(rally)
    return RallyReplanned(rally=plan.rally, occurred_at=now, plan=plan, by=by)


def open_rally(rally: Rally, now: datetime, by: str) -> RallyFact | None:
    """Take check-ins from `now` on. None if it is open already."""
    if rally.status is not Status.OPEN:
        entries_open(rally)
        visits_may_come(rally)
    match rally.status:
        case Status.OPEN:
            return None
        case Status.CANCELLED:
            raise NotAllowed("rally_cancelled", "A cancelled rally cannot be opened.")
        case _:
            return RallyOpened(rally=rally.plan.rally, occurred_at=now, by=by)


def close_rally(rally: Rally, now: datetime, by: str) -> RallyFact | None:
    """Take no more check-ins. None if it is closed already."""
    match rally.status:
        case Status.CLOSED:
            return None
        case Status.OPEN:
            return RallyClosed(rally=rally.plan.rally, occurred_at=now, by=by)
        case _:
            raise NotAllowed("rally_not_open", "Only an open rally can be closed.")


def cancel_rally(
    rally: Rally, now: datetime, by: str, areas: Sequence[str] = ()
) -> RallyFact | None:
    """Call the rally off, or some of its areas. None if that was done already.

    Stamps that were given stay, and prizes can still be entered for and handed over.
    """
    for area in areas:
        if area not in rally.course.area_bits:
            raise NotAllowed("area_unknown", f"This rally has no area {area[:40]}.")
    fresh = tuple(area for area in dict.fromkeys(areas) if area not in rally.cancelled_areas)
    if rally.cancelled_at or (areas and not fresh):
        return None
    return RallyCancelled(rally=rally.plan.rally, occurred_at=now, by=by, areas=fresh)


def revoke_code(
    rally: Rally, key_id: int, spot: str | None, now: datetime, by: str
) -> RallyFact | None:
    """Void the codes a key has made: those of one spot, or all. None if they are void already."""
    if spot is not None and spot not in rally.course.spots:
        raise NotAllowed("spot_unknown", f"This rally has no spot {spot}.")
    if (key_id, None) in rally.revoked or (key_id, spot) in rally.revoked:
        return None
    return CodeRevoked(rally=rally.plan.rally, occurred_at=now, key_id=key_id, spot=spot, by=by)


def evolve_rally(rally: Rally | None, fact: RallyFact) -> Rally:
    """The rally after `fact`."""
    if isinstance(fact, RallyPlanned):
        return Rally(plan=fact.plan, organisation=fact.organisation)
    assert rally is not None, f"{type(fact).__name__} before RallyPlanned of {fact.rally}"
    match fact:
        case RallyReplanned():
            return msgspec.structs.replace(rally, plan=fact.plan)
        case RallyOpened():
            openings = (*rally.openings, Opening(fact.occurred_at))
            return msgspec.structs.replace(rally, openings=openings)
        case RallyClosed():
            last = Opening(rally.openings[-1].opened_at, fact.occurred_at)
            return msgspec.structs.replace(rally, openings=(*rally.openings[:-1], last))
        case RallyCancelled(areas=()):
            return msgspec.structs.replace(rally, cancelled_at=fact.occurred_at)
        case RallyCancelled():
            off = dict.fromkeys(fact.areas, fact.occurred_at)
            return msgspec.structs.replace(rally, cancelled_areas={**off, **rally.cancelled_areas})
        case CodeRevoked():
            voided = rally.revoked | {(fact.key_id, fact.spot)}
            return msgspec.structs.replace(rally, revoked=voided)
        case RallyFrozen():
            frozen = Frozen(fact.occurred_at, fact.positions, fact.by)
            return msgspec.structs.replace(rally, frozen=frozen)
        case RallyThawed():
            return msgspec.structs.replace(rally, frozen=None, reviewed=None)
        case VisitsReviewed():
            reviewed = Reviewed(fact.occurred_at, fact.marked, fact.void, fact.by)
            return msgspec.structs.replace(rally, reviewed=reviewed)
        case OpenDataPublished(digest=digest, occurred_at=at, licence=licence):
            return msgspec.structs.replace(rally, open_data=OpenData(digest, at, licence))
        case _:
            return msgspec.structs.replace(rally, drawing=_drawing_after(rally.drawing, fact))


def _drawing_after(drawing: Drawing | None, fact: DrawFact) -> Drawing:
    if isinstance(fact, DrawCommitted):
        return Drawing(fact.commitment, committed_at=fact.occurred_at)
    assert drawing is not None, f"{type(fact).__name__} before DrawCommitted of {fact.rally}"
    match fact:
        case EntriesClosed():
            return msgspec.structs.replace(drawing, closed_at=fact.occurred_at)
        case EntriesFixed():
            return msgspec.structs.replace(
                drawing, digest=fact.digest, entries=fact.entries, fixed_at=fact.occurred_at
            )
        case DrawHeld():
            return msgspec.structs.replace(
                drawing,
                secret=fact.secret,
                public=fact.public,
                about=fact.about,
                winners=fact.winners,
                held_at=fact.occurred_at,
            )
        case WinnerForfeited():
            gone = Forfeit(fact.prize, fact.entry, fact.next)
            return msgspec.structs.replace(drawing, forfeits=(*drawing.forfeits, gone))
