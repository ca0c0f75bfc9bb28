"""The poster sheet: an A4 page a spot, printed from the browser."""

from aiohttp import web
from markupsafe import Markup

from domain.plan import has_poster
from qr.codes import sign
from qr.images import png, svg
from service.context import engine_of, public_url, rally_of, spot_seen
from service.failures import RallyUnknown, SpotUnknown
from service.i18n import POSTER_LANGUAGES, voice
from service.pages.render import page


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/posters: every spot's poster, or that of `?spot=`."""
    rally = rally_of(request)
    only = request.query.get("spot")
    engine_of(request).people.observer(request, rally.plan.rally, only)
    if only is not None and only not in rally.course.spots:
        raise SpotUnknown
    areas = {area.id: area for area in rally.plan.areas}
    posters = [
        (spot, areas[spot.area], address, Markup(svg(address)))  # noqa: S704 - made by us
        for spot in rally.plan.spots
        if only in (None, spot.id) and has_poster(spot)
        for address in [code_address(request, rally.plan.rally, spot.id)]
    ]
    voices = [voice(language) for language in POSTER_LANGUAGES]
    return page(request, "posters.html", rally=rally.plan, posters=posters, voices=voices)


async def picture(request: web.Request) -> web.Response:
    """GET /r/{rally}/spots/{spot}/code.png: the QR alone, as a picture."""
    course, spot = spot_seen(request)
    address = code_address(request, course.plan.rally, spot.id)
    return web.Response(body=png(address), content_type="image/png")


def code_address(request: web.Request, rally: str, spot: str) -> str:
    """What a spot's QR says: the address that checks in there."""
    key = engine_of(request).keyring.newest_code_key(rally)
    if key is None:
        raise RallyUnknown
    return f"{public_url(request)}/s/{sign(key, spot)}"
