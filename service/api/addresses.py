"""Where prizes are sent that come by post, and where postcodes are."""

from aiohttp import web
from msgspec import Struct

from domain.address import Address, faults, postcode_in, tidy
from service import posting
from service.admission import admitted
from service.answers import json_answer, read_body
from service.context import address_of, engine_of
from service.contract.call import Who, call
from service.failures import AddressesUnavailable, AddressInvalid, PostcodeUnknown, TooMany
from service.postcodes import Town, places_of

A_DAY_S = 24 * 3600
_ADDRESS = Address(
    postcode="1000001",
    prefecture="東京都",
    city="千代田区",
    street="千代田1-1",
    name="巡 めぐみ",
)
_NOT_ASKED = ("prizes_sent", "no_prize_by_post", "card_erased", "card_linked")


class AddressAnswer(Struct, frozen=True):
    """The address as it is kept, and what was typed since; null where there is none."""

    address: Address | None
    draft: Address | None


class Towns(Struct, frozen=True):
    """The towns that share a postcode."""

    places: list[Town]


@call(Who.VISITOR, answers={200: AddressAnswer}, problems=(AddressesUnavailable,))
async def show(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/address: the own address and what was typed since, or null."""
    visitor, rally = admitted(request).id, request.match_info["rally"]
    kept = await posting.read(engine_of(request), visitor, rally)
    return _never_stored(json_answer(AddressAnswer(kept.address, kept.draft)))


@call(
    Who.VISITOR,
    body=Address,
    example=_ADDRESS,
    answers={200: AddressAnswer},
    problems=(AddressInvalid, AddressesUnavailable, *_NOT_ASKED),
)
async def put(request: web.Request) -> web.Response:
    """PUT /api/rallies/{rally}/address: where prizes are to be sent; answers it as it is kept."""
    visitor, rally = admitted(request).id, request.match_info["rally"]
    address = tidy(await read_body(request, Address))
    wrong = faults(address)
    if wrong:
        raise AddressInvalid(wrong)
    await posting.keep(engine_of(request), visitor, rally, address)
    return _never_stored(json_answer(AddressAnswer(address, None)))


@call(
    Who.VISITOR,
    body=Address,
    example=Address(postcode="1000001"),
    answers={204: None},
    problems=(AddressesUnavailable, *_NOT_ASKED),
)
async def put_draft(request: web.Request) -> web.Response:
    """PUT /api/rallies/{rally}/address/draft: what is being typed, whole or not."""
    visitor, rally = admitted(request).id, request.match_info["rally"]
    draft = await read_body(request, Address)
    await posting.keep(engine_of(request), visitor, rally, draft, draft=True)
    return web.Response(status=204)


@call(Who.VISITOR, answers={204: None})
async def erase(request: web.Request) -> web.Response:
    """DELETE /api/rallies/{rally}/address: erase it; entries stay, but nothing can be sent."""
    visitor, rally = admitted(request).id, request.match_info["rally"]
    await posting.erase(engine_of(request), visitor, rally)
    return web.Response(status=204)


@call(Who.ANYONE, answers={200: Towns}, problems=(PostcodeUnknown, TooMany))
async def places(request: web.Request) -> web.Response:
    """GET /api/postcodes/{postcode}: the towns that share it."""
    found = await looked_up(request, request.match_info["postcode"])
    if not found:
        raise PostcodeUnknown
    answer = json_answer(Towns(found))
    answer.headers["Cache-Control"] = f"public, max-age={A_DAY_S}"
    return answer


async def looked_up(request: web.Request, typed: str) -> list[Town]:
    """The places of a postcode as it was typed; none if it is in no list. Raises TooMany."""
    postcode = postcode_in(typed)
    if postcode is None:
        return []
    engine_of(request).postcodes.count(address_of(request))
    return await places_of(postcode)


def _never_stored(answer: web.Response) -> web.Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer
