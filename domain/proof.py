"""What stands behind a scan: its code's kind, an answer, a place; or why that is not enough."""

from datetime import datetime, timedelta
from typing import NamedTuple

from domain.card import PRINTED, Card, WrongAnswer
from domain.encoding import micros, moment_of
from domain.place import Fix, distance_m
from domain.plan import ASKING, Near, Question, Spot, normal
from domain.refusals import Refusal, RefusalCode
from domain.scan import Scan

ROTATION = timedelta(seconds=15)
"""So long a rotating code is shown before the next one takes its place."""
STEPS_ASIDE_MAX = 1
"""A rotating code is fresh in its own step and so many before and after."""
ACCURACY_GOOD_M = 100
"""As sure of their place are phones inside a building. One that is less sure, and less than the
radius asks for, is believed only if its best guess lies within it."""
ACCURACY_M_MAX = 1_000
"""A phone that is less sure than this does not know its place: those that are told to be vague say
kilometres."""
_ROTATION_US = ROTATION // timedelta(microseconds=1)
BY_STAFF = frozenset(["badge", "paper"])
"""The codes that staff scan: they have seen the visitor."""


class Proof(NamedTuple):
    """What stands behind a scan; `unplaced` if its phone should have told where it was."""

    evidence: str
    unplaced: bool = False


def prove(
    spot: Spot, card: Card, scan: Scan, occurred_at: datetime, *, late: bool
) -> Proof | WrongAnswer | Refusal:
    """What stands behind a scan: the kind of its code, an answer, a place."""
    evidence = scan.evidence
    if evidence == "rotating":
        fresh = scan.step is not None and is_fresh(scan.step, occurred_at)
        if not fresh and spot.kind == "rotating":
            return Refusal(RefusalCode.CODE_STALE, at=begins(scan.step or 0))
        if not fresh or late:
            # Whoever scans late may have it from a photograph: it proves as much as a poster.
            evidence = PRINTED
    elif spot.kind == "rotating" and evidence not in BY_STAFF:
        return Refusal(RefusalCode.CODE_SHOWN_BY_STAFF)
    if spot.kind in ASKING and evidence not in BY_STAFF:
        assert spot.question is not None, "domain.mistakes has seen to it"
        wrong = _refused_answer(spot, spot.question, card, scan)
        if wrong is not None:
            return wrong
        evidence = spot.kind
    if spot.near is None or evidence in BY_STAFF:
        return Proof(evidence)
    return _placed(spot, spot.near, evidence, scan.fix)


def _placed(spot: Spot, near: Near, evidence: str, fix: Fix | None) -> Proof | Refusal:
    """Whether a phone was near the spot. Too far is who is so even if the phone is as wrong as it
    may be; near is who is so by its best guess, or by one that is about as good as asked for."""
    assert spot.place is not None, "domain.mistakes has seen to it"
    if fix is not None and fix.accuracy_m is not None:
        away, accuracy = distance_m(spot.place, fix), fix.accuracy_m
        if away - accuracy > near.radius_m:
            return Refusal(RefusalCode.TOO_FAR, metres=round(away))
        sure = accuracy <= max(near.radius_m, ACCURACY_GOOD_M)
        if sure or (away <= near.radius_m and accuracy <= ACCURACY_M_MAX):
            return Proof(f"{evidence}+place")
    match near.unknown:
        case "refuse":
            return Refusal(RefusalCode.PLACE_UNKNOWN)
        case "staff":
            return Refusal(RefusalCode.PLACE_BY_STAFF)
        case _:
            return Proof(evidence, unplaced=True)


def _refused_answer(
    spot: Spot, question: Question, card: Card, scan: Scan
) -> WrongAnswer | Refusal | None:
    tried = sum(1 for wrong in card.wrong if wrong.spot == spot.id)
    if tried >= question.attempts:
        return Refusal(RefusalCode.NO_TRIES_LEFT)
    given = normal(scan.answer or "")
    if not given:
        return Refusal(RefusalCode.ANSWER_MISSING)
    if given in map(normal, question.answers):
        return None
    return WrongAnswer(spot.id, scan.scan_id.bytes, question.attempts - tried - 1)


def step_at(moment: datetime) -> int:
    """Which rotating code is shown at a moment: `ROTATION`s since 1970."""
    return micros(moment) // _ROTATION_US


def begins(step: int) -> datetime:
    """When a rotating code begins to be shown."""
    return moment_of(step * _ROTATION_US)


def is_fresh(step: int, moment: datetime) -> bool:
    """Whether a rotating code could be seen at a moment: clocks differ, and people are slow."""
    return abs(step_at(moment) - step) <= STEPS_ASIDE_MAX


def missed(left: int) -> Refusal:
    """What a wrong answer is answered."""
    return Refusal(RefusalCode.ANSWER_WRONG, left=left)
