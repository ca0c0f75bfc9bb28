"""Live parts of pages: server-sent events that carry the part's HTML anew when it has changed.

Whoever sees the same part sees the same drawing (`service/boards.py`). A browser that comes again
says which one it has (`Last-Event-ID`) and is sent the one there is now, if that is another.
"""

import asyncio
from collections.abc import Hashable, Sequence
from contextlib import suppress

from aiohttp import web

from service.boards import Board, Boards, Draw, deflated
from service.context import engine_of, public_url
from service.i18n import language_of
from service.sign_in import Person

BOARDS = web.AppKey("boards", Boards)
KEEP_ALIVE_S = 15.0
"""Proxies cut a stream that says nothing for a minute."""
AT_MOST_EVERY_S = 0.25
"""Nobody reads faster, and a burst must not be spent on drawing."""
STUCK_S = 60.0
"""Whoever takes nothing for so long has gone without a word."""
LASTS_S = 3_600.0
"""Then the browser asks anew, and whoever may no longer look on is told so."""

_STILL_HERE = b": still here\n\n"
_AGAIN = b"retry: 2000\n"
_GZIP_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
"""RFC 1952: deflate, no name, no time, any system."""
_HEADERS = {
    "Content-Type": "text/event-stream",
    # A proxy that packs what passes through waits until it has enough to pack.
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
    "Vary": "Accept-Encoding, Accept-Language, Cookie",
}


async def stream(
    request: web.Request,
    draw: Draw,
    every_s: float = AT_MOST_EVERY_S,
    asks: Sequence[str] = (),
) -> web.StreamResponse:
    """Send `draw()` now, and again whenever a projection was applied and it came out different;
    until whoever watches is revoked.

    What `draw` draws depends on the address, what it `asks` in its query, the language, and what
    the asker may see; on nothing else of the request. Raises Busy.
    """
    packs = "gzip" in request.headers.get("Accept-Encoding", "")
    answer = web.StreamResponse(headers=_HEADERS)
    if packs:
        answer.headers["Content-Encoding"] = "gzip"
    if request.method == "HEAD":
        await answer.prepare(request)
        return answer
    watcher = engine_of(request).people.known_staff(request)
    seen, public = _seen(request, watcher, asks), watcher is None
    with request.app[BOARDS].watched(seen, draw, every_s, public=public) as board:
        await answer.prepare(request)
        try:
            await _Line(request, answer, packs, watcher).follow(board)
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
    return answer


def _seen(request: web.Request, watcher: Person | None, asks: Sequence[str]) -> Hashable:
    """Who asks for the same, as the same, in the same language, sees the same."""
    may = watcher and (watcher.role, watcher.rally, watcher.spots)
    asked = tuple(request.query.get(name) for name in asks)
    return public_url(request), request.path, asked, language_of(request), may


class _Line:
    """The line to one browser."""

    def __init__(
        self,
        request: web.Request,
        answer: web.StreamResponse,
        packs: bool,
        watcher: Person | None,
    ) -> None:
        self._people = engine_of(request).people
        self._watcher = watcher
        self._answer = answer
        self._packs = packs
        self._has = request.headers.get("Last-Event-ID", "")

    async def follow(self, board: Board) -> None:
        """Send each newest frame until the browser goes, the board ends, or it has been long."""
        loop = asyncio.get_running_loop()
        until = loop.time() + LASTS_S
        with suppress(ConnectionError):  # whoever watched has gone: so a stream ends
            await self._send((_GZIP_HEAD if self._packs else b"") + self._piece(_AGAIN))
            while not (board.ended or self._people.refuses(self._watcher)) and loop.time() < until:
                coming, frame = board.changed.coming(), board.frame
                if frame is not None and frame.id != self._has:
                    await self._send(frame.deflated if self._packs else frame.plain)
                    self._has = frame.id
                if not await _came(coming):
                    await self._send(self._piece(_STILL_HERE))

    def _piece(self, text: bytes) -> bytes:
        return deflated(text) if self._packs else text

    async def _send(self, data: bytes) -> None:
        async with asyncio.timeout(STUCK_S):
            await self._answer.write(data)


async def _came(coming: asyncio.Event) -> bool:
    """Wait for it, but not longer than proxies do."""
    try:
        async with asyncio.timeout(KEEP_ALIVE_S):
            return await coming.wait()
    except TimeoutError:
        return False
