"""The survey's form, on the card of whoever has reached something."""

from aiohttp import web

from service.answers import read_form
from service.api.cards import surveyed
from service.context import rally_of


async def answer(request: web.Request) -> web.StreamResponse:
    """POST /r/{rally}/survey: keep the answers; what the form leaves out is not answered."""
    plan, form = rally_of(request).plan, await read_form(request)
    await surveyed(request, {each.id: form.get(each.id, "") for each in plan.survey})
    raise web.HTTPSeeOther(f"/r/{plan.rally}?thanks#survey")
