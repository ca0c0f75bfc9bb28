"""The web application: the one room that knows all others."""

from collections.abc import AsyncIterator

from aiohttp import web

from service.answers import FAILURE_PAGE, failures_to_answers
from service.context import ENGINE
from service.engine import Engine, running
from service.pages.render import failure_page
from service.routes import ROUTES

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "manifest-src 'self'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def make_app(engine: Engine) -> web.Application:
    """The application on an engine; the engine works as long as the application runs."""
    app = web.Application(
        middlewares=[failures_to_answers], client_max_size=engine.config.body_bytes_max
    )
    app[ENGINE] = engine
    app[FAILURE_PAGE] = failure_page
    app.add_routes(ROUTES)
    app.on_response_prepare.append(_secure)
    app.on_shutdown.append(_stop)
    app.cleanup_ctx.append(_run)
    return app


async def _run(app: web.Application) -> AsyncIterator[None]:
    async with running(app[ENGINE]):
        yield


async def _stop(app: web.Application) -> None:
    app[ENGINE].stop()


async def _secure(request: web.Request, answer: web.StreamResponse) -> None:
    answer.headers.update(SECURITY_HEADERS)
    if request.path.startswith("/static/"):
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
