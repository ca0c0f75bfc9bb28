"""How long a connection may take to say what it wants.

A connection that never ends its first request's headers costs whoever holds it nothing and us a
file descriptor (slowloris). aiohttp closes connections that are idle after an answer; those that
have not asked anything yet are looked for here, now and then, as a timer a connection would cost
every check-in more. Slow bodies are `service/answers.py`'s.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

from aiohttp import web

HEADERS_SECONDS_MAX = 20
"""So long a phone with a bad network may take to send a kilobyte."""
LOOK_SECONDS = 2
IDLE_SECONDS_MAX = 75
"""A connection that asks nothing more; longer than proxies keep theirs open, so that they close it
and never send a request into one that we just close."""
LINE_BYTES_MAX, FIELD_BYTES_MAX, HEADERS_MAX = 8_190, 8_190, 100
"""The request line, a header, and how many headers: a browser sends thirty, cookies of 4 KiB."""
SERVER_LIMITS: dict[str, Any] = {
    "keepalive_timeout": IDLE_SECONDS_MAX,
    "max_line_size": LINE_BYTES_MAX,
    "max_field_size": FIELD_BYTES_MAX,
    "max_headers": HEADERS_MAX,
}

ASKED: web.AppKey[set[web.RequestHandler]] = web.AppKey("asked")
"""The connections of which a whole request has come, but for its body."""


@asynccontextmanager
async def closing_silent(server: web.Server, asked: set[web.RequestHandler]) -> AsyncIterator[None]:
    """Meanwhile close a server's connections that ask nothing; `asked` are those that have."""
    task = asyncio.create_task(_close_silent(server, asked), name="close_silent")
    try:
        yield
    finally:
        task.cancel()


async def _close_silent(server: web.Server, asked: set[web.RequestHandler]) -> None:
    since: dict[web.RequestHandler, float] = {}
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        now, here = monotonic(), set(server.connections)
        asked &= here
        since = {connection: since.get(connection, now) for connection in here - asked}
        for connection, came_at in since.items():
            if now - came_at >= HEADERS_SECONDS_MAX:
                connection.force_close()
