"""My data: what is kept, shown, and forgotten when its owner says so."""

from uuid import UUID

import msgspec
from aiohttp import web

from service import posting
from service.addresses import Kept, kept_until
from service.admission import admitted
from service.answers import read_form
from service.context import engine_of, rally_of
from service.engine import Engine
from service.failures import AddressesUnavailable, BodyInvalid
from service.pages.render import page
from service.sign_in import VISITOR_COOKIE


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/my-data: in plain words, and word for word."""
    engine, rally = engine_of(request), rally_of(request)
    known = engine.people.known_visitor(request)
    data, others = "", 0
    if known is not None:
        name = rally.plan.rally
        others = len(await _cards(engine, known.id) - {name})
        facts = await engine.log.facts_of(await engine.holder(known.id, name), name)
        data = _word_for_word(facts)
    try:
        kept = await posting.read(engine, known.id, rally.plan.rally) if known else Kept()
        address = _word_for_word(kept._asdict()) if any(kept) else ""
    except AddressesUnavailable:
        address = None  # it can be erased all the same
    return page(
        request,
        "privacy.html",
        rally=rally,
        known=known,
        data=data,
        address=address,
        others=others,
        until=kept_until(rally.plan),
        posted=any(prize.by_post for prize in rally.plan.prizes),
        forgotten="forgotten" in request.query,
    )


async def _cards(engine: Engine, visitor: UUID) -> set[str]:
    """The rallies in which a visitor has a card."""
    return {rally for rally, card in (await engine.log.cards(visitor)).items() if not card.erased}


def _word_for_word(data: object) -> str:
    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode()


async def forget(request: web.Request) -> web.StreamResponse:
    """POST /r/{rally}/my-data: erase the visitor's cards and addresses, those of other rallies too:
    this browser forgets who it is, so nobody could come back to them."""
    engine, name = engine_of(request), rally_of(request).plan.rally
    if (await read_form(request)).get("do") != "forget":
        raise BodyInvalid("do is forget")
    visitor = admitted(request).id
    for rally in {name, *await _cards(engine, visitor)}:
        await posting.erase_card(engine, visitor, rally)
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
