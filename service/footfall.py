"""Footfall as pages and the API show it: read from the projection, grouped by the rally's days."""

from datetime import date, datetime
from itertools import groupby
from typing import Any

import asyncpg
from aiohttp import web
from msgspec import Struct

from domain.course import Course
from domain.plan import DAYS_BETWEEN
from projections.footfall import FOOTFALL
from service.failures import QueryInvalid


def asked_day(request: web.Request, name: str) -> date | None:
    """The day that the address asks for. Raises QueryInvalid; days lie where plans' days do."""
    text = request.query.get(name)
    if text is None:
        return None
    earliest, latest = DAYS_BETWEEN
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise QueryInvalid(f"{name} is a day such as 2026-01-08, not {text[:40]}") from error
    if not earliest <= day <= latest:
        raise QueryInvalid(f"{name} lies between {earliest} and {latest}")
    return day


class Count(Struct, frozen=True):
    """Visits and distinct visitors of a spot in an hour or on a day; `start` is local time."""

    spot: str
    start: datetime
    visits: int
    visitors: int
    first_timers: int


async def read(
    pool: asyncpg.Pool, course: Course, spot: str | None, start: datetime, until: datetime
) -> list[Any]:
    """The projection's rows of a rally (or one spot), by spot and hour."""
    return list(await pool.fetch(FOOTFALL.read, course.plan.rally, spot, start, until))


def by_hour(course: Course, rows: list[Any]) -> list[Count]:
    """A count an hour."""
    return [
        Count(
            row["spot"],
            row["hour"].astimezone(course.zone),
            row["visits"],
            row["visitors_of_hour"],
            row["visitors_of_spot"],
        )
        for row in rows
    ]


def by_day(course: Course, rows: list[Any]) -> list[Count]:
    """A count a day of the rally's time zone; `start` is the day's first hour with a visit."""

    def day(row: Any) -> tuple[str, date]:
        return row["spot"], row["hour"].astimezone(course.zone).date()

    counts = []
    for (spot, _), hours in groupby(rows, day):
        group = list(hours)
        counts.append(
            Count(
                spot,
                group[0]["hour"].astimezone(course.zone),
                sum(row["visits"] for row in group),
                sum(row["visitors_of_day"] for row in group),
                sum(row["visitors_of_spot"] for row in group),
            )
        )
    return counts
