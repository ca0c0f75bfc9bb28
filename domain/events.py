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


class Accepted(Struct, frozen=True, kw_only=True):
    """A scan that was accepted. `occurred_at` is the scan's own time, not that of its arrival."""

    rally: str
    visitor: UUID
    spot: str
    period: int
    occurred_at: datetime
    scan_id: UUID
    language: str
    evidence: str
    earned: tuple[str, ...] = ()
    late: bool = False
    unplaced: bool = False
    """The spot wants phones to be near, and this one did not tell where it was."""


class VisitRecorded(Accepted, frozen=True, kw_only=True):
    """A visitor was at a spot. What it is the first of is decided with it (`Firsts`)."""

    firsts: int


class VisitConfirmed(Accepted, frozen=True, kw_only=True):
    """A visit was scanned once more, and this scan says more of it: it was made earlier, or has
    other evidence. It is no further visit; without it a card would depend on which came first.
    `visit` is the position of the visit in the bucket."""

    visit: int


class QuizAnswered(Struct, frozen=True, kw_only=True):
    """A question was answered wrongly; a right answer is a visit. `left`: tries that are left."""

    rally: str
    visitor: UUID
    spot: str
    occurred_at: datetime
    scan_id: UUID
    left: int


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
    """A rally was laid out for the first time, by an organisation or (None) by the installation's
    own operator: it stays theirs."""

    rally: str
    occurred_at: datetime
    plan: Plan
    by: str
    organisation: str | None = None


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
    """The rally does not take place (any longer): all of it, or some areas."""

    rally: str
    occurred_at: datetime
    by: str
    areas: tuple[str, ...] = ()


class DrawCommitted(Struct, frozen=True, kw_only=True):
    """The organiser has bound itself to a secret, by telling its SHA-256 (`domain.draw`)."""

    rally: str
    occurred_at: datetime
    commitment: str
    by: str


class EntriesClosed(Struct, frozen=True, kw_only=True):
    """Nobody enters a draw any more. Of earlier releases: `RallyFrozen` says it now."""

    rally: str
    occurred_at: datetime
    by: str


class EntriesFixed(Struct, frozen=True, kw_only=True):
    """Who takes part in the draws, with how many chances, does not change any more. `digest` is
    that of the published list, `entries` how many lines it has."""

    rally: str
    occurred_at: datetime
    digest: str
    entries: int
    by: str


class RallyFrozen(Struct, frozen=True, kw_only=True):
    """The rally's results are final: no visit of it comes any more. `positions` are the last ones
    of the visitors' buckets 1, 2, … at that moment; no visit of the rally has a later one."""

    rally: str
    occurred_at: datetime
    positions: tuple[int, ...]
    by: str


class RallyThawed(Struct, frozen=True, kw_only=True):
    """The rally is not frozen any more: late scans are taken again."""

    rally: str
    occurred_at: datetime
    by: str


class VisitsReviewed(Struct, frozen=True, kw_only=True):
    """An organiser has looked at what is odd; so many visits were `marked`, so many are `void`."""

    rally: str
    occurred_at: datetime
    marked: int
    void: int
    by: str


class WinnerForfeited(Struct, frozen=True, kw_only=True):
    """A prize was not taken by `entry`, which had won it. `next` has won it instead; None if nobody
    is left who has not won."""

    rally: str
    occurred_at: datetime
    prize: str
    entry: str
    next: str | None
    by: str


class DrawHeld(Struct, frozen=True, kw_only=True):
    """The draw: the secret is told, with a value that nobody could know before (`about` says where
    it was published), and who has won each prize, in the order of the draw."""

    rally: str
    occurred_at: datetime
    secret: str
    public: str
    about: str
    winners: dict[str, list[str]]
    by: str


class OpenDataPublished(Struct, frozen=True, kw_only=True):
    """The rally's open data was made public, for good: the tables with this digest, under a licence
    (SPDX) or (None) without one being said."""

    rally: str
    occurred_at: datetime
    digest: str
    licence: str | None
    by: str


class CodeRevoked(Struct, frozen=True, kw_only=True):
    """Codes made with a key are void: those of one spot, or all of them (`spot` is None)."""

    rally: str
    occurred_at: datetime
    key_id: int
    spot: str | None
    by: str


class HeadcountRecorded(Struct, frozen=True, kw_only=True):
    """Staff counted guests who are not to be known: a number, and nobody's visit.

    `count` may be negative: it takes back an earlier count. `headcount_id` makes twice once.
    """

    rally: str
    spot: str
    occurred_at: datetime
    count: int
    headcount_id: UUID
    by: str


class VisitorErased(Struct, frozen=True, kw_only=True):
    """A visitor's card is erased: it takes no more stamps and is shown to nobody.

    What was counted stays counted; who it was cannot be told any more.
    """

    rally: str
    visitor: UUID
    occurred_at: datetime
    by: str


class SurveyAnswered(Struct, frozen=True, kw_only=True):
    """A visitor has answered the rally's survey, once. `answers`: the choice for each question that
    was answered, by their ids."""

    rally: str
    visitor: UUID
    occurred_at: datetime
    answers: dict[str, str]


class PrizeEntered(Struct, frozen=True, kw_only=True):
    """A visitor takes part in the draw of a prize."""

    rally: str
    visitor: UUID
    prize: str
    occurred_at: datetime


class AtCounter(Struct, frozen=True, kw_only=True):
    """What happened to a prize at a spot or (None) at the organiser's.

    `hand_over_id` is made at the counter: a hand-over that is sent again is the same one.
    """

    rally: str
    visitor: UUID
    prize: str
    spot: str | None
    hand_over_id: UUID
    occurred_at: datetime
    by: str


class PrizeHandedOver(AtCounter, frozen=True, kw_only=True):
    """A visitor was given a prize."""


class HandOverReversed(AtCounter, frozen=True, kw_only=True):
    """A hand-over was taken back: the visitor may be given the prize again.

    `handed_over_at` is when it was given; None, of an earlier release, is taken for the same day.
    """

    handed_over_at: datetime | None = None


class Correction(Struct, frozen=True, omit_defaults=True):
    """What voiding (or reinstating) visits changes about one of the visitor's visits.

    `position` names the visit in its bucket. `visits`: whether it is counted out (-1) or in (1).
    `gained` and `lost` are `Firsts`: when a first visit is void, a later one is the first.
    """

    position: int
    visits: int = 0
    gained: int = 0
    lost: int = 0
    earned: tuple[str, ...] = ()
    unearned: tuple[str, ...] = ()


class Judged(Struct, frozen=True, kw_only=True):
    """An organiser's word about a visit. `position` names it, `visited_at` is its own time."""

    rally: str
    visitor: UUID
    spot: str
    period: int
    position: int
    visited_at: datetime
    occurred_at: datetime
    by: str
    reason: str
    corrections: tuple[Correction, ...]


class VisitVoided(Judged, frozen=True, kw_only=True):
    """A visit counts no more, as if it had not been made."""


class VisitReinstated(Judged, frozen=True, kw_only=True):
    """A voided visit counts again."""


PrizeFact = PrizeEntered | PrizeHandedOver | HandOverReversed


class Withdrawn(Correction, frozen=True, omit_defaults=True):
    """A visit, or what confirms one, that counts on another card from now on.

    `spot` and `period` are those of a visit, whose place is given back; what confirms one has none.
    """

    spot: str | None = None
    period: int = 0


class Given(Struct, frozen=True):
    """A prize that was handed over, and when."""

    prize: str
    at: datetime


class CardLinked(Struct, frozen=True, kw_only=True):
    """A visitor's card was put together with that of `to`, who is the same person: another phone's,
    or the phone's to which a paper card was bound.

    The card is closed: what comes for it goes to that of `to`. All that it was counted with is
    withdrawn here; what it adds to the other card are facts of that one, appended with this.
    """

    rally: str
    visitor: UUID
    to: UUID
    occurred_at: datetime
    by: str
    corrections: tuple[Withdrawn, ...] = ()
    entered: tuple[str, ...] = ()
    handed: tuple[Given, ...] = ()
    answers: dict[str, str] = {}


VoidFact = VisitVoided | VisitReinstated
CardFact = PrizeFact | VoidFact | VisitorErased | CardLinked | SurveyAnswered
"""What happens to a card besides scans."""
ScanFact = VisitRecorded | VisitConfirmed | QuizAnswered | CheckInRefused
"""What may come of a scan."""
VisitorFact = ScanFact | CardFact
DrawFact = DrawCommitted | EntriesClosed | EntriesFixed | DrawHeld | WinnerForfeited
CloseOutFact = RallyFrozen | RallyThawed | VisitsReviewed
RallyFact = (
    RallyPlanned
    | RallyReplanned
    | RallyOpened
    | RallyClosed
    | RallyCancelled
    | CodeRevoked
    | DrawFact
    | CloseOutFact
    | OpenDataPublished
)
Fact = VisitorFact | RallyFact | HeadcountRecorded

VERSIONS: dict[str, int] = {}
"""The version in which facts of a type are written: 1, unless it is named here. What earlier
versions held is turned into it on reading (`service/eventlog/versions.py`)."""
