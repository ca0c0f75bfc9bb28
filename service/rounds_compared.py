"""A rally beside another round of it: day n against day n, and spot against spot.

What is not over yet is compared with as many days of the other round, so neither looks better for
having had more time.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import asyncpg
from msgspec import Struct

from domain.course import Course
from domain.plan import Plan
from service.footfall import read_days, read_hours

DAYS_MAX = 370


class Total(Struct, frozen=True):
    """A measure: in this round, in as many days of the other one, and in all of the other one."""

    measure: str
    now: float
    before: float
    before_in_all: float


class DayPair(Struct, frozen=True):
    """The n-th day of both rounds, and its visits; None for a day that has not come or is none."""

    number: int
    day: date
    now: int | None
    before: int | None


class SpotPair(Struct, frozen=True):
    """A spot's visits in both rounds, of as many days. None where it does not take part."""

    spot: str
    now: int | None
    before: int | None


class Comparison(Struct, frozen=True, rename={"other": "with"}):
    """Two rounds; `days` is how many days of each are compared."""

    rally: str
    other: str
    days: int
    totals: list[Total]
    by_day: list[DayPair]
    spots: list[SpotPair]


def days_compared(plan: Plan, today: date) -> int:
    """How many of a rally's days have begun."""
    ended = min(today, plan.last_day, plan.first_day + timedelta(days=DAYS_MAX - 1))
    return max((ended - plan.first_day).days + 1, 0)


async def read_comparison(
    pool: asyncpg.Pool, course: Course, other: Course, today: date
) -> Comparison:
    """Both rounds from their projections. Raises BeingRebuilt."""
    days = days_compared(course.plan, today)
    now = _by_number(course, await read_days(pool, course))
    before = _by_number(other, await read_days(pool, other))
    spots_now = await _by_spot(pool, course, days)
    spots_before = await _by_spot(pool, other, days)
    return Comparison(
        rally=course.plan.rally,
        other=other.plan.rally,
        days=days,
        totals=_totals(now, before, days),
        by_day=list(_by_day(course, other, now, before, days)),
        spots=_spots(course, other, spots_now, spots_before),
    )


def _by_number(course: Course, rows: Sequence[Any]) -> dict[int, Any]:
    """A rally's days by their number, 1 is the first."""
    return {(row["day"] - course.plan.first_day).days + 1: row for row in rows}


async def _by_spot(pool: asyncpg.Pool, course: Course, days: int) -> dict[str, int]:
    first = course.plan.first_day
    until = course.begins(first + timedelta(days=days))
    visits: dict[str, int] = {}
    for row in await read_hours(pool, course, None, course.begins(first), until):
        visits[row["spot"]] = visits.get(row["spot"], 0) + row["visits"]
    return visits


def _totals(now: Mapping[int, Any], before: Mapping[int, Any], days: int) -> list[Total]:
    """`first_timers` of all days add up to visitors."""
    columns = {"visits": "visits", "visitors": "first_timers"}
    sums = {
        measure: [
            sum(row[column] for number, row in rows.items() if 1 <= number <= until)
            for rows, until in ((now, days), (before, days), (before, DAYS_MAX))
        ]
        for measure, column in columns.items()
    }
    each = [
        round(visits / visitors, 2) if visitors else 0.0
        for visits, visitors in zip(sums["visits"], sums["visitors"], strict=True)
    ]
    return [
        *(Total(measure, *three) for measure, three in sums.items()),
        Total("visits_a_visitor", *each),
    ]


def _by_day(
    course: Course, other: Course, now: Mapping[int, Any], before: Mapping[int, Any], days: int
) -> Iterable[DayPair]:
    lengths = [days_compared(each.plan, each.plan.last_day) for each in (course, other)]
    for number in range(1, max(lengths) + 1):
        yield DayPair(
            number,
            course.plan.first_day + timedelta(days=number - 1),
            _visits(now, number) if number <= days else None,
            _visits(before, number) if number <= lengths[1] else None,
        )


def _visits(rows: Mapping[int, Any], number: int) -> int:
    return int(rows[number]["visits"]) if number in rows else 0


def _spots(
    course: Course, other: Course, now: Mapping[str, int], before: Mapping[str, int]
) -> list[SpotPair]:
    """The spots of both plans: those in both first, the most visited first."""
    pairs = [
        SpotPair(
            spot,
            now.get(spot, 0) if spot in course.spots else None,
            before.get(spot, 0) if spot in other.spots else None,
        )
        for spot in {**course.spots, **other.spots}
    ]
    return sorted(
        pairs, key=lambda each: (None in (each.now, each.before), -(each.now or 0), each.spot)
    )
