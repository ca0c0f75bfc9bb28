"""Footfall for staff (their own spot) and organisers (all spots)."""

from datetime import timedelta

from aiohttp import web

from domain.plan import DAYS_BETWEEN
from projections.follow import read_lag
from projections.footfall import FOOTFALL
from service.answers import json_answer
from service.context import engine_of, rally_of
from service.failures import QueryInvalid, SpotUnknown
from service.footfall import asked_day, by_day, by_hour, read


async def show(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/footfall?spot=&from=&to=&by=hour|day: visits and visitors.

    `from` and `to` are days of the rally's time zone, both included; without them all there is.
    """
    engine, course = engine_of(request), rally_of(request).course
    spot = request.query.get("spot")
    engine.people.staff(request, course.plan.rally, spot)
    if spot is not None and spot not in course.spots:
        raise SpotUnknown
    by = request.query.get("by", "hour")
    if by not in ("hour", "day"):
        raise QueryInvalid(f"by is hour or day, not {by}")
    earliest, latest = DAYS_BETWEEN
    # Before the rows: what is applied in between makes them newer than said, never older.
    lag = await read_lag(engine.pool, FOOTFALL, engine.clock())
    rows = await read(
        engine.pool,
        course,
        spot,
        course.begins(asked_day(request, "from") or earliest),
        course.begins((asked_day(request, "to") or latest) + timedelta(days=1)),
    )
    counted = by_hour(course, rows) if by == "hour" else by_day(course, rows)
    return json_answer(
        {"rally": course.plan.rally, "spot": spot, "by": by, "rows": counted, "lag": lag._asdict()}
    )
