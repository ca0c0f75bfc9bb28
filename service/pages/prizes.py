"""Prizes: taking part in a draw, the screen that a visitor shows, and the counter's hand-over."""

from uuid import UUID, uuid4

from aiohttp import web
from markupsafe import Markup

from domain.plan import Draw, Prize
from domain.rally import NotAllowed, Rally
from domain.winners import has_won
from qr.codes import Code, sign_badge
from service import posting
from service.admission import admitted
from service.answers import read_form
from service.api.cards import HandOver, handed_over
from service.context import engine_of, rally_of
from service.failures import BodyInvalid, NotFound, RallyUnknown
from service.pages.render import drawn_qr, page
from service.sign_in import Person

CONFLICT = 409


async def enter(request: web.Request) -> web.StreamResponse:
    """POST /r/{rally}/prizes/{prize}/enter: take part in its draw, in one step; if it is sent by
    post, the next step says where to."""
    engine, name = engine_of(request), rally_of(request).plan.rally
    visitor, prize = admitted(request).id, request.match_info["prize"]
    planned = rally_of(request).course.prizes.get(prize)
    if planned and planned.by_post:
        raise web.HTTPSeeOther(f"/r/{name}/prizes/{prize}/address")
    await posting.enter(engine, visitor, name, prize)
    raise web.HTTPSeeOther(f"/r/{name}#card-title")


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/prizes/{prize}: what is shown at the counter. It moves, so a screenshot is
    seen to be one; and nothing on it can be pressed by mistake: staff confirm."""
    engine, rally = engine_of(request), rally_of(request)
    prize = _planned(rally, request.match_info["prize"])
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


def counter(request: web.Request, rally: Rally, code: Code, person: Person) -> web.Response:
    """What staff see who have scanned that screen: one button, and an id made for its one press."""
    prize = _planned(rally, request.query["prize"])
    return _counter(request, rally, prize, code.visitor, spot=person.spot, id_=uuid4(), state="ask")


async def hand_over(request: web.Request) -> web.Response:
    """POST /r/{rally}/hand-overs: hand a prize over, or take that back; sent twice it is once."""
    rally, form = rally_of(request), await read_form(request)
    try:
        visitor, id_ = UUID(form.get("visitor", "")), UUID(form.get("hand_over_id", ""))
    except ValueError as error:
        raise BodyInvalid("visitor and hand_over_id are UUIDs") from error
    prize, spot = _planned(rally, form.get("prize", "")), form.get("spot") or None
    back = form.get("do") == "reverse"
    said = HandOver(rally.plan.rally, prize.id, visitor, id_, spot, back)
    try:
        await handed_over(request, said)
    except NotAllowed as refused:
        return _counter(
            request, rally, prize, visitor, spot=spot, id_=id_, state="refused", code=refused.code
        )
    state = "reversed" if back else "handed"
    return _counter(request, rally, prize, visitor, spot=spot, id_=id_, state=state)


def _counter(
    request: web.Request,
    rally: Rally,
    prize: Prize,
    visitor: UUID | None,
    *,
    spot: str | None,
    id_: UUID,
    state: str,
    code: str = "",
) -> web.Response:
    return page(
        request,
        "counter.html",
        CONFLICT if state == "refused" else 200,
        rally=rally,
        prize=prize,
        visitor=visitor,
        spot=spot,
        id_=id_,
        state=state,
        code=code,
    )


def _planned(rally: Rally, name: str) -> Prize:
    prize = rally.course.prizes.get(name)
    if prize is None:
        raise NotFound
    return prize
