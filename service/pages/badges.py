"""Badges and paper cards: what staff see when they scan one with their phone's camera, and what
the owner of a paper card sees."""

from typing import Any
from uuid import UUID, uuid4

from aiohttp import web

from domain.card import CardView
from domain.rally import Rally
from domain.refusals import Refusal, RefusalCode
from domain.rules import Answer
from qr.codes import Code, CodeKind
from service.api.badges import own_spot, take_badge
from service.api.moves import bound
from service.api.visitors import keep, visitor_or_new
from service.context import engine_of, rally_of
from service.failures import SpotUnknown
from service.pages import hand_overs, prizes
from service.pages.render import page
from service.scans import Refused
from service.sign_in import VISITOR_COOKIE, Person, Role


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/badge: the visitor's badge, for staff to scan; or a button that makes one."""
    rally = rally_of(request)
    known = engine_of(request).people.known_visitor(request)
    return page(request, "badge.html", rally=rally, code=prizes.drawn_badge(request, rally, known))


async def make(request: web.Request) -> web.StreamResponse:
    """POST /r/{rally}/badge: begin a card, so that there is a badge."""
    rally = rally_of(request)
    answer = web.Response(status=303, headers={"Location": f"/r/{rally.plan.rally}/badge"})
    _, token = visitor_or_new(request)
    if token:
        keep(request, answer, VISITOR_COOKIE, token)
    return answer


async def scanned(request: web.Request, code: Code) -> web.Response | Refused:
    """GET of a badge: staff get the page that stamps it at their spot; of a paper card, whoever has
    it in hand sees what is on it, and may put it onto the phone."""
    rally = engine_of(request).rallies.get(code.rally)
    person = _staff(request, code)
    if rally is None or person is None:
        if rally is not None and code.kind is CodeKind.PAPER:
            return await _paper(request, rally, code)
        return Refused(Refusal(RefusalCode.BADGE_NEEDS_STAFF), rally)
    spot, prize = request.query.get("spot") or person.spot, request.query.get("prize")
    if spot is None and (prize is None or not person.may_change):
        spots = [one for one in rally.plan.spots if person.may_change or one.id in person.spots]
        return page(request, "badge_spot.html", rally=rally, spots=spots, prize=prize)
    if prize is not None:
        assert code.visitor is not None, "it is a badge or a paper card"
        return await hand_overs.ask(request, rally, prize, code.visitor, spot)
    assert spot is not None, "an organiser without a prize was asked for one"
    return _page(request, rally, own_spot(request, code, spot), None)


async def _paper(request: web.Request, rally: Rally, code: Code) -> web.Response:
    engine, known = engine_of(request), engine_of(request).people.known_visitor(request)
    assert code.visitor is not None, "a paper card stands for somebody"
    holder = await engine.holder(code.visitor, code.rally)
    if known is not None and holder == await engine.holder(known.id, code.rally):
        raise web.HTTPSeeOther(f"/r/{code.rally}")
    free = holder == code.visitor
    card = await engine.card(holder, code.rally) if free else None
    return page(request, "paper.html", rally=rally, card=card)


async def bind(request: web.Request, code: Code) -> web.Response:
    """POST of a paper card from a visitor's phone: its stamps, and those to come, are its own."""
    visitor, token = visitor_or_new(request)
    await bound(request, code, visitor)
    answer = web.Response(status=303, headers={"Location": f"/r/{code.rally}"})
    if token:
        keep(request, answer, VISITOR_COOKIE, token)
    return answer


async def stamp(request: web.Request, code: Code, form: dict[str, str], scan_id: UUID) -> Any:
    """POST of a badge, from a staff phone without scripts."""
    spot = own_spot(request, code, form.get("spot"))
    outcome = await take_badge(request, code, spot, scan_id)
    if isinstance(outcome, Refused):
        return outcome
    rally = engine_of(request).rallies.get(code.rally)
    assert rally is not None
    return _page(request, rally, spot, outcome)


def _page(request: web.Request, rally: Rally, spot: str, answer: Answer | None) -> web.Response:
    if spot not in rally.course.spots:
        raise SpotUnknown
    now = engine_of(request).clock().astimezone(rally.course.zone)
    card = answer.card if answer and isinstance(answer.card, CardView) else None
    return page(
        request,
        "scan.html",
        rally=rally,
        spot=rally.course.spots[spot],
        code=request.match_info["code"],
        now=now,
        scan_id=uuid4(),
        token=None,
        timed=False,
        staff=True,
        gives=not all(prize.by_post for prize in rally.plan.prizes),
        retry=(),
        answer=answer,
        visitor_card=card,
        stamps={stamp.spot: stamp.at for stamp in card.spots} if card else {},
    )


def _staff(request: web.Request, code: Code) -> Person | None:
    """Who is signed in on this phone, if they may scan badges of the code's rally."""
    people = engine_of(request).people
    person = people.known_staff(request)
    if person is None or person.role is Role.VIEWER:
        return None
    return person if people.belongs(person, code.rally) else None
