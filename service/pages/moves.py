"""Moving a card to another phone: one shows a code, the other types or scans it."""

from typing import Any

from aiohttp import web

from service import moves
from service.admission import admitted
from service.answers import read_form
from service.api.moves import looked_at, taken
from service.api.visitors import keep
from service.context import engine_of, public_url, rally_of
from service.failures import MoveUnknown
from service.moves import Move
from service.pages.render import drawn_qr, page
from service.sign_in import VISITOR_COOKIE

NOT_FOUND = 404


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/move: the button that shows a code; looking makes none."""
    return _shown(request)


async def begin(request: web.Request) -> web.Response:
    """POST /r/{rally}/move: a code, as text and as a QR, good once within ten minutes."""
    engine, rally = engine_of(request), rally_of(request)
    visitor = admitted(request)
    code, expires_at = await moves.begin(engine.pool, visitor, rally.plan.rally, engine.clock())
    drawn = drawn_qr(request, f"/move/{code}")
    return _shown(request, code=code, drawn=drawn, expires_at=expires_at)


def _shown(request: web.Request, **made: Any) -> web.Response:
    known = engine_of(request).people.known_visitor(request) is not None
    rally = rally_of(request)
    here = {"code": None, "drawn": None, "expires_at": None, **made}
    address = f"{public_url(request).partition('://')[2]}/move"
    return page(request, "move.html", rally=rally, known=known, public_address=address, **here)


async def ask(request: web.Request) -> web.Response:
    """GET /move and /move/{code}: where the other phone's code is typed; nothing is taken yet."""
    code = request.match_info.get("code", "")
    if not code:
        return _asked(request, "")
    try:
        return _asked(request, code, own=await _own(request, await looked_at(request, code)))
    except MoveUnknown:
        return _asked(request, code, wrong=True)


async def take(request: web.Request) -> web.StreamResponse:
    """POST /move: take the card over. Where this phone has cards of its own, whoever holds it says
    what becomes of them: `join`ed to the other ones, or `leave`d behind."""
    form = await read_form(request)
    code, own_cards = form.get("code", "")[:40], form.get("own")
    known = engine_of(request).people.known_visitor(request)
    try:
        own = await _own(request, await looked_at(request, code))
        if own and own_cards not in ("join", "leave"):
            return _asked(request, code, own=own)
        moved = await taken(request, code, known if own and own_cards == "join" else None)
    except MoveUnknown:
        return _asked(request, code, wrong=True)
    answer = web.Response(status=303, headers={"Location": f"/r/{moved.rally}"})
    keep(request, answer, VISITOR_COOKIE, engine_of(request).people.token(moved.visitor))
    return answer


def _asked(request: web.Request, code: str, *, own: int = 0, wrong: bool = False) -> web.Response:
    status = NOT_FOUND if wrong else 200
    return page(request, "take.html", status, code=code, own=own, wrong=wrong)


async def _own(request: web.Request, move: Move) -> int:
    """How many visits this phone's own cards have, in all rallies; none if it has the same card."""
    engine = engine_of(request)
    known = engine.people.known_visitor(request)
    if known is None or known.id == move.visitor.id:
        return 0
    return sum(len(card.visits) for card in (await engine.log.cards(known.id)).values())
