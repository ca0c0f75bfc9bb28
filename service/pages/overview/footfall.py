"""The overview's footfall: totals, days, hours, spots."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from domain.course import Course
from domain.plan import Plan
from service.charts import At, Bar
from service.engine import Engine
from service.footfall import bounds, hours_shown, read_days, read_hours, read_spots, totals
from service.i18n import Voice

DAYS_SHOWN_MAX = 62
"""The days of the chart at most: two months still tell apart on a phone."""


async def days(engine: Engine, course: Course, voice: Voice, today: date) -> dict[str, Any]:
    """The totals, and each day's visits and visitors."""
    rows = {row["day"]: row for row in await read_days(engine.pool, course)}
    shown = _days_shown(course.plan, rows)
    counts = [(day, _both(rows.get(day))) for day in shown]
    past = [visits for day, (visits, _) in counts if course.plan.first_day <= day < today]
    return {
        **totals(rows.values())._asdict(),
        "headcount": sum(row["headcount"] for row in rows.values()),
        "visits_today": _both(rows.get(today))[0],
        "visitors_today": _both(rows.get(today))[1],
        "days": counts,
        "day_bars": [
            Bar(voice.short_day(day), visits, f"{voice.day(day)} ({voice.weekday(day)})")
            for day, (visits, _) in counts
        ],
        "day_now": shown.index(today) if today in shown else None,
        "day_average": sum(past) / len(past) if past and any(past) else None,
    }


def _days_shown(plan: Plan, counted: Iterable[date]) -> list[date]:
    """The rally's days, and those with visits outside them; the last ones if there are many."""
    known = [plan.first_day, plan.last_day, *counted]
    first, last = min(known), max(known)
    first = max(first, last - timedelta(days=DAYS_SHOWN_MAX - 1))
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _both(row: Any) -> tuple[int, int]:
    """Visits and visitors."""
    return (row["visits"], row["visitors"]) if row else (0, 0)


async def spots(engine: Engine, course: Course, voice: Voice) -> dict[str, Any]:
    """Each spot's visits and visitors, the most visited first; and those that have a place."""
    rows = {row["spot"]: row for row in await read_spots(engine.pool, course)}
    counts = [(spot, _both(row)) for spot, row in rows.items()]
    counts += [(spot, (0, 0)) for spot in course.spots if spot not in rows]
    return {
        "spots": counts,
        "spots_visited": sum(1 for row in rows.values() if row["visits"]),
        "placed": [
            At(voice.name(spot.names), spot.place, _both(rows.get(spot.id))[0])
            for spot in course.plan.spots
            if spot.place is not None
        ],
    }


class Hours(NamedTuple):
    """A day's visits by hour, beside those of the day before; `now` is the index of this hour."""

    bars: list[Bar]
    now: int | None


async def hours(engine: Engine, course: Course, voice: Voice, now: datetime) -> Hours:
    """The hours of today."""
    today = now.date()
    yesterday = today - timedelta(days=1)
    begins, ends = bounds(course, yesterday)[0], bounds(course, today)[1]
    counts: dict[date, dict[int, int]] = {yesterday: {}, today: {}}
    for row in await read_hours(engine.pool, course, None, begins, ends):
        hour = row["hour"].astimezone(course.zone)
        of_day = counts[hour.date()]
        of_day[hour.hour] = of_day.get(hour.hour, 0) + row["visits"]
    shown = hours_shown([now.hour, *counts[today], *counts[yesterday]])
    return Hours(
        [
            Bar(
                str(hour),
                counts[today].get(hour, 0),
                f"{hour}:00–{hour + 1}:00",
                counts[yesterday].get(hour, 0),
            )
            for hour in shown
        ],
        now.hour - shown[0],
    )
