"""Handing a prize over: how many are left, one button, and a minute to take it back."""

from typing import Any
from uuid import UUID, uuid4

from aiohttp import web

from domain.card import Card, HandOver
from domain.encoding import moment_of
from domain.plan import Coupon, FirstCome, Prize
from domain.prizes import hand_over as may_hand_over
from domain.prizes import last_given, left_for, undo_left
from domain.rally import NotAllowed, Rally
from domain.stock import left_of
from service.answers import read_form, uuids_in
from service.api.cards import HandOver as Said
from service.api.cards import handed_over
from service.context import engine_of, rally_of
from service.pages.prizes import planned
from service.pages.render import page
from service.sign_in import Person

CONFLICT = 409


async def ask(
    request: web.Request, rally: Rally, name: str, visitor: UUID, spot: str | None
) -> web.Response:
    """What staff see who have scanned a visitor's prize: a button, with an id made for its one
    press; or at once why it is not to be given. Raises NotFound, TokenMissing, Forbidden."""
    engine, prize = engine_of(request), planned(rally, name)
    person = engine.people.staff(request, rally.plan.rally, spot)
    said = Said(rally.plan.rally, prize.id, visitor, uuid4(), spot)
    holder, card = await engine.held(visitor, rally.plan.rally)
    taken = await engine.log.taken(rally, prize.id)
    wanted = (holder, prize.id, spot, said.hand_over_id, engine.clock(), person.by)
    try:
        may_hand_over(rally, card, *wanted, taken)
    except NotAllowed as refused:
        return await _page(request, rally, prize, said, person, "refused", refused.code)
    return await _page(request, rally, prize, said, person, "ask")


async def hand_over(request: web.Request) -> web.Response:
    """POST /r/{rally}/hand-overs: hand a prize over, or take that back; sent twice it is once."""
    rally, form = rally_of(request), await read_form(request)
    visitor, id_ = uuids_in(form, "visitor", "hand_over_id")
    prize, spot = planned(rally, form.get("prize", "")), form.get("spot") or None
    person = engine_of(request).people.staff(request, rally.plan.rally, spot)
    back = form.get("do") == "reverse"
    said = Said(rally.plan.rally, prize.id, visitor, id_, spot, back)
    try:
        await handed_over(request, said)
    except NotAllowed as refused:
        return await _page(request, rally, prize, said, person, "refused", refused.code)
    return await _page(request, rally, prize, said, person, "reversed" if back else "handed")


async def _page(
    request: web.Request,
    rally: Rally,
    prize: Prize,
    said: Said,
    person: Person,
    state: str,
    code: str = "",
) -> web.Response:
    """The page as it is now: of a hand-over that failed, too, with what stands in its way."""
    engine = engine_of(request)
    _, card = await engine.held(said.visitor, rally.plan.rally)
    return page(
        request,
        "hand_over.html",
        CONFLICT if state == "refused" and request.method == "POST" else 200,
        rally=rally.plan,
        course=rally.course,
        prize=prize,
        said=said,
        spot=rally.course.spots.get(said.spot or ""),
        state=state,
        code=code,
        left=await _left(request, rally, card, prize),
        scan_id=uuid4(),
        **_given(request, rally, card, said, person),
    )


async def _left(
    request: web.Request, rally: Rally, card: Card, prize: Prize
) -> dict[str, int | None]:
    """What there is still of a prize: in all and today, of a coupon for this visitor."""
    if isinstance(prize.giving, Coupon):
        return {"uses": left_for(rally, card, prize.id)}
    if not isinstance(prize.giving, FirstCome):
        return {}
    taken = await engine_of(request).log.taken(rally, prize.id)
    return left_of(prize.giving, taken)._asdict()


def _given(
    request: web.Request, rally: Rally, card: Card, said: Said, person: Person
) -> dict[str, Any]:
    """The visitor's newest hand-over: where and when it was, and how long it may be taken back
    (seconds; None: for ever, by organisers)."""
    given: HandOver | None = last_given(card, said.prize)
    if given is None:
        return {"given": None, "given_at": None, "given_where": None, "undo_s": 0}
    where = rally.course.spots.get(given.spot or "")
    left = undo_left(given, said.spot, engine_of(request).clock())
    return {
        "given": UUID(bytes=given.id),
        "given_at": moment_of(given.at) if given.at else None,
        "given_where": where and where.names,
        "undo_s": None if person.may_change else left.total_seconds(),
    }
