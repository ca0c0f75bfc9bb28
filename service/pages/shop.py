"""The shop's page: today's footfall of the own spot, live."""

from datetime import timedelta
from typing import Any

from aiohttp import web

from domain.course import Course
from domain.plan import Spot, has_poster
from projections.follow import read_lag
from projections.footfall import FOOTFALL
from service.context import engine_of, spot_seen
from service.footfall import asked_day, by_day, by_hour, read_hours
from service.pages.live import stream
from service.pages.render import page, part

DAYS_SHOWN = 7
OPENING_HOURS = (9, 20)
"""The hours a day's chart shows at least; more when there were visits outside them."""


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/spots/{spot}: today (or `?day=`), by hour, and the week before it."""
    course, spot = spot_seen(request)
    return page(request, "shop.html", **await _context(request, course, spot))


async def live(request: web.Request) -> web.StreamResponse:
    """GET /r/{rally}/spots/{spot}/live: the page's live part, as server-sent events."""
    course, spot = spot_seen(request)

    async def draw() -> str:
        return part(request, "_shop.html", **await _context(request, course, spot))

    return await stream(request, draw)


async def _context(request: web.Request, course: Course, spot: Spot) -> dict[str, Any]:
    engine = engine_of(request)
    now = engine.clock()
    today = now.astimezone(course.zone).date()
    day = asked_day(request, "day") or today
    first = day - timedelta(days=DAYS_SHOWN - 1)
    rows = await read_hours(
        engine.pool, course, spot.id, course.begins(first), course.begins(day + timedelta(days=1))
    )
    days = {count.start.date(): count for count in by_day(course, rows)}
    hours = {
        count.start.hour: count for count in by_hour(course, rows) if count.start.date() == day
    }
    opens = min([OPENING_HOURS[0], *hours])
    closes = max([OPENING_HOURS[1], *hours])
    return {
        "rally": course.plan,
        "spot": spot,
        "poster": has_poster(spot),
        "day": day,
        "today": today,
        "now_hour": now.astimezone(course.zone).hour if day == today else None,
        "count": days.get(day),
        "hours": [(hour, hours.get(hour)) for hour in range(opens, closes + 1)],
        "days": [
            (first + timedelta(days=n), days.get(first + timedelta(days=n)))
            for n in range(DAYS_SHOWN)
        ],
        "lag": await read_lag(engine.pool, FOOTFALL, now),
    }
