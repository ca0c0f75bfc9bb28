"""How far a visitor has come in a rally, from when each spot was first visited.

It is a function of the visits alone, not of the order in which they arrived, and of the plan as it
is now: after a replan everybody is judged anew.
"""

from typing import NamedTuple

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


def complete(course: Course, visited: dict[str, int]) -> Completion:
    """How far visits of `visited` (each spot with its first moment) go by the plan of `course`.

    Spots that the plan does not have (any more) are left out.
    """
    way = sorted((at, spot) for spot, at in visited.items() if spot in course.bit_of)
    if not way:
        return _NOTHING
    stamped = stamps = 0
    for _, spot in way:
        stamped |= course.bit_of[spot]
        stamps += course.spots[spot].stamps
    return Completion(
        stamps=stamps,
        spots=len(way),
        areas=sum(1 for area in course.areas if area & stamped),
        lines=course.full_lines(stamped),
        first_at=way[0][0],
        last_at=way[-1][0],
        met=_met(course, way, stamped, stamps),
    )


def _met(course: Course, way: list[tuple[int, str]], stamped: int, stamps: int) -> dict[str, int]:
    """When each condition that is met in the end was first met on the way."""
    waiting = [each for each in course.gauges if each[1](stamped, stamps).met]
    if not waiting:
        return {}
    met: dict[str, int] = {}
    stamped = stamps = 0
    for at, spot in way:
        stamped |= course.bit_of[spot]
        stamps += course.spots[spot].stamps
        for prize, gauge in tuple(waiting):
            if gauge(stamped, stamps).met:
                met[prize] = at
                waiting.remove((prize, gauge))
        if not waiting:
            break
    return met
