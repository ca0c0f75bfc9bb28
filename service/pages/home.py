"""The front door: the rallies of this installation."""

from aiohttp import web

from service.context import engine_of
from service.pages.render import page


async def show(request: web.Request) -> web.Response:
    """GET /: every rally."""
    return page(request, "home.html", rallies=engine_of(request).rallies.all())
