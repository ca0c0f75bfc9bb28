"""The screen at the counter: a code that is new every few seconds, for visitors' phones."""

from aiohttp import web

from domain.course import Course
from domain.plan import Spot
from service.context import engine_of, spot_asked
from service.footfall import bounds, read_hours
from service.pages.live import stream
from service.pages.render import page, part


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/spots/{spot}/screen: the rotating code; once open, it needs no network."""
    course, spot = spot_asked(request)
    visits = await _visits(request, course, spot)
    return page(request, "screen.html", rally=course.plan, spot=spot, visits=visits)


async def live(request: web.Request) -> web.StreamResponse:
    """GET /r/{rally}/spots/{spot}/screen/live: today's count, as server-sent events."""
    course, spot = spot_asked(request)

    async def draw() -> str:
        return part(request, "_screen.html", visits=await _visits(request, course, spot))

    return await stream(request, draw)


async def _visits(request: web.Request, course: Course, spot: Spot) -> int:
    """The visits of today."""
    engine = engine_of(request)
    today = engine.clock().astimezone(course.zone).date()
    rows = await read_hours(engine.pool, course, spot.id, *bounds(course, today))
    return sum(row["visits"] for row in rows)
