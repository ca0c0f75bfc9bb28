"""Moving a card to another phone."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from service import moves
from service.admission import admitted
from service.answers import json_answer, read_body
from service.api.visitors import keep
from service.context import address_of, engine_of
from service.engine import Engine
from service.failures import MoveUnknown, RallyUnknown
from service.moves import Move
from service.sign_in import VISITOR_COOKIE


class NewMove(Struct, frozen=True, forbid_unknown_fields=True):
    """The rally whose card is open, to show it on the other phone."""

    rally: Annotated[str, Meta(max_length=40)]


class Claim(Struct, frozen=True, forbid_unknown_fields=True):
    """The code as the other phone shows it; case, hyphens and blanks do not matter."""

    code: Annotated[str, Meta(max_length=40)]


async def begin(request: web.Request) -> web.Response:
    """POST /api/card-moves: a code by which another phone takes the own card over."""
    engine = engine_of(request)
    visitor = admitted(request)
    rally = (await read_body(request, NewMove)).rally
    if engine.rallies.get(rally) is None:
        raise RallyUnknown
    code, expires_at = await moves.begin(engine.pool, visitor, rally, engine.clock())
    return json_answer({"code": code, "expires_at": expires_at}, 201)


async def claim(request: web.Request) -> web.Response:
    """POST /api/card-moves/claims: take a card over; the code is used up by it."""
    moved = await taken(request, (await read_body(request, Claim)).code)
    token = engine_of(request).people.token(moved.visitor)
    said = {"visitor": moved.visitor.id, "rally": moved.rally, "token": token}
    answer = json_answer(said, 201)
    keep(request, answer, VISITOR_COOKIE, token)
    return answer


async def looked_at(request: web.Request, code: str) -> Move:
    """What a code would move. Raises MoveUnknown, TooMany."""
    engine = _asked(request)
    return _known(request, await moves.look(engine.pool, code, engine.clock()))


async def taken(request: web.Request, code: str) -> Move:
    """What a code moves; it is used up. Raises MoveUnknown, TooMany."""
    engine = _asked(request)
    return _known(request, await moves.take(engine.pool, code, engine.clock()))


def _asked(request: web.Request) -> Engine:
    engine = engine_of(request)
    engine.bad_moves.check(address_of(request))
    return engine


def _known(request: web.Request, move: Move | None) -> Move:
    if move is None:
        engine_of(request).bad_moves.count(address_of(request))
        raise MoveUnknown
    return move
