"""What a spot's day is shown beside: the day before, the same weekday before, or the others."""

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

import asyncpg
from aiohttp import web

from domain.course import Course
from domain.plan import Spot
from domain.suppression import average_of_others
from service.failures import QueryInvalid
from service.footfall import bounds, read_hours


class Against(StrEnum):
    """What a day is compared with; the average is that of the other spots on the same day."""

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


def measure(spot: Spot) -> str:
    """What is counted of a spot: visits, or, where nobody is known, heads."""
    return "headcount" if spot.kind == "counted" else "visits"


async def read_beside(
    pool: asyncpg.Pool, course: Course, spot: Spot, day: date, against: Against
) -> dict[int, int]:
    """The visits (or heads) by local hour with which those of a spot on a day are compared; empty
    if there were none, or no average of the others may be told."""
    if against is not Against.AVERAGE:
        before = bounds(course, day - timedelta(days=_DAYS_BEFORE[against]))
        rows = await read_hours(pool, course, spot.id, *before)
        return _by_hour(course, rows, measure(spot))
    return _averages(course, spot, await read_hours(pool, course, None, *bounds(course, day)))


def _averages(course: Course, spot: Spot, rows: Iterable[Any]) -> dict[int, int]:
    """The average of the others in each hour in which it tells of no single one.

    Each hour is judged by itself: a busy day may have an hour in which one shop alone was open.
    What is told of several safe hours together is safe, too. The day's own average is not told:
    less the hours that are, it would be that of those that are not.
    """
    alike = {one.id for one in course.plan.spots if measure(one) == measure(spot)} - {spot.id}
    by_spot: dict[str, list[Any]] = {}
    for row in rows:
        if row["spot"] in alike:
            by_spot.setdefault(row["spot"], []).append(row)
    others = [_by_hour(course, own, measure(spot)) for own in by_spot.values()]
    hours = {hour for each in others for hour in each}
    averages = {
        hour: average_of_others(each.get(hour, 0) for each in others) for hour in sorted(hours)
    }
    return {hour: average for hour, average in averages.items() if average is not None}


def _by_hour(course: Course, rows: Iterable[Any], measured: str) -> dict[int, int]:
    """Where clocks are put back, two hours of one name are one."""
    counts: dict[int, int] = {}
    for row in rows:
        if row[measured]:
            hour = row["hour"].astimezone(course.zone).hour
            counts[hour] = counts.get(hour, 0) + row[measured]
    return counts
