"""Sign-in for staff, viewers and organisers: with a passkey, or with a key for who has none.

The key may come in the address's fragment, which never leaves the browser, so no proxy and no log
sees it; the page's script puts it into the form, and without scripts it can be pasted there.
"""

from aiohttp import web

from service.answers import read_form
from service.api.visitors import keep
from service.context import address_of, engine_of
from service.failures import Forbidden, TokenInvalid
from service.pages.render import page
from service.sign_in import STAFF_COOKIE, Role, home_of


async def show(request: web.Request) -> web.Response:
    """GET /sign-in: the passkey's button, and the form for a key."""
    return page(request, "sign_in.html")


async def enter(request: web.Request) -> web.Response:
    """POST /sign-in: check the token, keep it, go where its person works."""
    engine, address = engine_of(request), address_of(request)
    engine.bad_sign_ins.check(address)
    token = (await read_form(request)).get("token", "").strip()
    try:
        person = engine.people.verify(token)
    except TokenInvalid:
        engine.bad_sign_ins.count(address)
        raise
    if person.role is Role.VISITOR:
        raise Forbidden
    answer = web.Response(status=303, headers={"Location": home_of(person)})
    keep(request, answer, STAFF_COOKIE, token)
    return answer
