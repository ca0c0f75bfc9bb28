"""What a phone keeps so that codes can be scanned without a network."""

from functools import cache
from hashlib import sha256

from aiohttp import web
from msgspec import json

from domain.refusals import RETRY
from service.answers import NOSNIFF
from service.pages.render import STATIC, page, static_url

_SHELL = ("meguri.css", "scan.js", "kept.js", "card.js", "worker.js")


async def show(request: web.Request) -> web.Response:
    """GET /offline: the scan page for a code whose spot cannot be asked for now."""
    return page(request, "offline.html", retry=RETRY)


async def worker(_: web.Request) -> web.Response:
    """GET /sw.js: the service worker, with the addresses of what it keeps. Browsers look for a new
    one by themselves; a changed file changes its addresses, and so the worker."""
    headers = {**NOSNIFF, "Cache-Control": "no-cache"}
    return web.Response(text=_worker(), content_type="text/javascript", headers=headers)


@cache
def _worker() -> str:
    files = json.encode([static_url(name) for name in _SHELL]).decode()
    script = (STATIC / "sw.js").read_text(encoding="utf-8")
    version = sha256((files + script).encode()).hexdigest()[:12]
    return (
        f'importScripts("{static_url("kept.js")}");\n'
        f'const SHELL = {files};\nconst VERSION = "shell-{version}";\n{script}'
    )
