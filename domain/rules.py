"""The rules of a check-in: `decide(rally, card, scan, now)`, and what the visitor is answered.

This is the one place that says whether a scan is a visit. It sees the newest card and is told
the time; it changes nothing. A refusal gives the nearest reason: the rules ask in the order in
which a visitor could mend things.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from domain.card import PRINTED, Card, CardView, Visit, WrongAnswer, current, seen, view
from domain.course import Course
from domain.encoding import micros, moment_of
from domain.events import CheckInRefused, Firsts, QuizAnswered, VisitConfirmed, VisitRecorded
from domain.plan import BY_RALLY, Spot
from domain.proof import BY_STAFF, Proof, missed, prove
from domain.rally import Rally
from domain.refusals import Refusal, RefusalCode
from domain.scan import Scan
from domain.stock import Lot, places

CLOCK_SKEW_MAX = timedelta(minutes=5)
"""A phone's clock may be this far ahead; its scan is then dated by the server's clock."""
LATE_AFTER = timedelta(minutes=2)
"""A scan that arrives later than this after it was made is marked late."""
VISITS_PER_CARD_MAX = 2_000
"""A bound on a card's size: more than a visitor can walk, less than a script can write."""
# Plain numbers: arithmetic on an enum's members costs a microsecond each.
_IN_RALLY, _AT_SPOT, _TODAY, _AT_SPOT_TODAY, _AT_SPOT_THIS_HOUR = (int(flag) for flag in Firsts)
_ALL_FIRSTS = sum(Firsts)
_NEVER_LOGGED = (RefusalCode.SCAN_ID_REUSED, RefusalCode.CARD_ERASED, RefusalCode.SPOT_LOCKED)


class Linked(Struct, frozen=True):
    """The card was put together with that of another visitor, on which the scan is to be judged."""

    to: UUID


class AlreadyStamped(Struct, frozen=True):
    """The visit of this visitor, spot and period is on the card already."""

    index: int


class Repeated(Struct, frozen=True):
    """This very scan made the visit `index` before: the first answer is given again."""

    index: int


class RepeatedRefusal(Struct, frozen=True):
    """This very scan was refused before: the first answer is given again."""

    refusal: Refusal


Decision = (
    VisitRecorded
    | VisitConfirmed
    | QuizAnswered
    | AlreadyStamped
    | Repeated
    | RepeatedRefusal
    | Refusal
    | Linked
)


def decide(rally: Rally, card: Card, scan: Scan, now: datetime, taken: int = 0) -> Decision:
    """Whether `scan` is a visit: the fact to record, or why there is none.

    `taken` is how many places of a spot with a capacity are taken in the scan's period (`seat`).
    """
    if card.erased:
        return Refusal(RefusalCode.CARD_ERASED)
    if card.linked_to is not None:
        return Linked(UUID(bytes=card.linked_to))
    course = rally.course
    name = spot_of(rally, scan)
    occurred_at = occurrence(scan, now)
    repeated = _repeated(rally, card, scan, name, occurred_at, now)
    if repeated is not None:
        return repeated
    refusal = (
        _refused_time(rally, scan, occurred_at, now)
        or _refused_rally(rally, occurred_at)
        or _refused_spot(rally, scan, name, occurred_at)
    )
    if refusal is not None:
        return refusal
    assert name is not None, "_refused_spot has ruled it out"
    spot, at = course.spots[name], micros(occurred_at)
    late = now - occurred_at > LATE_AFTER
    period = course.period_of(at)
    made = _visit_of(course, card, name, period)
    if made is None:
        refusal = (
            _refused_way(course, card, spot, at)
            or _refused_elsewhere(course, card, period)
            or _refused_full(spot, taken)
        )
        if refusal is not None:
            return refusal
    # After what waiting or another time would mend: a try at a question is not wasted on it.
    proof = prove(spot, card, scan, occurred_at, late=late)
    if made is not None:
        return _once_more(course, card, scan, made, at, proof, late=late)
    if isinstance(proof, Refusal):
        return proof
    if isinstance(proof, WrongAnswer):
        return QuizAnswered(
            rally=scan.rally,
            visitor=scan.visitor,
            spot=name,
            occurred_at=occurred_at,
            scan_id=scan.scan_id,
            left=proof.left,
        )
    if len(card.visits) >= VISITS_PER_CARD_MAX:
        return Refusal(RefusalCode.CARD_FULL)
    new = Visit(name, period, at, b"", 0, evidence=proof.evidence)
    return VisitRecorded(
        firsts=firsts_of(course, card.visits, new),
        **_accepted(course, card, scan, new, proof, late=late),
    )


def _visit_of(course: Course, card: Card, spot: str, period: int) -> int | None:
    """The index of the visit of a spot in a period, by today's plan: a replan may have changed when
    a revisit counts."""
    for index, visit in enumerate(card.visits):
        if visit.spot != spot or visit.confirms or visit.void:
            continue
        if course.period_of(visit.occurred_at) == period:
            return index
    return None


def _once_more(
    course: Course,
    card: Card,
    scan: Scan,
    index: int,
    at: int,
    proof: Proof | WrongAnswer | Refusal,
    *,
    late: bool,
) -> VisitConfirmed | AlreadyStamped:
    """A further scan of the visit `index`: recorded if it says more of it than is known.

    So a card is the same in whatever order its scans arrive.
    """
    visit = card.visits[index]
    if not isinstance(proof, Proof) or len(card.visits) >= VISITS_PER_CARD_MAX:
        return AlreadyStamped(index)
    if _refused_way(course, card, course.spots[visit.spot], at) is not None:
        return AlreadyStamped(index)  # the spot was still waiting for another one then
    if not says_more(card, visit, proof.evidence, at):
        return AlreadyStamped(index)
    new = Visit(visit.spot, visit.period, at, b"", 0, evidence=proof.evidence)
    return VisitConfirmed(
        visit=visit.position, **_accepted(course, card, scan, new, proof, late=late)
    )


def says_more(card: Card, visit: Visit, evidence: str, at: int) -> bool:
    """Whether a further scan of a visit is the earliest with its evidence."""
    kept = "" if evidence == PRINTED else evidence
    return not any(
        each.evidence == kept and each.occurred_at <= at
        for each in card.visits
        if visit.position in (each.position, each.confirms)
    )


def _accepted(
    course: Course, card: Card, scan: Scan, new: Visit, proof: Proof, *, late: bool
) -> dict[str, Any]:
    """What facts say of an accepted scan (`domain.events.Accepted`)."""
    return {
        "rally": scan.rally,
        "visitor": scan.visitor,
        "spot": new.spot,
        "period": new.period,
        "occurred_at": moment_of(new.occurred_at),
        "scan_id": scan.scan_id,
        "language": scan.language,
        "evidence": proof.evidence,
        "earned": newly_earned(course, card, new),
        "late": late,
        "unplaced": proof.unplaced,
    }


def seat(rally: Rally, scan: Scan, now: datetime) -> Lot | None:
    """The places of which the scan would take one; None where they are not limited, or at a time
    at which nobody could take any."""
    spot = spot_of(rally, scan)
    if spot is None or spot not in rally.course.limited:
        return None
    at = occurrence(scan, now)
    if _refused_time(rally, scan, at, now) or _refused_rally(rally, at):
        return None
    return places(rally, spot, rally.course.period_of(micros(at)))


def occurrence(scan: Scan, now: datetime) -> datetime:
    """When the scan was made: by the phone's clock, but never ahead of ours within the skew."""
    if scan.scanned_at is None:
        return now
    if now < scan.scanned_at <= now + CLOCK_SKEW_MAX:
        return now
    return scan.scanned_at


def spot_of(rally: Rally, scan: Scan) -> str | None:
    """The spot that the scanned code stands for; None if the plan has none (any more)."""
    return rally.course.spot_by_tag.get(scan.spot_tag)


def refused_fact(
    rally: Rally, card: Card, scan: Scan, refusal: Refusal, now: datetime
) -> CheckInRefused | None:
    """The fact that `scan` was refused, or None when the visitor has used up the log's patience.

    A reused scan id is never logged: its id is already the name of another fact. Nor is anything
    more about a visitor who was erased. Nor a spot that waits for another one: when that one's scan
    arrives (it may be late), this one is good, and is judged anew. Nor where guests are only
    counted, whatever it was refused for: nobody is to know that this one was there.
    """
    if refusal.code in _NEVER_LOGGED or not card.may_log_refusal(micros(now)):
        return None
    spot = spot_of(rally, scan)
    if spot is not None and rally.course.spots[spot].kind == "counted":
        return None
    return CheckInRefused(
        rally=scan.rally,
        visitor=scan.visitor,
        spot=spot or "",
        occurred_at=min(occurrence(scan, now), now),
        scan_id=scan.scan_id,
        language=scan.language,
        evidence=scan.evidence,
        refusal=replace(refusal, metres=None),  # where phones were is not kept
    )


def _repeated(
    rally: Rally, card: Card, scan: Scan, spot: str | None, occurred_at: datetime, now: datetime
) -> Repeated | RepeatedRefusal | Refusal | None:
    """The first answer to this scan id, if it has had one; an id is good for one spot only."""
    scan_id = scan.scan_id.bytes
    known = card.visit_of_scan(scan_id)
    if known is not None:
        first = card.visits[known]
        if spot not in (first.spot, None):
            return Refusal(RefusalCode.SCAN_ID_REUSED, spot=first.spot)
        return Repeated(known)
    wrong = card.wrong_answer(scan_id)
    if wrong is not None:
        if wrong.spot != spot:
            return Refusal(RefusalCode.SCAN_ID_REUSED, spot=wrong.spot)
        return RepeatedRefusal(missed(wrong.left))
    refused = card.refused_scan(scan_id)
    if refused is None:
        return None
    if refused.spot and refused.spot != spot:
        return Refusal(RefusalCode.SCAN_ID_REUSED, spot=refused.spot)
    if refused.refusal.code is RefusalCode.RALLY_FINAL:
        # It was good but for the freeze, and phones keep it: what that freeze refused is judged
        # anew once it was thawed, or when it is too late in any case.
        refusal = _refused_time(rally, scan, occurred_at, now) or _refused_rally(rally, occurred_at)
        if refusal != refused.refusal:
            return None
    return RepeatedRefusal(refused.refusal)


def _refused_time(rally: Rally, scan: Scan, occurred_at: datetime, now: datetime) -> Refusal | None:
    if occurred_at > now:
        return _at(RefusalCode.SCAN_IN_FUTURE, occurred_at)
    if now - occurred_at > rally.course.late_max + CLOCK_SKEW_MAX:
        return _at(RefusalCode.SCAN_TOO_OLD, occurred_at)
    # Only a phone's own time can be older than its card; ours may have been put back.
    if scan.scanned_at is not None and occurred_at < scan.card_since - CLOCK_SKEW_MAX:
        return _at(RefusalCode.SCAN_BEFORE_CARD, scan.card_since)
    return None


def _refused_rally(rally: Rally, occurred_at: datetime) -> Refusal | None:
    """Whether the rally took check-ins when the scan was made (not: when it arrived); if so, still
    none once its results are final."""
    course = rally.course
    if rally.cancelled_at and occurred_at >= rally.cancelled_at:
        return _at(RefusalCode.RALLY_CANCELLED, rally.cancelled_at)
    if occurred_at < course.starts:
        return _at(RefusalCode.RALLY_NOT_STARTED, course.starts)
    for opening in reversed(rally.openings):
        if opening.opened_at <= occurred_at:
            break
    else:
        return Refusal(RefusalCode.RALLY_NOT_OPEN)
    ends = min(opening.closed_at or course.ends, course.ends)
    if occurred_at >= ends:
        return _at(RefusalCode.RALLY_OVER, ends)
    if rally.frozen:
        return _at(RefusalCode.RALLY_FINAL, rally.frozen.at)
    return None


def _refused_spot(
    rally: Rally, scan: Scan, name: str | None, occurred_at: datetime
) -> Refusal | None:
    """Whether the spot gives stamps at that time, and to whoever shows such a code."""
    if name is None:
        return Refusal(RefusalCode.SPOT_GONE)
    # A badge is not the spot's code: it is void with its key alone.
    if rally.is_revoked(scan.key_id, None if scan.evidence in BY_STAFF else name):
        return Refusal(RefusalCode.CODE_REVOKED)
    course, spot = rally.course, rally.course.spots[name]
    if spot.kind == "counted":
        return Refusal(RefusalCode.SPOT_COUNTED)
    if spot.kind == "badge" and scan.evidence not in BY_STAFF:
        return Refusal(RefusalCode.SPOT_SCANS_BADGES)
    if spot.kind == BY_RALLY and scan.evidence != BY_RALLY:
        return Refusal(RefusalCode.SPOT_IS_RALLY)
    cancelled = rally.area_cancelled_at(spot.area)
    if cancelled is not None and occurred_at >= cancelled:
        return _at(RefusalCode.AREA_CANCELLED, cancelled)
    starts, ends = course.slot(spot)
    if starts is not None and occurred_at < starts:
        return _at(RefusalCode.SLOT_NOT_STARTED, starts)
    if ends is not None and occurred_at >= ends:
        return _at(RefusalCode.SLOT_OVER, ends)
    opens = course.next_opening(occurred_at, spot.area)
    if opens is not None:
        code = RefusalCode.RALLY_OVER if opens >= course.ends else RefusalCode.CLOSED_NOW
        return _at(code, opens)
    return None


def _refused_way(course: Course, card: Card, spot: Spot, at: int) -> Refusal | None:
    """Whether the spot waits for another one that the card does not have yet (at that time)."""
    first = spot.after
    if first is None:
        return None
    for visit in current(course, card, at):
        if visit.spot == first and visit.occurred_at <= at:
            return None
    return Refusal(RefusalCode.SPOT_LOCKED, spot=first)


def _refused_elsewhere(course: Course, card: Card, period: int) -> Refusal | None:
    """Whether the visitor is at another spot in the same period, where one may be at one only."""
    if not course.plan.one_at_a_time:
        return None
    for visit in card.visits:
        if not visit.void and course.period_of(visit.occurred_at) == period:
            return Refusal(RefusalCode.ELSEWHERE_NOW, spot=visit.spot)
    return None


def _refused_full(spot: Spot, taken: int) -> Refusal | None:
    if spot.capacity is None or taken < spot.capacity:
        return None
    return Refusal(RefusalCode.SPOT_FULL)


def _at(code: RefusalCode, moment: datetime) -> Refusal:
    # In UTC, as a card keeps it: a refusal that is given again is the same to the letter.
    return Refusal(code, at=moment.astimezone(UTC))


def firsts_of(course: Course, earlier: Iterable[Visit], new: Visit) -> int:
    """What a visit is the first of (`Firsts`), after those that arrived before it."""
    if not new.counted:
        return 0
    firsts = _ALL_FIRSTS
    hour = course.hour_at(new.occurred_at)
    for visit in earlier:
        if not visit.counted:
            continue
        firsts &= ~_IN_RALLY
        today = visit.occurred_at in hour.of_day
        if today:
            firsts &= ~_TODAY
        if visit.spot == new.spot:
            firsts &= ~_AT_SPOT
            if today:
                firsts &= ~_AT_SPOT_TODAY
            if visit.occurred_at in hour.of_hour:
                firsts &= ~_AT_SPOT_THIS_HOUR
    return firsts


def newly_earned(course: Course, card: Card, new: Visit) -> tuple[str, ...]:
    """The prizes whose conditions this visit is the first to meet."""
    before = current(course, card, new.occurred_at)
    how = seen(course, [*before, new])
    met = [prize for prize, gauge in course.gauges if gauge(how).met]
    if not met:
        return ()
    known = {prize for visit in before for prize in visit.earned}
    return tuple(prize for prize in met if prize not in known)


class Answer(Struct, frozen=True, kw_only=True):
    """What a visitor is told about an accepted scan. `position` is the visit's in its bucket."""

    outcome: str
    rally: str
    spot: str
    card: CardView | UnsetType = UNSET
    position: int
    earned: tuple[str, ...]


def answer(rally: Rally, scan: Scan, card: Card, decision: AlreadyStamped | Repeated) -> Answer:
    """The answer to a scan whose visit is on `card`.

    A repeated scan is answered from the card as it was then, so the first answer comes again (but
    for visits that were voided since).
    """
    index = decision.index
    visit = card.visits[index]
    outcome = "already_stamped"
    earned: tuple[str, ...] = ()
    if isinstance(decision, Repeated):
        card = card.until(index)
        outcome, earned = _outcome(card.visits[:index], visit), visit.earned
    return Answer(
        outcome=outcome,
        rally=rally.plan.rally,
        spot=visit.spot,
        card=view(rally.course, scan.visitor, card, visit.occurred_at)
        if scan.card_wanted
        else UNSET,
        position=visit.position,
        earned=earned,
    )


def _outcome(earlier: tuple[Visit, ...], visit: Visit) -> str:
    """A spot's first visit is stamped; a later one that counts again is a visit."""
    if visit.confirms:
        return "already_stamped"
    return (
        "visited" if any(one.spot == visit.spot and not one.void for one in earlier) else "stamped"
    )
