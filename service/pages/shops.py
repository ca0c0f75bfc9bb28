"""A steward's spots at a glance: today's visits of each, and the way to its page."""

from aiohttp import web

from projections.follow import read_lag
from projections.footfall import FOOTFALL
from service.context import engine_of, rally_of
from service.footfall import bounds, by_day, read_hours
from service.pages.render import page


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/shops: the own spots; of who sees all of the rally, all."""
    engine, course = engine_of(request), rally_of(request).course
    asker = engine.people.worker(request, course.plan.rally)
    now = engine.clock()
    # Before the rows: what is applied in between makes them newer than said, never older.
    lag = await read_lag(engine.pool, FOOTFALL, now)
    today = now.astimezone(course.zone).date()
    rows = await read_hours(engine.pool, course, None, *bounds(course, today))
    counts = {one.spot: one for one in by_day(course, rows)}
    return page(
        request,
        "shops.html",
        rally=course.plan,
        today=today,
        lag=lag,
        shops=[
            (spot, counts.get(spot.id))
            for spot in course.plan.spots
            if asker.sees_all or spot.id in asker.spots
        ],
    )
