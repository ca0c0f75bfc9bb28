"""The web application: the one room that knows all others."""

import asyncio
from collections.abc import AsyncIterator
from functools import cache
from typing import Any

from aiohttp import hdrs, web

from service import cross_origin, traces
from service.answers import FAILURE_PAGE, answering, timed, traced
from service.api.contract import DOCUMENT
from service.boards import Boards
from service.context import ENGINE
from service.contract.openapi import document, placed
from service.engine import Engine, running
from service.measuring import keep_measuring
from service.pages.live import BOARDS
from service.pages.render import failure_page
from service.patience import ASKED
from service.routes import ROUTES


def make_app(engine: Engine) -> web.Application:
    """The application on an engine; the engine works as long as the application runs."""
    app = web.Application(client_max_size=engine.config.body_bytes_max)
    app[ENGINE] = engine
    app[FAILURE_PAGE] = failure_page
    app[ASKED] = set()
    app[DOCUMENT] = whole_document
    app[BOARDS] = Boards(engine.applied, engine.stopping)
    cross_origin.admit(app, engine.config.origins)
    # Each handler is wrapped here, once: aiohttp's middlewares and signals would cost every
    # check-in a tenth of what the web server itself costs.
    for method, path, handler in ROUTES:
        wrapped = timed(answering(handler), method, path)
        if traces.on():
            wrapped = traced(wrapped, method, path)
        app.router.add_route(method, path, wrapped)
        if method == hdrs.METH_GET:
            app.router.add_route(hdrs.METH_HEAD, path, wrapped)
    app.on_shutdown.append(_stop)
    app.cleanup_ctx.append(_run)
    return app


@cache
def whole_document() -> dict[str, Any]:
    return document(placed(ROUTES))


async def _run(app: web.Application) -> AsyncIterator[None]:
    async with running(app[ENGINE]):
        measuring = asyncio.create_task(keep_measuring(app[ENGINE], app[BOARDS]))
        yield
        measuring.cancel()


async def _stop(app: web.Application) -> None:
    app[ENGINE].stop()
