"""What a spot's day is shown beside: the day before, the same weekday before, or the rally."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

import asyncpg
from aiohttp import web

from domain.course import Course
from domain.plan import Spot
from service.failures import QueryInvalid
from service.footfall import read_hours, read_rally_hours


class Against(StrEnum):
    """What a day is compared with; the rally's average is that of its spots on the same day."""

    YESTERDAY = "yesterday"
    WEEK = "week"
    AVERAGE = "average"


_DAYS_BEFORE = {Against.YESTERDAY: 1, Against.WEEK: 7}


def against_asked(request: web.Request) -> Against:
    """What the address asks to compare with. Raises QueryInvalid."""
    text = request.query.get("against", Against.YESTERDAY)
    try:
        return Against(text)
    except ValueError as error:
        known = ", ".join(Against)
        raise QueryInvalid(f"against is one of {known}, not {text[:40]}") from error


def bounds(course: Course, day: date) -> tuple[datetime, datetime]:
    """When a day of the rally's time zone begins and ends."""
    return course.begins(day), course.begins(day + timedelta(days=1))


def measure(spot: Spot) -> str:
    """What is counted of a spot: visits, or, where nobody is known, heads."""
    return "headcount" if spot.kind == "counted" else "visits"


async def read_beside(
    pool: asyncpg.Pool, course: Course, spot: Spot, day: date, against: Against
) -> dict[int, float]:
    """The visits (or heads) by local hour with which those of a spot on a day are compared; empty
    if there were none."""
    if against is not Against.AVERAGE:
        before = bounds(course, day - timedelta(days=_DAYS_BEFORE[against]))
        rows = await read_hours(pool, course, spot.id, *before)
        return _by_hour(course, rows, measure(spot))
    spots = sum(1 for each in course.plan.spots if measure(each) == measure(spot))
    rows = await read_rally_hours(pool, course, *bounds(course, day))
    all_of_them = _by_hour(course, rows, measure(spot))
    return {hour: round(count / spots, 1) for hour, count in all_of_them.items()}


def _by_hour(course: Course, rows: Iterable[Any], measured: str) -> dict[int, float]:
    """Where clocks are put back, two hours of one name are one."""
    counts: dict[int, float] = {}
    for row in rows:
        if row[measured]:
            hour = row["hour"].astimezone(course.zone).hour
            counts[hour] = counts.get(hour, 0) + row[measured]
    return counts
