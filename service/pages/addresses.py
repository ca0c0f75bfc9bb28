"""The address form of a prize that is sent by post: one page, one button, nothing lost on the way.

What is typed is kept as a draft, by the script while it is typed and by every button. The whole
address is kept and the draw entered in one go.
"""

import unicodedata
from typing import Any
from uuid import UUID

from aiohttp import web
from msgspec.structs import replace

from domain import prizes
from domain.address import LONGEST, PREFECTURES, Address, faults, fits, tidy
from domain.card import Card
from domain.plan import Draw, Prize
from domain.rally import NotAllowed, Rally
from service import posting
from service.addresses import kept_until
from service.admission import admitted
from service.answers import read_form
from service.api.addresses import looked_up
from service.context import engine_of, rally_of
from service.failures import AddressesUnavailable, NotFound
from service.pages.render import page
from service.postcodes import Town

CONFLICT, UNPROCESSABLE = 409, 422
NO_CARD = "no_card"
NOBODY = UUID(int=0)


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/prizes/{prize}/address: the form, with what was typed before."""
    rally, prize = _asked(request)
    engine = engine_of(request)
    visitor = engine.people.known_visitor(request)
    if visitor is None:
        return _page(request, rally, prize, Address(), refused=NO_CARD)
    name = rally.plan.rally
    _, card = await engine.held(visitor.id, name)
    kept = await posting.read(engine, visitor.id, name)
    return _page(
        request,
        rally,
        prize,
        kept.draft or kept.address or Address(),
        refused=_refused(request, rally, prize, card),
        entered=_takes_part(prize, card),
    )


async def change(request: web.Request) -> web.StreamResponse:
    """POST /r/{rally}/prizes/{prize}/address: look the postcode up, delete, or take part."""
    rally, prize = _asked(request)
    engine, name = engine_of(request), rally.plan.rally
    visitor, form = admitted(request).id, await read_form(request)
    if form.get("do") == "delete":
        await posting.erase(engine, visitor, name)
        raise web.HTTPSeeOther(f"{request.path}?deleted")
    typed, card = _typed(form), await engine.log.card(await engine.holder(visitor, name), name)
    said: dict[str, Any] = {}
    try:
        if form.get("do") == "look" or "take" in form:
            typed, said = await _looked(request, typed, form.get("take", ""))
        else:
            said = _objection(request, rally, prize, card, typed)
        if said:
            if fits(typed):
                await posting.keep(engine, visitor, name, typed, draft=True)
        else:
            await posting.keep(engine, visitor, name, tidy(typed))
            if not _automatic(prize):
                await posting.enter(engine, visitor, name, prize.id)
            raise web.HTTPSeeOther(f"/r/{name}#prize-{prize.id}")
    except NotAllowed as refusal:
        said |= {"refused": refusal.code, "status": CONFLICT}
    except AddressesUnavailable as failure:
        said |= {"refused": failure.code, "status": failure.status}
    return _page(request, rally, prize, typed, entered=_takes_part(prize, card), **said)


def _objection(
    request: web.Request, rally: Rally, prize: Prize, card: Card, typed: Address
) -> dict[str, Any]:
    """What to say of an address with which its visitor cannot take part; nothing if all is well."""
    if wrong := faults(tidy(typed)):
        return {"wrong": wrong, "status": UNPROCESSABLE}
    if refused := _refused(request, rally, prize, card):
        return {"refused": refused, "status": CONFLICT}
    return {}


async def _looked(
    request: web.Request, typed: Address, take: str
) -> tuple[Address, dict[str, Any]]:
    """What was typed, filled in with what the postcode tells (of several places with the one that
    was chosen, `take`); and what to say about it."""
    places = await looked_up(request, typed.postcode)
    chosen = 0 if len(places) == 1 else int(take[:4]) if take.isdecimal() else len(places)
    if chosen < len(places):
        return filled(typed, places[chosen]), {"told": "filled"}
    return typed, {"told": "several" if places else "unknown", "places": places}


def filled(typed: Address, place: Town) -> Address:
    """The address with what its postcode tells. A street that has a number stays as it was typed:
    without one it is a town, as the last postcode told it."""
    numbered = any(each.isdecimal() for each in unicodedata.normalize("NFKC", typed.street))
    street = typed.street if numbered else place.town
    return replace(typed, prefecture=place.prefecture, city=place.city, street=street)


def _refused(request: web.Request, rally: Rally, prize: Prize, card: Card) -> str | None:
    """Why the card's visitor cannot take part, if that is so; whoever does already can."""
    now = engine_of(request).clock()
    try:
        prizes.ask_address(rally, card)
        prizes.enter(rally, card, NOBODY, prize.id, now, addressed=True)
    except NotAllowed as refused:
        return None if refused.code == "prize_automatic" else refused.code
    return None


def _takes_part(prize: Prize, card: Card) -> bool:
    return prize.id in card.entered or _automatic(prize)


def _automatic(prize: Prize) -> bool:
    return isinstance(prize.giving, Draw) and prize.giving.automatic


def _typed(form: dict[str, str]) -> Address:
    texts = {field: form.get(field, "") for field in LONGEST}
    return Address(where="abroad" if form.get("where") == "abroad" else "japan", **texts)


def _asked(request: web.Request) -> tuple[Rally, Prize]:
    rally = rally_of(request)
    prize = rally.course.prizes.get(request.match_info["prize"])
    if prize is None or not prize.by_post:
        raise NotFound
    return rally, prize


def _page(
    request: web.Request, rally: Rally, prize: Prize, typed: Address, **said: Any
) -> web.Response:
    context = {"entered": False, "refused": None, "wrong": {}, "told": None, "places": [], **said}
    status = context.pop("status", 200)
    return page(
        request,
        "address.html",
        status,
        rally=rally,
        prize=prize,
        typed=typed,
        shown=not context["refused"] or typed != Address(),
        longest=LONGEST,
        prefectures=PREFECTURES,
        until=kept_until(rally.plan),
        deleted="deleted" in request.query,
        **context,
    )
