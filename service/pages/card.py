"""The stamp card: what the visitor has, what is missing and where, which prizes are near."""

from typing import Any

from aiohttp import web

from domain.card import Card, CardView, view
from domain.rally import Rally
from service.context import engine_of, rally_of
from service.failures import TokenInvalid
from service.pages.render import page, part
from service.sign_in import VISITOR_COOKIE, Role


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}: the card. `?part=card` is its inner part, for the scan page."""
    rally = rally_of(request)
    seen = await _card(request, rally)
    context = {"rally": rally, **card_context(rally, seen)}
    if request.query.get("part") == "card":
        return web.Response(
            text=part(request, "_card.html", **context),
            content_type="text/html",
            headers={"Cache-Control": "no-store"},
        )
    return page(request, "card.html", **context)


def card_context(rally: Rally, seen: CardView | None) -> dict[str, Any]:
    """What _card.html needs: the card (None: no visitor yet), stamps by spot, spots by area."""
    stamps = {stamp.spot: stamp.at for stamp in seen.spots} if seen else {}
    by_area = [
        (area, [spot for spot in rally.plan.spots if spot.area == area.id])
        for area in rally.plan.areas
    ]
    return {
        "card": seen,
        "stamps": stamps,
        "areas": [(area, spots) for area, spots in by_area if spots],
        "prizes": {prize.id: prize for prize in rally.plan.prizes},
    }


async def _card(request: web.Request, rally: Rally) -> CardView | None:
    engine = engine_of(request)
    try:
        person = engine.people.of_request(request, VISITOR_COOKIE)
    except TokenInvalid:
        person = None
    if person is None or person.role is not Role.VISITOR:
        return None
    kept: Card = await engine.log.card(person.id, rally.plan.rally)
    return view(rally.course, person.id, kept)
