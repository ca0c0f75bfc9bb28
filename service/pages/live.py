"""Live parts of pages: server-sent events that carry the part's HTML anew when it has changed."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import web

from service.context import engine_of

KEEP_ALIVE_S = 15.0
"""Proxies cut a stream that says nothing for a minute."""
AT_MOST_EVERY_S = 0.25
"""Nobody reads faster, and a burst must not be spent on drawing."""

STILL_HERE = b": still here\n\n"


async def stream(request: web.Request, draw: Callable[[], Awaitable[str]]) -> web.StreamResponse:
    """Send `draw()` now, and again whenever a projection was applied and it came out different;
    until whoever watches is revoked."""
    engine = engine_of(request)
    watcher = engine.people.known_staff(request)
    answer = web.StreamResponse(
        headers={
            "Content-Type": "text/event-stream",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        }
    )
    await answer.prepare(request)
    if request.method == "HEAD":
        return answer
    shown = None
    with suppress(ConnectionResetError):  # whoever watched has gone: that is how a stream ends
        while not (engine.stopping.is_set() or engine.people.refuses(watcher)):
            coming = engine.applied.coming()
            drawn = await draw()
            await answer.write(_event(drawn) if drawn != shown else STILL_HERE)
            shown = drawn
            with suppress(TimeoutError):
                async with asyncio.timeout(KEEP_ALIVE_S):
                    await coming.wait()
            await asyncio.sleep(AT_MOST_EVERY_S)
    return answer


def _event(text: str) -> bytes:
    data = "".join(f"data: {line}\n" for line in text.splitlines())
    return f"{data}\n".encode()
