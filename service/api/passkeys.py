"""Passkeys, as the page's script asks for them; bodies are what WebAuthn says, as JSON."""

from typing import Any

from aiohttp import web
from msgspec import Struct

from service import passkeys, people
from service.answers import NOSNIFF, json_answer, read_bytes
from service.api.visitors import keep
from service.context import address_of, engine_of, public_url
from service.contract.call import JSON, Who, call
from service.failures import Forbidden, PasskeyRefused, TokenMissing, TooMany
from service.sign_in import STAFF_COOKIE, Person, home_of

WebAuthn = dict[str, Any]
"""What https://www.w3.org/TR/webauthn-3/ says of it, as JSON."""


class Goal(Struct, frozen=True):
    """The address to go to."""

    goal: str


@call(Who.AT_WORK, answers={200: WebAuthn})
async def ask_new(request: web.Request) -> web.Response:
    """POST /api/passkeys/options: what the device of who is signed in needs to make a passkey."""
    engine, person = engine_of(request), owner(request)
    row = await people.find(engine.pool, person.id)
    if row is None:
        raise Forbidden("this token is a program's: a passkey needs an invitation")
    now, site = engine.clock(), passkeys.site_of(public_url(request))
    return _json(await passkeys.ask_new(engine.pool, site, person.id, row["name"], now))


@call(Who.AT_WORK, body=WebAuthn, answers={201: Goal}, problems=(PasskeyRefused,))
async def create(request: web.Request) -> web.Response:
    """POST /api/passkeys: the passkey that was made."""
    engine, person = engine_of(request), owner(request)
    site = passkeys.site_of(public_url(request))
    await passkeys.keep(engine.pool, site, person.id, await _text(request), engine.clock())
    return json_answer(Goal(home_of(person)), 201)


@call(Who.ANYONE, answers={200: WebAuthn}, problems=(TooMany,))
async def ask(request: web.Request) -> web.Response:
    """POST /api/sign-in/options: what a device needs to sign in with a passkey."""
    engine = engine_of(request)
    engine.sign_ins.count(address_of(request))
    site = passkeys.site_of(public_url(request))
    return _json(await passkeys.ask(engine.pool, site, engine.clock()))


@call(Who.ANYONE, body=WebAuthn, answers={200: Goal}, problems=(PasskeyRefused, TooMany))
async def enter(request: web.Request) -> web.Response:
    """POST /api/sign-in: sign in with what the device has signed; says where to go."""
    engine = engine_of(request)
    engine.bad_sign_ins.check(address_of(request))
    site = passkeys.site_of(public_url(request))
    try:
        person = await passkeys.known(engine.pool, site, await _text(request), engine.clock())
    except PasskeyRefused:
        engine.bad_sign_ins.count(address_of(request))
        raise
    answer = json_answer(Goal(home_of(person)))
    keep(request, answer, STAFF_COOKIE, engine.people.token(person))
    return answer


def owner(request: web.Request) -> Person:
    """Who may have a passkey: organisers and viewers; a spot's device is bound by its invitation.
    Raises TokenMissing, Forbidden."""
    person = engine_of(request).people.known_staff(request)
    if person is None:
        raise TokenMissing
    if person.role in people.DEVICE_ROLES:
        raise Forbidden
    return person


async def _text(request: web.Request) -> str:
    try:
        return (await read_bytes(request)).decode()
    except UnicodeDecodeError as error:
        raise PasskeyRefused("not UTF-8") from error


def _json(text: str) -> web.Response:
    return web.Response(text=text, content_type=JSON, headers=NOSNIFF)
