"""A keepsake: the card as a picture, to save or to share."""

from typing import Any

from aiohttp import web

from domain.card import CardView
from domain.rally import Rally
from service.answers import NOSNIFF
from service.context import engine_of, rally_of, voice_of
from service.failures import NotFound
from service.pages.render import page, part
from service.pages.seals import width

COLUMNS = 6
TITLE_SIZE_MAX = 52.0
TITLE_WIDTH = 940
SEALS_MAX = 42
"""More are counted, not drawn: a picture on a phone shows no more."""


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/keepsake: the picture, and how to keep it."""
    return page(request, "keepsake.html", **await _context(request))


async def picture(request: web.Request) -> web.Response:
    """GET /r/{rally}/keepsake.svg: the picture; it holds nothing but the card's stamps and days."""
    drawn = part(request, "keepsake.svg", **await _context(request))
    headers = {**NOSNIFF, "Cache-Control": "no-store"}
    return web.Response(text=drawn, content_type="image/svg+xml", headers=headers)


async def _context(request: web.Request) -> dict[str, Any]:
    engine, rally = engine_of(request), rally_of(request)
    visitor = engine.people.known_visitor(request)
    seen = await engine.card(visitor.id, rally.plan.rally) if visitor else None
    if seen is None or not seen.spots:
        raise NotFound
    return {
        "rally": rally,
        "card": seen,
        "shown": _shown(rally, seen),
        "columns": COLUMNS,
        "title_size": _title_size(voice_of(request).name(rally.plan.names)),
    }


def _title_size(title: str) -> float:
    """Letters as large as is fine, and as lets the title stay within the frame."""
    return round(min(TITLE_SIZE_MAX, TITLE_WIDTH / max(1.0, width(title))), 1)


def _shown(rally: Rally, seen: CardView) -> list[tuple[Any, Any]]:
    stamps = [(rally.course.spots[stamp.spot], stamp.at) for stamp in seen.spots]
    return stamps[:SEALS_MAX]
