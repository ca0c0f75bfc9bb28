"""Moving a card to another phone, putting two together, binding a paper card to a phone."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from aiohttp import web
from msgspec import Meta, Struct

from domain.card import CardView
from domain.rally import NotAllowed
from domain.refusals import Refusal
from qr.codes import Code, CodeKind
from service import moves
from service.admission import admitted, genuine
from service.answers import json_answer, problem_answer, read_body, refusal_problem
from service.api.visitors import keep
from service.context import address_of, engine_of
from service.contract.call import Who, call
from service.contract.problems import REFUSALS
from service.engine import Engine
from service.failures import (
    BodyInvalid,
    Forbidden,
    MoveUnknown,
    RallyUnknown,
    TokenInvalid,
    TokenMissing,
    TooMany,
)
from service.moves import Move
from service.scans import EXAMPLE_CODE, Refused
from service.sign_in import VISITOR_COOKIE, Person


class NewMove(Struct, frozen=True, forbid_unknown_fields=True):
    """The rally whose card is open, to show it on the other phone."""

    rally: Annotated[str, Meta(max_length=40)]


class Claim(Struct, frozen=True, forbid_unknown_fields=True):
    """The code as the other phone shows it; case, hyphens and blanks do not matter. `join`: what
    is on this phone's own cards is put onto those that are taken over."""

    code: Annotated[str, Meta(max_length=40)]
    join: bool = False


class PaperCard(Struct, frozen=True, forbid_unknown_fields=True):
    """A paper card, by its code."""

    code: Annotated[str, Meta(max_length=300)]


class MoveCode(Struct, frozen=True):
    """What the other phone is shown, and until when it is good."""

    code: str
    expires_at: datetime


class Claimed(Struct, frozen=True):
    """Whose card this phone has now, the token for it, and the rally that was open."""

    visitor: UUID
    rally: str
    token: str


_NOT_JOINED = ("card_erased", "card_full", "card_linked", "linked_too_often", "rally_frozen")


@call(
    Who.VISITOR,
    body=NewMove,
    example=NewMove("tokyo-antenna-shops"),
    answers={201: MoveCode},
    problems=(RallyUnknown,),
)
async def begin(request: web.Request) -> web.Response:
    """POST /api/card-moves: a code by which another phone takes the own card over."""
    engine = engine_of(request)
    visitor = admitted(request)
    rally = (await read_body(request, NewMove)).rally
    engine.rallies.known(rally)
    code, expires_at = await moves.begin(engine.pool, visitor, rally, engine.clock())
    return json_answer(MoveCode(code, expires_at), 201)


@call(
    Who.ANYONE,
    body=Claim,
    example=Claim("A1B2-C3D4"),
    answers={201: Claimed},
    problems=(MoveUnknown, TooMany, TokenMissing, TokenInvalid, Forbidden, *_NOT_JOINED),
)
async def claim(request: web.Request) -> web.Response:
    """POST /api/card-moves/claims: take a card over; the code is used up by it."""
    body = await read_body(request, Claim)
    moved = await taken(request, body.code, admitted(request) if body.join else None)
    token = engine_of(request).people.token(moved.visitor)
    answer = json_answer(Claimed(moved.visitor.id, moved.rally, token), 201)
    keep(request, answer, VISITOR_COOKIE, token)
    return answer


async def looked_at(request: web.Request, code: str) -> Move:
    """What a code would move. Raises MoveUnknown, TooMany."""
    engine = _asked(request)
    return _known(request, await moves.look(engine.pool, code, engine.clock()))


@call(
    Who.VISITOR,
    body=PaperCard,
    example=PaperCard(EXAMPLE_CODE),
    answers={201: CardView},
    problems=(RallyUnknown, *REFUSALS, *_NOT_JOINED),
)
async def bind(request: web.Request) -> web.Response:
    """POST /api/paper-cards: what a paper card has, and will have, is on the own card then."""
    visitor = admitted(request)
    code = await genuine(request, (await read_body(request, PaperCard)).code)
    if isinstance(code, Refusal):
        return problem_answer(refusal_problem(request, Refused(code)))
    await bound(request, code, visitor)
    return json_answer(await engine_of(request).card(visitor.id, code.rally), 201)


async def bound(request: web.Request, code: Code, visitor: Person) -> None:
    """Bind a paper card to a visitor; again is nothing. Raises NotAllowed if it is another's."""
    engine = engine_of(request)
    if code.visitor is None or code.kind is not CodeKind.PAPER:
        raise BodyInvalid("code is not that of a paper card")
    holder = await engine.holder(code.visitor, code.rally)
    if holder not in (code.visitor, await engine.holder(visitor.id, code.rally)):
        raise NotAllowed("card_linked", "This paper card belongs to another phone already.")
    # Just this card, should another phone bind it at the same moment: never that phone's own.
    await engine.link(code.visitor, visitor.id, code.rally, visitor.role)


async def taken(request: web.Request, code: str, joining: Person | None) -> Move:
    """What a code moves; it is used up. The cards of `joining` are put onto it: all, or the code
    stays good. Raises MoveUnknown, TooMany, NotAllowed."""
    engine = _asked(request)
    if joining is not None:
        await engine.joinable(joining.id, (await looked_at(request, code)).visitor.id)
    move = _known(request, await moves.take(engine.pool, code, engine.clock()))
    if joining is not None:
        await engine.join(joining.id, move.visitor.id, joining.role)
    return move


def _asked(request: web.Request) -> Engine:
    engine = engine_of(request)
    engine.bad_moves.check(address_of(request))
    return engine


def _known(request: web.Request, move: Move | None) -> Move:
    if move is None:
        engine_of(request).bad_moves.count(address_of(request))
        raise MoveUnknown
    return move
