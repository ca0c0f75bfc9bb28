"""Visitors: a card begins with a token, and a token costs the log nothing."""

from typing import Annotated
from uuid import UUID

from aiohttp import web
from msgspec import Meta, Struct

from service.admission import admitted
from service.answers import json_answer, read_body
from service.context import engine_of
from service.contract.call import Who, call
from service.failures import Forbidden, TokenInvalid, TooMany
from service.i18n import LANGUAGE_COOKIE, LANGUAGES
from service.sign_in import COOKIE_SECONDS, STAFF_COOKIE, VISITOR_COOKIE, Person, Role


class NewVisitor(Struct, frozen=True, forbid_unknown_fields=True):
    """What a phone says of its visitor."""

    language: Annotated[str, Meta(max_length=20)] | None = None


class VisitorAnswer(Struct, frozen=True):
    """Who it is, and the token that stands for them."""

    visitor: UUID
    token: str


@call(
    Who.ANYONE,
    body=NewVisitor,
    example=NewVisitor("ja"),
    answers={201: VisitorAnswer},
    problems=(TokenInvalid, Forbidden, TooMany),
)
async def create(request: web.Request) -> web.Response:
    """POST /api/visitors: a new visitor and the token (also as a cookie) that stands for them.

    Whoever is one already is given their own again: a browser that has lost its cookie comes with
    the copy of it (`Authorization: Bearer`), and two pages at once make one visitor.
    """
    body = await read_body(request, NewVisitor)
    if "Authorization" in request.headers:
        admitted(request)  # a token that does not verify makes nobody new
    person, token = visitor_or_new(request)
    token = token or engine_of(request).people.token(person)
    answer = json_answer(VisitorAnswer(person.id, token), 201)
    keep(request, answer, VISITOR_COOKIE, token)
    if body.language in LANGUAGES:
        keep(request, answer, LANGUAGE_COOKIE, body.language)
    return answer


def visitor_or_new(request: web.Request) -> tuple[Person, str | None]:
    """The visitor whom this browser knows; a new one, with a token to keep, if there is none."""
    engine = engine_of(request)
    known = engine.people.known_visitor(request)
    return (known, None) if known else engine.people.new(Role.VISITOR, engine.clock())


def keep(request: web.Request, answer: web.Response, cookie: str, value: str) -> None:
    """Keep `value` on the phone: first-party, out of scripts' reach, as long as browsers allow."""
    answer.set_cookie(
        cookie,
        value,
        max_age=COOKIE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=is_secure(request),
    )


def is_secure(request: web.Request) -> bool:
    """Whether phones reach us over TLS; by the public address, as a proxy may stand between."""
    public = engine_of(request).config.public_url
    return public.startswith("https:") if public else request.secure


async def forget_staff(request: web.Request) -> web.Response:
    """POST /sign-out: forget the staff or organiser of this browser."""
    answer = web.Response(status=303, headers={"Location": "/"})
    answer.del_cookie(STAFF_COOKIE)
    return answer
