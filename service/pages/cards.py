"""All of one's cards on a page: how far each has come, and what is still to be won."""

from aiohttp import web

from service.context import engine_of
from service.own_cards import own_cards
from service.pages.card import goals
from service.pages.render import page


async def show(request: web.Request) -> web.Response:
    """GET /cards: the cards of this browser's visitor."""
    engine = engine_of(request)
    known = engine.people.known_visitor(request)
    cards = await own_cards(engine, known.id) if known else []
    shown = [(own.rally, own.card, goals(own.rally, own.card)) for own in cards]
    return page(request, "cards.html", cards=shown)
