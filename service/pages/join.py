"""An invitation's link: a page with one button. Opening it uses nothing, as link previews do that;
pressing the button uses it up."""

from typing import Any

from aiohttp import web

from service import invitations
from service.api.passkeys import owner
from service.api.visitors import keep
from service.context import address_of, engine_of
from service.invitations import State
from service.pages.render import page
from service.people import DEVICE_ROLES
from service.sign_in import STAFF_COOKIE, home_of

STATUS = {State.GOOD: 200, State.USED: 410, State.OVER: 410, State.UNKNOWN: 404}


async def show(request: web.Request) -> web.Response:
    """GET /join/{secret}: whom the link is for, and the button; or why it is good no more."""
    state, row = await _looked_at(request)
    return _page(request, state, row)


async def join(request: web.Request) -> web.StreamResponse:
    """POST /join/{secret}: sign this browser in, and use the link up."""
    engine = engine_of(request)
    state, row = await _looked_at(request)
    person = await invitations.take(engine.pool, request.match_info["secret"], engine.clock())
    if person is None:
        return _page(request, State.USED if state is State.GOOD else state, row)
    goal = home_of(person) if person.role in DEVICE_ROLES else "/passkey"
    answer = web.Response(status=303, headers={"Location": goal})
    keep(request, answer, STAFF_COOKIE, engine.people.token(person))
    return answer


async def show_passkey(request: web.Request) -> web.Response:
    """GET /passkey: who has just joined may keep signing in with the device's own lock."""
    person = owner(request)
    return page(request, "passkey.html", goal=home_of(person))


async def _looked_at(request: web.Request) -> tuple[State, Any]:
    """What the link is worth, and for whom. Raises TooMany for an address that guesses."""
    engine = engine_of(request)
    engine.bad_sign_ins.check(address_of(request))
    secret = request.match_info["secret"]
    state, row = await invitations.look(engine.pool, secret, engine.clock())
    if state is State.UNKNOWN:
        engine.bad_sign_ins.count(address_of(request))
    return state, row


def _page(request: web.Request, state: State, row: Any) -> web.Response:
    known = engine_of(request).rallies.get(row["rally"]) if row and row["rally"] else None
    course = known.course if known else None
    spots = [course.spots[name] for name in row["spots"] if name in course.spots] if course else []
    return page(
        request,
        "join.html",
        STATUS[state],
        state=state,
        person=row,
        rally=known.plan if known else None,
        spots=spots,
    )
