"""The proof of a draw: all that anybody needs to work the winners out again, and nobody's name."""

from aiohttp import web

from domain.draw import drawn_in_order
from domain.winners import entry_id
from service.context import engine_of, rally_of
from service.failures import NotFound
from service.pages.render import STATIC, page
from service.sql import stored

SCRIPT = (STATIC / "check-draw.txt").read_text(encoding="utf-8")
_READ_OWN = stored("read_own_entries")


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/draw: what was published when; to whoever has a card, their own entry."""
    engine, rally = engine_of(request), rally_of(request)
    if rally.drawing is None:
        raise NotFound("no draw was committed to yet")
    name, prizes = rally.plan.rally, drawn_in_order(rally.plan)
    visitor, own, chances = engine.people.known_visitor(request), None, {}
    if visitor is not None:
        own = entry_id(name, await engine.holder(visitor.id, name))
        ids = [prize.id for prize in prizes]
        chances = dict(await engine.pool.fetch(_READ_OWN, name, ids, own))
    return page(
        request,
        "proof.html",
        rally=rally,
        drawing=rally.drawing,
        zone=rally.course.zone,
        prizes=prizes,
        own=own,
        chances=chances,
        script=SCRIPT,
    )
