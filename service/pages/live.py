"""Live parts of pages: server-sent events that carry the part's HTML anew when it has changed."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from service.context import engine_of

KEEP_ALIVE_S = 15.0
"""Proxies cut a stream that says nothing for a minute."""
AT_MOST_EVERY_S = 0.25
"""Nobody reads faster, and a burst must not be spent on drawing."""


async def stream(request: web.Request, draw: Callable[[], Awaitable[str]]) -> web.StreamResponse:
    """Send `draw()` now, and again whenever a projection was applied and it came out different."""
    engine = engine_of(request)
    answer = web.StreamResponse(
        headers={
            "Content-Type": "text/event-stream",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        }
    )
    await answer.prepare(request)
    shown = None
    while not engine.stopping.is_set():
        drawn = await draw()
        if drawn != shown:
            data = "".join(f"data: {line}\n" for line in drawn.splitlines())
            await answer.write(f"{data}\n".encode())
            shown = drawn
        else:
            await answer.write(b": still here\n\n")
        await engine.applied.wait(KEEP_ALIVE_S)
        await asyncio.sleep(AT_MOST_EVERY_S)
    return answer
