"""The front door: the rallies of this installation."""

from aiohttp import web

from domain.rehearsal import rehearsed
from service.context import engine_of
from service.pages.render import page


async def show(request: web.Request) -> web.Response:
    """GET /: every rally; of rehearsals only those know who have their codes."""
    known = engine_of(request).rallies.all()
    rallies = [rally for rally in known if not rehearsed(rally.plan.rally)]
    return page(request, "home.html", rallies=rallies)
