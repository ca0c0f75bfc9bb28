"""What happens to a card besides scans: entries for prizes, hand-overs, erasure."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from aiohttp import web
from msgspec import Meta, Struct

from domain import prizes, voids
from domain.card import Card, CardView
from domain.events import CardFact
from domain.plan import SURVEY_QUESTIONS_MAX, Names
from domain.rally import Rally, Status
from domain.stock import Taken
from domain.survey import answer_survey
from service import posting
from service.admission import admitted
from service.answers import json_answer, read_body
from service.context import engine_of
from service.contract.call import Who, call
from service.failures import RallyUnknown, SpotUnknown
from service.own_cards import own_cards

Name = Annotated[str, Meta(max_length=40)]
_EXAMPLE_ID = UUID("0198f2a0-0000-7000-8000-000000000002")


class PrizeAnswer(Struct, frozen=True):
    """Which prize it is about, and the card as it is then."""

    prize: str
    card: CardView


class CardAnswer(Struct, frozen=True):
    """The card as it is then."""

    card: CardView


class RallyCard(Struct, frozen=True, kw_only=True):
    """A card, and what its rally is called, where it is in its life, and its days."""

    rally: str
    names: Names
    status: Status
    first_day: date
    last_day: date
    card: CardView


class CardsAnswer(Struct, frozen=True):
    """Cards, of open rallies first."""

    cards: list[RallyCard]


class VoidAnswer(Struct, frozen=True):
    """Which visit it was, and the card as it is then."""

    position: int
    card: CardView


@call(
    Who.VISITOR,
    answers={201: PrizeAnswer},
    problems=(
        "address_missing",
        "card_erased",
        "card_linked",
        "choice_made",
        "entries_closed",
        "prize_automatic",
        "prize_not_drawn",
        "prize_not_reached",
        "prize_unknown",
    ),
)
async def enter(request: web.Request) -> web.Response:
    """POST /api/rallies/{rally}/prizes/{prize}/entries: take part in the draw of a prize."""
    engine = engine_of(request)
    visitor, prize = admitted(request).id, request.match_info["prize"]
    card = await posting.enter(engine, visitor, request.match_info["rally"], prize)
    return json_answer(PrizeAnswer(prize, card), 201)


@call(Who.VISITOR, answers={200: CardsAnswer})
async def show(request: web.Request) -> web.Response:
    """GET /api/cards: all of the own cards that hold a stamp or an entry."""
    engine = engine_of(request)
    found = await own_cards(engine, engine.people.visitor(request).id)
    cards = [
        RallyCard(
            rally=rally.plan.rally,
            names=rally.plan.names,
            status=rally.status,
            first_day=rally.plan.first_day,
            last_day=rally.plan.last_day,
            card=card,
        )
        for rally, card in found
    ]
    return json_answer(CardsAnswer(cards))


@call(Who.VISITOR, answers={204: None}, problems=("card_linked",))
async def erase(request: web.Request) -> web.Response:
    """DELETE /api/rallies/{rally}/card: erase the own card and address. What was counted stays
    counted."""
    engine = engine_of(request)
    await posting.erase_card(engine, admitted(request).id, request.match_info["rally"])
    return web.Response(status=204)


class Answers(Struct, frozen=True, forbid_unknown_fields=True):
    """The choice for each question of the survey that is answered, by their ids."""

    answers: Annotated[dict[Name, Name], Meta(max_length=SURVEY_QUESTIONS_MAX)]


@call(
    Who.VISITOR,
    body=Answers,
    example=Answers({"how": "poster"}),
    answers={201: CardAnswer},
    problems=("answer_unknown", "card_erased", "card_linked", "survey_not_asked"),
)
async def survey(request: web.Request) -> web.Response:
    """POST /api/rallies/{rally}/survey: answer the rally's survey, once; the first answers stay."""
    body = await read_body(request, Answers)
    return json_answer(CardAnswer(await surveyed(request, body.answers)), 201)


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


@call(
    Who.ORGANISER,
    body=Void,
    example=Void(_EXAMPLE_ID, 128, "a code that was passed on"),
    answers={200: VoidAnswer, 201: VoidAnswer},
    problems=("entries_closed", "visit_replaced", "visit_unknown", "open_data_published"),
)
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
    return json_answer(VoidAnswer(body.position, card), 200 if body.reinstate else 201)


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


@call(
    Who.STAFF,
    body=HandOver,
    example=HandOver("tokyo-antenna-shops", "sticker", _EXAMPLE_ID, _EXAMPLE_ID),
    answers={200: PrizeAnswer, 201: PrizeAnswer},
    problems=(
        RallyUnknown,
        SpotUnknown,
        "already_handed_over",
        "card_erased",
        "card_linked",
        "coupon_not_valid_here",
        "hand_over_id_used",
        "not_handed_over",
        "out_of_stock",
        "out_of_stock_today",
        "prize_is_drawn",
        "prize_not_reached",
        "prize_not_won",
        "prize_unknown",
        "undo_elsewhere",
        "undo_too_late",
    ),
)
async def hand_over(request: web.Request) -> web.Response:
    """POST /api/hand-overs: give a visitor a prize (or use a coupon), or take it back.

    The same `hand_over_id` again gives nothing more. Staff take back within a minute, at the spot
    where it was given; organisers at any time.
    """
    body = await read_body(request, HandOver)
    card = await handed_over(request, body)
    return json_answer(PrizeAnswer(body.prize, card), 200 if body.reverse else 201)


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
