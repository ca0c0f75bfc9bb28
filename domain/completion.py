"""How far a visitor has come in a rally, from when each spot was first visited.

It is a function of the visits alone, not of the order in which they arrived, and of the plan as it
is now: after a replan everybody is judged anew.
"""

from collections.abc import Mapping
from typing import NamedTuple

from domain.card import PRINTED, Visit, seen
from domain.conditions import Seen
from domain.course import Course


class Completion(NamedTuple):
    """How far somebody has come. Moments are microseconds since 1970; None without a stamp.

    `met` says for each prize whose condition is met when it first was.
    """

    stamps: int
    spots: int
    areas: int
    lines: int
    first_at: int | None
    last_at: int | None
    met: dict[str, int]


_NOTHING = Completion(0, 0, 0, 0, None, None, {})


def complete(course: Course, visited: Mapping[str, int]) -> Completion:
    """How far visits go by the plan of `course`. Of a daily card, those of its day.

    `visited` has the first moment of each spot and kind of evidence: the spot's id for a printed
    code, `spot#evidence` for any other (`mark_of`). Spots that the plan does not have (any more)
    are left out.
    """
    way = sorted(
        (at, *spot_of_mark(mark))
        for mark, at in visited.items()
        if mark.partition("#")[0] in course.bit_of
    )
    if not way:
        return _NOTHING
    visits = [Visit(spot, 0, at, b"", 0, evidence=evidence) for at, spot, evidence in way]
    how = seen(course, visits)
    return Completion(
        stamps=course.stamps_of(how.stamped),
        spots=how.stamped.bit_count(),
        areas=sum(1 for area in course.area_bits.values() if area & how.stamped),
        lines=course.full_lines(how.stamped),
        first_at=way[0][0],
        last_at=_last_new(visits),
        met=_met(course, visits, how),
    )


def mark_of(spot: str, evidence: str) -> str:
    """What a visit leaves in `visited` of `complete`."""
    return spot if evidence == PRINTED else f"{spot}#{evidence}"


def spot_of_mark(mark: str) -> tuple[str, str]:
    """The spot of a mark, and the evidence; "" for a printed code."""
    spot, _, evidence = mark.partition("#")
    return spot, evidence


def _last_new(visits: list[Visit]) -> int:
    """When the last spot was visited for the first time."""
    first: dict[str, int] = {}
    for visit in visits:
        first.setdefault(visit.spot, visit.occurred_at)
    return max(first.values())


def _met(course: Course, visits: list[Visit], how: Seen) -> dict[str, int]:
    """When each condition that is met in the end was first met on the way."""
    waiting = [each for each in course.gauges if each[1](how).met]
    met: dict[str, int] = {}
    for number, visit in enumerate(visits, start=1):
        if not waiting:
            break
        so_far = seen(course, visits[:number])
        for prize, gauge in tuple(waiting):
            if gauge(so_far).met:
                met[prize] = visit.occurred_at
                waiting.remove((prize, gauge))
    return met
