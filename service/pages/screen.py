"""The screen at the counter: a code that is new every few seconds, for visitors' phones."""

from aiohttp import web

from service.context import spot_asked
from service.pages.render import page


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/spots/{spot}/screen: the rotating code; once open, it needs no network."""
    course, spot = spot_asked(request)
    return page(request, "screen.html", rally=course.plan, spot=spot)
