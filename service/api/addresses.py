"""Where prizes are sent that come by post, and where postcodes are."""

from aiohttp import web

from domain.address import Address, faults, postcode_in, tidy
from service import posting
from service.admission import admitted
from service.answers import json_answer, read_body
from service.context import address_of, engine_of
from service.failures import AddressInvalid, PostcodeUnknown
from service.postcodes import Place, places_of

A_DAY_S = 24 * 3600


async def show(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/address: the own address and what was typed since, or null."""
    visitor, rally = admitted(request).id, request.match_info["rally"]
    kept = await posting.read(engine_of(request), visitor, rally)
    return _never_stored(json_answer({"address": kept.address, "draft": kept.draft}))


async def put(request: web.Request) -> web.Response:
    """PUT /api/rallies/{rally}/address: where prizes are to be sent; answers it as it is kept."""
    visitor, rally = admitted(request).id, request.match_info["rally"]
    address = tidy(await read_body(request, Address))
    wrong = faults(address)
    if wrong:
        raise AddressInvalid(wrong)
    await posting.keep(engine_of(request), visitor, rally, address)
    return _never_stored(json_answer({"address": address, "draft": None}))


async def put_draft(request: web.Request) -> web.Response:
    """PUT /api/rallies/{rally}/address/draft: what is being typed, whole or not."""
    visitor, rally = admitted(request).id, request.match_info["rally"]
    draft = await read_body(request, Address)
    await posting.keep(engine_of(request), visitor, rally, draft, draft=True)
    return web.Response(status=204)


async def erase(request: web.Request) -> web.Response:
    """DELETE /api/rallies/{rally}/address: erase it; entries stay, but nothing can be sent."""
    visitor, rally = admitted(request).id, request.match_info["rally"]
    await posting.erase(engine_of(request), visitor, rally)
    return web.Response(status=204)


async def places(request: web.Request) -> web.Response:
    """GET /api/postcodes/{postcode}: the towns that share it."""
    found = await looked_up(request, request.match_info["postcode"])
    if not found:
        raise PostcodeUnknown
    answer = json_answer({"places": found})
    answer.headers["Cache-Control"] = f"public, max-age={A_DAY_S}"
    return answer


async def looked_up(request: web.Request, typed: str) -> list[Place]:
    """The places of a postcode as it was typed; none if it is in no list. Raises TooMany."""
    postcode = postcode_in(typed)
    if postcode is None:
        return []
    engine_of(request).postcodes.count(address_of(request))
    return await places_of(postcode)


def _never_stored(answer: web.Response) -> web.Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer
