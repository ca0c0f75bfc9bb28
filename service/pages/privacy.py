"""My data: what is kept, shown, and forgotten when its owner says so."""

import msgspec
from aiohttp import web

from domain import prizes
from service.admission import admitted
from service.answers import read_form
from service.context import engine_of, rally_of
from service.failures import BodyInvalid
from service.pages.render import page
from service.sign_in import VISITOR_COOKIE, Role


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/my-data: in plain words, and word for word."""
    engine, rally = engine_of(request), rally_of(request)
    known = engine.people.known_visitor(request)
    data = ""
    if known is not None:
        name = rally.plan.rally
        facts = await engine.log.facts_of(await engine.holder(known.id, name), name)
        data = msgspec.json.format(msgspec.json.encode(facts), indent=2).decode()
    forgotten = "forgotten" in request.query
    return page(request, "privacy.html", rally=rally, known=known, data=data, forgotten=forgotten)


async def forget(request: web.Request) -> web.StreamResponse:
    """POST /r/{rally}/my-data: erase the card, and let this browser forget it."""
    engine, name = engine_of(request), rally_of(request).plan.rally
    if (await read_form(request)).get("do") != "forget":
        raise BodyInvalid("do is forget")
    visitor = await engine.holder(admitted(request).id, name)
    await engine.change_card(
        visitor,
        name,
        lambda rally, card, now, _: prizes.erase(rally, card, visitor, now, Role.VISITOR),
    )
    answer = web.Response(
        status=303,
        headers={
            "Location": f"/r/{name}/my-data?forgotten",
            # What the phone has kept for the time without a network goes as well.
            "Clear-Site-Data": '"cache", "storage"',
        },
    )
    answer.del_cookie(VISITOR_COOKIE)
    return answer
