"""Style sheets, scripts and pictures."""

from aiohttp import web

from service.answers import NOSNIFF
from service.failures import NotFound
from service.pages.render import STATIC

# Their addresses change with them (`static_url`), so browsers may keep them for ever.
_HEADERS = {**NOSNIFF, "Cache-Control": "public, max-age=31536000, immutable"}
_FILES = {path.name: path for path in STATIC.iterdir()}


async def show(request: web.Request) -> web.FileResponse:
    """GET /static/{name}: a file of static/, and no other."""
    path = _FILES.get(request.match_info["name"])
    if path is None:
        raise NotFound
    return web.FileResponse(path, headers=_HEADERS)
