"""What handlers find in the application: the engine, and the language of whoever asks."""

from collections.abc import Callable

from aiohttp import web

from domain.course import Course
from domain.plan import Spot
from domain.rally import Rally
from service.engine import Engine
from service.failures import SpotUnknown
from service.i18n import Voice, language_of, voice
from service.sign_in import Person

ENGINE = web.AppKey("engine", Engine)


def engine_of(request: web.Request) -> Engine:
    """The engine of this process."""
    return request.app[ENGINE]


def voice_of(request: web.Request) -> Voice:
    """The voice in which to answer."""
    return voice(language_of(request))


def address_of(request: web.Request) -> str:
    """The network address of whoever asks."""
    if engine_of(request).config.behind_proxy:
        return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return request.remote or ""


def rally_of(request: web.Request) -> Rally:
    """The rally that the address names. Raises RallyUnknown."""
    return engine_of(request).rallies.known(request.match_info["rally"])


def spot_asked(request: web.Request) -> tuple[Course, Spot]:
    """The spot that the address names, for its staff. Raises RallyUnknown, SpotUnknown, …"""
    return _spot(request, engine_of(request).people.staff)


def spot_seen(request: web.Request) -> tuple[Course, Spot]:
    """As `spot_asked`, for who only looks on, too."""
    return _spot(request, engine_of(request).people.observer)


def _spot(
    request: web.Request, allowed: Callable[[web.Request, str, str], Person]
) -> tuple[Course, Spot]:
    course = rally_of(request).course
    name = request.match_info["spot"]
    allowed(request, course.plan.rally, name)
    if name not in course.spots:
        raise SpotUnknown
    return course, course.spots[name]


def public_url(request: web.Request) -> str:
    """What visitors' phones reach us by, as codes say it: without a slash at the end."""
    configured = engine_of(request).config.public_url
    return (configured or f"{request.scheme}://{request.host}").rstrip("/")
