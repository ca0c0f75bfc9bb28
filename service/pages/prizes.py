"""Prizes as visitors see them: taking part in a draw, and the screen that is shown at a counter."""

from aiohttp import web
from markupsafe import Markup

from domain.plan import Draw, Prize
from domain.rally import Rally
from domain.winners import has_won
from qr.codes import sign_badge
from service import posting
from service.admission import admitted
from service.context import engine_of, rally_of
from service.failures import NotFound, RallyUnknown
from service.pages.render import drawn_qr, page
from service.sign_in import Person


async def enter(request: web.Request) -> web.StreamResponse:
    """POST /r/{rally}/prizes/{prize}/enter: take part in its draw, in one step; if it is sent by
    post, the next step says where to."""
    engine, name = engine_of(request), rally_of(request).plan.rally
    visitor, prize = admitted(request).id, request.match_info["prize"]
    drawn = rally_of(request).course.prizes.get(prize)
    if drawn and drawn.by_post:
        raise web.HTTPSeeOther(f"/r/{name}/prizes/{prize}/address")
    await posting.enter(engine, visitor, name, prize)
    raise web.HTTPSeeOther(f"/r/{name}#card-title")


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/prizes/{prize}: what is shown at the counter. It moves, so a screenshot is
    seen to be one; and nothing on it can be pressed by mistake: staff confirm."""
    engine, rally = engine_of(request), rally_of(request)
    prize = planned(rally, request.match_info["prize"])
    visitor = engine.people.known_visitor(request)
    drawn, come, due = drawn_badge(request, rally, visitor, f"?prize={prize.id}"), None, False
    is_drawn = isinstance(prize.giving, Draw)
    if visitor is not None:
        seen = await engine.card(visitor.id, rally.plan.rally)
        come = next(each for each in seen.prizes if each.prize == prize.id)
        due = has_won(rally, seen.visitor, prize.id) if is_drawn else come.met
    return page(
        request,
        "prize.html",
        rally=rally,
        prize=prize,
        come=come,
        due=due,
        is_drawn=is_drawn,
        drawn=drawn,
        now=engine.clock().astimezone(rally.course.zone),
    )


def drawn_badge(
    request: web.Request, rally: Rally, visitor: Person | None, query: str = ""
) -> Markup | None:
    """The QR that staff scan of a visitor; `query` says what for. Raises RallyUnknown."""
    key = engine_of(request).keyring.newest_code_key(rally.plan.rally)
    if key is None:
        raise RallyUnknown
    if visitor is None:
        return None
    return drawn_qr(request, f"/s/{sign_badge(key, visitor.id)}{query}")


def planned(rally: Rally, name: str) -> Prize:
    """The prize that the address names. Raises NotFound."""
    prize = rally.course.prizes.get(name)
    if prize is None:
        raise NotFound
    return prize
