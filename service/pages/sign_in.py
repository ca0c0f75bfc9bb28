"""Sign-in for staff and organisers: a token in the address's fragment, kept as a cookie.

The fragment never leaves the browser, so no proxy and no log sees it; the page's script puts it
into the form, and without scripts it can be pasted there.
"""

from aiohttp import web

from service.answers import read_form
from service.api.visitors import keep
from service.context import engine_of
from service.failures import Forbidden
from service.pages.render import page
from service.sign_in import STAFF_COOKIE, Role


async def show(request: web.Request) -> web.Response:
    """GET /sign-in: the form."""
    return page(request, "sign_in.html")


async def enter(request: web.Request) -> web.Response:
    """POST /sign-in: check the token, keep it, go where its person works."""
    token = (await read_form(request)).get("token", "").strip()
    person = engine_of(request).people.verify(token)
    if person.role is Role.VISITOR:
        raise Forbidden
    goal = "/"
    if person.role is Role.STAFF:
        goal = f"/r/{person.rally}/spots/{person.spot}"
    elif person.rally:
        goal = f"/r/{person.rally}/organiser"
    answer = web.Response(status=303, headers={"Location": goal})
    keep(request, answer, STAFF_COOKIE, token)
    return answer
