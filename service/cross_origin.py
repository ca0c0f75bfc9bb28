"""Pages of other origins (a mini-app, an organiser's own site) that may use the API.

None may unless the operator has named it. What they ask counts with a bearer token alone: a cookie
is ours, so a request that carries one from elsewhere is refused, and no answer allows credentials
(https://fetch.spec.whatwg.org/#http-cors-protocol).
"""

from collections.abc import Set

from aiohttp import hdrs, web

ORIGINS: web.AppKey[Set[str]] = web.AppKey("origins")
_HEADERS = "Authorization, Content-Type"
_READABLE = "Retry-After"
_REMEMBERED_S = "600"
"""How long a browser may remember a preflight: a withdrawn origin is out after ten minutes."""


def admit(app: web.Application, origins: Set[str]) -> None:
    """Let pages of these origins use `app`'s API; of none, nothing is done for any request."""
    app[ORIGINS] = origins
    if origins:
        app.on_response_prepare.append(_let_read)


def admits(request: web.Request) -> bool:
    """Whether a page of another origin may ask this, without our cookies."""
    origin = request.headers.get(hdrs.ORIGIN)
    return (
        origin in request.app[ORIGINS]
        and request.path.startswith("/api/")
        and hdrs.COOKIE not in request.headers
    )


def preflight(methods: Set[str]) -> web.Response:
    """What a browser is told that asks beforehand, of an address that takes `methods`."""
    headers = {
        hdrs.ACCESS_CONTROL_ALLOW_METHODS: ", ".join(sorted(methods)),
        hdrs.ACCESS_CONTROL_ALLOW_HEADERS: _HEADERS,
        hdrs.ACCESS_CONTROL_MAX_AGE: _REMEMBERED_S,
    }
    return web.Response(status=204, headers=headers)


async def _let_read(request: web.Request, answer: web.StreamResponse) -> None:
    """Say whose page may read an answer of the API; caches keep one for each origin."""
    if not request.path.startswith("/api/"):
        return
    answer.headers.add(hdrs.VARY, hdrs.ORIGIN)
    if admits(request):
        answer.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = request.headers[hdrs.ORIGIN]
        answer.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = _READABLE
