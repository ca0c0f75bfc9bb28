"""What happens to a card besides scans: entries for prizes, hand-overs, erasure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from aiohttp import web
from msgspec import Meta, Struct

from domain import prizes, voids
from domain.card import Card, CardView
from domain.events import CardFact
from domain.plan import SURVEY_QUESTIONS_MAX
from domain.rally import Rally
from domain.stock import Taken
from domain.survey import answer_survey
from service import posting
from service.admission import admitted
from service.answers import json_answer, read_body
from service.context import engine_of
from service.failures import SpotUnknown
from service.own_cards import own_cards

Name = Annotated[str, Meta(max_length=40)]


async def enter(request: web.Request) -> web.Response:
    """POST /api/rallies/{rally}/prizes/{prize}/entries: take part in the draw of a prize."""
    engine = engine_of(request)
    visitor, prize = admitted(request).id, request.match_info["prize"]
    card = await posting.enter(engine, visitor, request.match_info["rally"], prize)
    return json_answer({"prize": prize, "card": card}, 201)


async def show(request: web.Request) -> web.Response:
    """GET /api/cards: all of the own cards, each with its rally's names and days."""
    engine = engine_of(request)
    found = await own_cards(engine, engine.people.visitor(request).id)
    cards = [
        {
            "rally": own.rally.plan.rally,
            "names": own.rally.plan.names,
            "status": own.rally.status,
            "first_day": own.rally.plan.first_day,
            "last_day": own.rally.plan.last_day,
            "card": own.card,
        }
        for own in found
    ]
    return json_answer({"cards": cards})


async def erase(request: web.Request) -> web.Response:
    """DELETE /api/rallies/{rally}/card: erase the own card and address. What was counted stays
    counted."""
    engine = engine_of(request)
    await posting.erase_card(engine, admitted(request).id, request.match_info["rally"])
    return web.Response(status=204)


class Answers(Struct, frozen=True, forbid_unknown_fields=True):
    """The choice for each question of the survey that is answered, by their ids."""

    answers: Annotated[dict[Name, Name], Meta(max_length=SURVEY_QUESTIONS_MAX)]


async def survey(request: web.Request) -> web.Response:
    """POST /api/rallies/{rally}/survey: answer the rally's survey, once; the first answers stay."""
    body = await read_body(request, Answers)
    return json_answer({"card": await surveyed(request, body.answers)}, 201)


async def surveyed(request: web.Request, answers: Mapping[str, str]) -> CardView:
    """Keep what a visitor has answered; returns the card as it is then."""
    engine, name = engine_of(request), request.match_info["rally"]
    visitor = await engine.holder(admitted(request).id, name)
    return await engine.change_card(
        visitor,
        name,
        lambda rally, card, now, _: answer_survey(rally, card, visitor, answers, now),
    )


class Void(Struct, frozen=True, forbid_unknown_fields=True):
    """Which visit is to count no more. `reinstate`: it counts again."""

    visitor: UUID
    position: int
    reason: Annotated[str, Meta(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f]*$")]
    reinstate: bool = False


async def void(request: web.Request) -> web.Response:
    """POST /api/rallies/{rally}/voids: void a visit, by its position, or let it count again."""
    engine, name = engine_of(request), request.match_info["rally"]
    by = engine.people.organiser(request, name).by
    body = await read_body(request, Void)
    decide = voids.reinstate if body.reinstate else voids.void
    card = await engine.change_card(
        body.visitor,
        name,
        lambda rally, card, now, _: decide(
            rally, card, body.visitor, body.position, now, by, body.reason
        ),
    )
    return json_answer({"position": body.position, "card": card}, 200 if body.reinstate else 201)


class HandOver(Struct, frozen=True, forbid_unknown_fields=True):
    """Which prize is given to whom. `reverse`: it is taken back.

    `hand_over_id` is made at the counter and sent again with every retry.
    """

    rally: Name
    prize: Name
    visitor: UUID
    hand_over_id: UUID
    spot: Name | None = None
    reverse: bool = False


async def hand_over(request: web.Request) -> web.Response:
    """POST /api/hand-overs: give a visitor a prize (or use a coupon), or take it back.

    The same `hand_over_id` again gives nothing more. Staff take back within a minute, at the spot
    where it was given; organisers at any time.
    """
    body = await read_body(request, HandOver)
    card = await handed_over(request, body)
    return json_answer({"prize": body.prize, "card": card}, 200 if body.reverse else 201)


async def handed_over(request: web.Request, body: HandOver) -> CardView:
    """Do what staff say about a prize; returns the card as it is then."""
    engine = engine_of(request)
    person = engine.people.staff(request, body.rally, body.spot)
    any_time = person.may_change
    known = engine.rallies.get(body.rally)
    if known and body.spot is not None and body.spot not in known.course.spots:
        raise SpotUnknown

    visitor = await engine.holder(body.visitor, body.rally)

    def decide(rally: Rally, card: Card, now: datetime, taken: Taken) -> CardFact | None:
        said = (rally, card, visitor, body.prize, body.spot, body.hand_over_id, now, person.by)
        if body.reverse:
            return prizes.reverse(*said, any_time=any_time)
        return prizes.hand_over(*said, taken)

    return await engine.change_card(visitor, body.rally, decide, body.prize)
