"""Who is the operator: whoever asks from this very machine, or has the metrics' token.

Figures say how many visitors there are and when, so they are for nobody else. Private addresses
are not trusted: at a festival they are the visitors'.
"""

import hmac
from ipaddress import ip_address
from pathlib import Path

import structlog
from aiohttp import web

from service.context import engine_of

TOKEN_LENGTH_MIN = 16
_PASSED_ON = ("X-Forwarded-For", "Forwarded", "Via")

log = structlog.get_logger()


def is_operator(request: web.Request) -> bool:
    """Whether to tell what only the operator may know."""
    return _from_here(request) or _has_token(request)


def _from_here(request: web.Request) -> bool:
    """From this machine, and not passed on by a proxy that runs on it."""
    try:
        here = ip_address(request.remote or "").is_loopback
    except ValueError:
        return False
    return here and not any(name in request.headers for name in _PASSED_ON)


def _has_token(request: web.Request) -> bool:
    path = engine_of(request).config.metrics_token_file
    kind, _, shown = request.headers.get("Authorization", "").partition(" ")
    token = _read(path) if path and kind.lower() == "bearer" else None
    return token is not None and hmac.compare_digest(shown.strip().encode(), token)


def _read(path: Path) -> bytes | None:
    """The token, read anew each time: it may have been changed."""
    try:
        token = path.read_bytes().strip()
    except OSError as error:
        log.error("metrics_token_unreadable", file=str(path), error=error)
        return None
    if len(token) < TOKEN_LENGTH_MIN:
        log.error("metrics_token_too_short", file=str(path), length_min=TOKEN_LENGTH_MIN)
        return None
    return token
