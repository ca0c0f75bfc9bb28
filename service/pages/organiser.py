"""The organiser's overview: the rally at a glance, live."""

from aiohttp import web

from domain.rally import Rally, close_rally, open_rally
from domain.rehearsal import rehearsed
from service.answers import read_form
from service.context import engine_of, rally_of, voice_of
from service.engine import of_known
from service.failures import BodyInvalid
from service.pages.live import stream
from service.pages.overview import overview
from service.pages.render import page, part
from service.sign_in import Person
from service.surveys import read_survey

DRAWN_EVERY_S = 1.0
"""A large part with all figures; nobody looks at it more often."""


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/organiser: the rally at a glance, and what may be done with it."""
    rally, asker = _asked(request)
    engine, name = engine_of(request), rally.plan.rally
    return page(
        request,
        "organiser.html",
        survey=await read_survey(engine, rally.plan),
        asker=asker,
        rehearsals=engine.rehearsals(name),
        rehearses=rehearsed(name),
        **await overview(engine, rally, voice_of(request)),
    )


async def live(request: web.Request) -> web.StreamResponse:
    """GET /r/{rally}/organiser/live: the page's live part, as server-sent events."""
    _asked(request)

    async def draw() -> str:
        shown = await overview(engine_of(request), rally_of(request), voice_of(request))
        return part(request, "_organiser.html", **shown)

    return await stream(request, draw, DRAWN_EVERY_S)


async def change(request: web.Request) -> web.Response:
    """POST /r/{rally}/organiser: open, close or rehearse the rally, from the page's buttons."""
    engine, rally = engine_of(request), rally_of(request).plan.rally
    by = engine.people.organiser(request, rally).by
    decisions = {"open": open_rally, "close": close_rally}
    what = (await read_form(request)).get("do", "")
    if what == "rehearse":
        made = await engine.rehearse(rally, by)
        raise web.HTTPSeeOther(f"/r/{made.plan.rally}/organiser")
    decision = decisions.get(what)
    if decision is None:
        raise BodyInvalid("do is open, close or rehearse")
    await engine.change(rally, of_known(decision, by))
    raise web.HTTPSeeOther(f"/r/{rally}/organiser")


def _asked(request: web.Request) -> tuple[Rally, Person]:
    """The rally, and who may see all of it."""
    rally = rally_of(request)
    return rally, engine_of(request).people.viewer(request, rally.plan.rally)
