"""Templates: one environment, one way to make a page or a part of one."""

from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from domain.rehearsal import rehearsed
from qr.images import svg
from service import charts
from service.answers import NOSNIFF
from service.api.visitors import is_secure, keep
from service.context import engine_of, public_url, voice_of
from service.failures import Failure
from service.i18n import LANGUAGE_COOKIE, LANGUAGES
from service.pages.seals import seal, turn

_SERVICE = Path(__file__).parent.parent
STATIC = _SERVICE / "static"

_APPS = {
    "Line/": "LINE",
    "Instagram": "Instagram",
    "FBAN": "Facebook",
    "FBAV": "Facebook",
    "MicroMessenger": "WeChat",
    "KAKAOTALK": "KakaoTalk",
    "Twitter": "X",
    "BytedanceWebview": "TikTok",
}
"""What the browsers inside apps say of themselves. They keep cookies of their own, so a card that
was begun in one is not found by the phone's camera."""

_HEADERS = {
    **NOSNIFF,
    "Cache-Control": "no-store",
    "Vary": "Accept-Language, Cookie",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), payment=(), usb=(), geolocation=(self)",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_TLS_ONLY = "max-age=31536000"
"""Not for the host's subdomains, which may be somebody else's."""

_environment = Environment(
    loader=FileSystemLoader(_SERVICE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@cache
def static_url(name: str) -> str:
    """The address of a static file; it changes with the file, so browsers may keep it for ever."""
    digest = sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


_environment.globals |= {"static": static_url, "seal": seal, "turn": turn, "charts": charts}
_environment.globals["m"] = _environment.get_template("_macros.html").module


def icon(name: str) -> str:
    """An icon of the pages, as SVG."""
    return str(_environment.globals["m"].icon(name))  # type: ignore[attr-defined]


def part(request: web.Request, template: str, **context: Any) -> str:
    """A template as text, in the language of whoever asks. `_` speaks, `voice` formats."""
    voice, rally = voice_of(request), context.get("rally")
    links = {code: str(request.rel_url.update_query(lang=code)) for code in LANGUAGES}
    return _environment.get_template(template).render(
        _=voice,
        voice=voice,
        languages=LANGUAGES,
        language_links=links,
        path=request.path,
        rehearsal=rally is not None and rehearsed(getattr(rally, "plan", rally).rally),
        in_app=in_app(request.headers.get("User-Agent", "")),
        signed_in=partial(engine_of(request).people.known_staff, request),
        **context,
    )


def drawn_qr(request: web.Request, path: str) -> Markup:
    """The QR of one of our addresses, by which phones reach us."""
    return Markup(svg(f"{public_url(request)}{path}"))  # noqa: S704 - made by us


def in_app(user_agent: str) -> str | None:
    """The app in whose browser a page is opened; None for a real browser."""
    return next((name for mark, name in _APPS.items() if mark in user_agent), None)


def page(request: web.Request, template: str, status: int = 200, **context: Any) -> web.Response:
    """A template as a whole page. A language asked for by `?lang=` is remembered."""
    answer = html(part(request, template, **context), status)
    if is_secure(request):
        answer.headers["Strict-Transport-Security"] = _TLS_ONLY
    wish = request.query.get("lang")
    if wish in LANGUAGES and wish != request.cookies.get(LANGUAGE_COOKIE):
        keep(request, answer, LANGUAGE_COOKIE, wish)
    return answer


def html(text: str, status: int = 200) -> web.Response:
    """HTML as an answer: never stored, as it is somebody's; small on the air."""
    answer = web.Response(
        text=text,
        status=status,
        content_type="text/html",
        headers=_HEADERS,
    )
    answer.enable_compression()
    return answer


def failure_page(request: web.Request, failure: Failure) -> web.Response:
    """A failure, told to a person."""
    return page(request, "failure.html", failure.status, failure=failure)
