"""Footfall as pages and the API show it: read from the projection, grouped by the rally's days."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

import asyncpg
from aiohttp import web
from msgspec import Struct, field

from domain.course import Course
from domain.plan import DAYS_BETWEEN
from projections.footfall import FOOTFALL
from service.failures import QueryInvalid
from service.figures import read

OPENING_HOURS = (9, 20)
"""The hours a day's chart shows at least; more when there were visits outside them."""


def asked_day(request: web.Request, name: str) -> date | None:
    """The day that the address asks for. Raises QueryInvalid; days lie where plans' days do."""
    text = request.query.get(name)
    if text is None:
        return None
    try:
        return planned(date.fromisoformat(text))
    except ValueError as error:
        raise QueryInvalid(f"{name} is a day such as 2026-01-08, not {text[:40]}") from error


def planned(day: date) -> date:
    """A day that plans may have. Raises QueryInvalid for any other."""
    earliest, latest = DAYS_BETWEEN
    if not earliest <= day <= latest:
        raise QueryInvalid(f"days lie between {earliest} and {latest}")
    return day


class Days(Struct, frozen=True, kw_only=True):
    """Days of the rally's time zone, both included; without them, all there are."""

    first: date = field(name="from", default=DAYS_BETWEEN[0])
    last: date = field(name="to", default=DAYS_BETWEEN[1])

    def in_zone(self, course: Course) -> tuple[datetime, datetime]:
        """When they begin and end. Raises QueryInvalid."""
        after = planned(self.last) + timedelta(days=1)
        return course.begins(planned(self.first)), course.begins(after)


class Count(Struct, frozen=True):
    """Visits and distinct visitors of a spot in an hour or on a day; `start` is local time.

    `headcount` are guests whom staff have counted: nobody's visits, never added to them.
    """

    spot: str
    start: datetime
    visits: int
    visitors: int
    first_timers: int
    headcount: int


async def read_hours(
    pool: asyncpg.Pool, course: Course, spot: str | None, start: datetime, until: datetime
) -> Sequence[Any]:
    """The footfall of a rally (or one spot), by spot and hour."""
    return await read(pool, FOOTFALL, "read", course.plan.rally, spot, start, until)


async def read_visits(
    pool: asyncpg.Pool, course: Course, start: datetime, until: datetime
) -> dict[str, int]:
    """The visits of each spot that had any in that time."""
    rows = await read(pool, FOOTFALL, "read_spots_between", course.plan.rally, start, until)
    return dict(rows)


async def read_days(pool: asyncpg.Pool, course: Course) -> Sequence[Any]:
    """The footfall of a whole rally, by local day."""
    return await read(pool, FOOTFALL, "read_days", course.plan.rally, course.plan.time_zone)


async def read_spots(pool: asyncpg.Pool, course: Course) -> Sequence[Any]:
    """The footfall of a whole rally, by spot."""
    return await read(pool, FOOTFALL, "read_spots", course.plan.rally)


async def read_spot_days(
    pool: asyncpg.Pool, course: Course, spot: str | None = None
) -> Sequence[Any]:
    """The footfall of a whole rally (or one spot), by spot and local day."""
    plan = course.plan
    return await read(pool, FOOTFALL, "read_spot_days", plan.rally, plan.time_zone, spot)


async def read_hours_of_day(
    pool: asyncpg.Pool, course: Course, spot: str | None = None
) -> Sequence[Any]:
    """The visits of a whole rally (or one spot), by spot and hour of the local day."""
    plan = course.plan
    return await read(pool, FOOTFALL, "read_hours_of_day", plan.rally, plan.time_zone, spot)


class LanguageCount(Struct, frozen=True):
    """Visits and visitors (first seen at the spot in that time) who speak a language."""

    spot: str
    language: str
    visits: int
    visitors: int


async def read_languages(
    pool: asyncpg.Pool, course: Course, spot: str | None, start: datetime, until: datetime
) -> list[LanguageCount]:
    """The footfall of a rally (or one spot) by language."""
    rows = await read(pool, FOOTFALL, "read_languages", course.plan.rally, spot, start, until)
    return [LanguageCount(*row) for row in rows]


def bounds(course: Course, day: date) -> tuple[datetime, datetime]:
    """When a day of the rally's time zone begins and ends."""
    return course.begins(day), course.begins(day + timedelta(days=1))


def hours_shown(known: Iterable[int]) -> range:
    """The hours of a day's chart, when there were visits in those that are known."""
    opens, closes = OPENING_HOURS
    shown = [opens, closes, *known]
    return range(min(shown), max(shown) + 1)


class Totals(NamedTuple):
    """The visits of a rally, and who made them, each counted once."""

    visits: int
    visitors: int


def totals(days: Iterable[Any]) -> Totals:
    """The totals of a rally's days (`read_days`): on one of them everybody was there first."""
    rows = list(days)
    return Totals(sum(row["visits"] for row in rows), sum(row["first_timers"] for row in rows))


def all_time(course: Course) -> tuple[datetime, datetime]:
    """From the first to the last day that plans may have."""
    earliest, latest = DAYS_BETWEEN
    return course.begins(earliest), course.begins(latest + timedelta(days=1))


def by_hour(course: Course, rows: Sequence[Any]) -> list[Count]:
    """A count an hour."""
    return [
        Count(
            row["spot"],
            row["hour"].astimezone(course.zone),
            row["visits"],
            row["visitors_of_hour"],
            row["visitors_of_spot"],
            row["headcount"],
        )
        for row in rows
    ]


def by_day(course: Course, rows: Sequence[Any]) -> list[Count]:
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
                sum(row["headcount"] for row in group),
            )
        )
    return counts
