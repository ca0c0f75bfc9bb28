"""What a phone keeps so that codes can be scanned without a network."""

from functools import cache
from hashlib import sha256

from aiohttp import web
from msgspec import Struct, json

from domain.encoding import spot_tag
from domain.plan import Names, Spot, has_poster, language_in
from domain.refusals import RETRY
from service.answers import NOSNIFF, json_answer
from service.context import engine_of, rally_of, voice_of
from service.pages.render import STATIC, page, static_url

_SHELL = ("meguri.css", "scan.js", "kept.js", "card.js")


class Said(Struct, frozen=True):
    """A text of a plan and the language that it is in."""

    text: str
    language: str


class RallyNames(Struct, frozen=True):
    """What a phone needs to say whose code it has read: the ids of the rally's keys, and its spots
    by their tags. All of it stands on posters and on the card; nothing of it makes a code."""

    rally: str
    names: Said
    keys: list[int]
    spots: dict[str, Said]


async def show(request: web.Request) -> web.Response:
    """GET /offline: the scan page for a code whose spot cannot be asked for now."""
    return page(request, "offline.html", retry=RETRY)


async def names(request: web.Request) -> web.Response:
    """GET /r/{rally}/names: the names of the rally and of the spots that have codes."""
    plan, language = rally_of(request).plan, voice_of(request).language
    answer = json_answer(
        RallyNames(
            rally=plan.rally,
            names=_said(plan.names, language),
            keys=[key.id for key in engine_of(request).keyring.code_keys(plan.rally)],
            spots={
                str(spot_tag(spot.id)): _said(spot.names, language)
                for spot in plan.spots
                if _has_code(spot)
            },
        )
    )
    answer.headers["Cache-Control"] = "no-store"  # the worker keeps it
    answer.enable_compression()
    return answer


def _has_code(spot: Spot) -> bool:
    return has_poster(spot) or spot.kind == "rotating"


def _said(texts: Names, language: str) -> Said:
    shown = language_in(texts, language)
    return Said(texts[shown], shown)


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
