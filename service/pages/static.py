"""Style sheets and scripts."""

import gzip
from mimetypes import guess_type
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

from service.answers import NOSNIFF
from service.failures import NotFound
from service.pages.render import STATIC

# Their addresses change with them (`static_url`), so browsers may keep them for ever.
_HEADERS = {
    **NOSNIFF,
    "Cache-Control": "public, max-age=31536000, immutable",
    "Vary": "Accept-Encoding",
}


class _File(NamedTuple):
    """A file as it is and packed, made ready once: most phones ask for each of them."""

    plain: bytes
    packed: bytes
    content_type: str


def _read(path: Path) -> _File:
    plain = path.read_bytes()
    kind = guess_type(path.name)[0] or "application/octet-stream"
    return _File(plain, gzip.compress(plain, mtime=0), kind)


_FILES = {path.name: _read(path) for path in STATIC.iterdir() if path.is_file()}


async def show(request: web.Request) -> web.Response:
    """GET /static/{name}: a file of static/, and no other."""
    file = _FILES.get(request.match_info["name"])
    if file is None:
        raise NotFound
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    answer = web.Response(
        body=file.packed if packed else file.plain,
        content_type=file.content_type,
        charset="utf-8",
        headers=_HEADERS,
    )
    if packed:
        answer.headers["Content-Encoding"] = "gzip"
    return answer
