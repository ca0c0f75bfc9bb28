"""The stamp card: what the visitor has, what is missing and where, which prizes are near."""

from collections.abc import Container
from datetime import datetime, time
from functools import partial
from typing import Any, Literal, NamedTuple
from uuid import UUID

from aiohttp import web

from domain.address import masked
from domain.card import Card, CardView, PrizeView, view
from domain.conditions import (
    AllSpots,
    Areas,
    BingoLines,
    Condition,
    InOrder,
    SpotsInArea,
    SpotsOf,
    Stamps,
    WithEvidence,
)
from domain.course import Course
from domain.place import distance_m
from domain.plan import ASKING, Coupon, Draw, Plan, Prize, Sheet, Spot, lines_of, stamped_spots
from domain.rally import Rally
from domain.survey import is_asked
from domain.winners import entry_id, has_won
from qr.codes import sign
from service.context import engine_of, rally_of
from service.engine import Engine
from service.failures import AddressesUnavailable
from service.own_cards import members
from service.pages.maps import map_of, way_to
from service.pages.render import html, page, part
from service.sign_in import Person

_UNITS: dict[type, str] = {
    BingoLines: "lines",
    Stamps: "stamps",
    AllSpots: "spots",
    SpotsOf: "spots",
    SpotsInArea: "spots",
    InOrder: "spots",
    Areas: "areas",
}


NEARBY_SHOWN = 3


class Strike(NamedTuple):
    """A full line of a sheet, from the middle of its first square to that of its last."""

    x1: float
    y1: float
    x2: float
    y2: float
    fresh: bool


class SheetView(NamedTuple):
    """A bingo sheet, its full lines, and how many lines it has."""

    sheet: Sheet
    strikes: list[Strike]
    lines: int


class Nearby(NamedTuple):
    """A spot that is still missing: how far it is in metres, and whether it is open now (None: it
    does not say)."""

    spot: Spot
    metres: int
    open: bool | None


class Goal(NamedTuple):
    """A prize, how far the card has come towards it, in what that is counted, and what may be done
    now: `enter` its draw, or `show` it at the counter; `entered` and `handed` say what was done.
    `won` is None until the draw was held, and for who takes no part in it; `lapsed`: a prize that
    was won and not taken went to somebody else."""

    prize: Prize
    have: int
    need: int
    unit: str
    act: Literal["enter", "show"] | None
    entered: bool
    handed: int
    won: bool | None
    lapsed: bool


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}: the card. `?part=card` is its inner part, for the scan page.

    There, `?fresh=` names the spot just stamped and `?earned=` the prizes just reached.
    """
    engine, rally = engine_of(request), rally_of(request)
    known = engine.people.known_visitor(request)
    seen = await engine.card(known.id, rally.plan.rally) if known else None
    if request.query.get("part") != "card":
        context = await card_context(request, rally, seen)
        return page(
            request,
            "card.html",
            rally=rally,
            now=engine.clock(),
            known=known,
            empty=await _empty(engine, known, seen),
            **context,
        )
    earned = tuple(request.query.get("earned", "").split(","))
    context = await card_context(request, rally, seen, request.query.get("fresh"), earned)
    return html(part(request, "_card.html", rally=rally, **context))


async def _empty(engine: Engine, known: Person | None, seen: CardView | None) -> bool:
    """Whether the visitor has no card in any rally: the phone may have a copy of another one."""
    if known is None or (seen and seen.stamps):
        return False
    cards = (await engine.log.cards(known.id)).values()
    return not any(card.visits or card.erased or card.linked_to for card in cards)


async def card_context(
    request: web.Request,
    rally: Rally,
    seen: CardView | None,
    fresh: str | None = None,
    earned: tuple[str, ...] = (),
) -> dict[str, Any]:
    """What _card.html needs. `fresh` is the spot just stamped, `earned` prizes just reached."""
    plan = rally.plan
    stamps = {stamp.spot: stamp.at for stamp in seen.spots} if seen else {}
    fresh = fresh if fresh in stamps else None
    spots = stamped_spots(plan)
    by_area = [(area, [spot for spot in spots if spot.area == area.id]) for area in plan.areas]
    sheets = [_sheet(sheet, stamps, fresh) for sheet in plan.sheets]
    return {
        "card": seen,
        "stamps": stamps,
        "spots_all": len(spots),
        "areas": [
            (area, there, map_of(there), _numbers(there)) for area, there in by_area if there
        ],
        "sheets": sheets,
        "lines": sum(len(sheet.strikes) for sheet in sheets),
        "lines_all": sum(sheet.lines for sheet in sheets),
        "fresh": fresh,
        "sent_to": await _sent_to(request, rally, seen),
        "fresh_lines": sum(strike.fresh for sheet in sheets for strike in sheet.strikes),
        "earned": [prize for prize in plan.prizes if prize.id in earned],
        "way_to": partial(way_to, user_agent=request.headers.get("User-Agent", "")),
        "nearby": _nearby(rally, fresh, stamps, engine_of(request).clock()),
        "goals": goals(rally, seen),
        "members": await members(engine_of(request), rally, seen.visitor if seen else None),
        "masters": _masters(request, rally),
        "entries": await engine_of(request).entries.of(rally.course) if plan.prizes else {},
        "clues": _clues(rally.course, seen),
        "questions": _questions(request, rally),
        "survey": plan.survey if seen and is_asked(plan, seen) else [],
        "thanks": "thanks" in request.query,
        "badges": any(spot.kind == "badge" for spot in plan.spots),
    }


def _nearby(rally: Rally, here: str | None, stamps: Container[str], now: datetime) -> list[Nearby]:
    """The nearest spots that are missing, from the one just stamped; open ones first."""
    place = rally.course.spots[here].place if here else None
    if place is None:
        return []
    wall = now.astimezone(rally.course.zone).time()
    found = [
        Nearby(spot, round(distance_m(place, spot.place)), _is_open(spot, wall))
        for spot in stamped_spots(rally.plan)
        if spot.place and spot.id not in stamps and spot.kind != "quiz"
    ]
    nearest = sorted(found, key=lambda near: near.metres)[: 2 * NEARBY_SHOWN]
    return sorted(nearest, key=lambda near: (near.open is False, near.metres))[:NEARBY_SHOWN]


def _is_open(spot: Spot, wall: time) -> bool | None:
    """By its daily hours; those that end after midnight begin before it."""
    if spot.opens is None or spot.closes is None:
        return None
    if spot.opens <= spot.closes:
        return spot.opens <= wall < spot.closes
    return wall >= spot.opens or wall < spot.closes


def _numbers(spots: list[Spot]) -> dict[str, int]:
    """The numbers of spots on their area's map."""
    return {spot.id: number for number, spot in enumerate(spots, start=1)}


def _sheet(sheet: Sheet, stamps: dict[str, Any], fresh: str | None) -> SheetView:
    at = {spot: (x, y) for y, row in enumerate(sheet.rows) for x, spot in enumerate(row)}
    lines = lines_of(sheet)
    full = [line for line in lines if all(spot in stamps for spot in line)]
    strikes = []
    for line in full:
        (x1, y1), (x2, y2) = at[line[0]], at[line[-1]]
        strikes.append(Strike(x1 + 0.5, y1 + 0.5, x2 + 0.5, y2 + 0.5, fresh in line))
    return SheetView(sheet, strikes, len(lines))


def _masters(request: web.Request, rally: Rally) -> list[Plan]:
    """The plans of the rallies in which this one is a spot."""
    of = engine_of(request).rallies.stages_of(rally.plan.rally)
    return list({stage.master.plan.rally: stage.master.plan for stage in of}.values())


def goals(rally: Rally, seen: CardView | None) -> list[Goal]:
    """A rally's prizes, and how far a card (None: an empty one) has come towards each."""
    course = rally.course
    reached = seen or view(course, UUID(int=0), Card(), 0)
    chosen = {
        prize.giving.choice
        for prize, come in zip(course.plan.prizes, reached.prizes, strict=True)
        if isinstance(prize.giving, Draw) and prize.giving.choice and come.entered
    }
    return [
        Goal(
            prize,
            min(come.have, come.need),
            come.need,
            _unit(prize.condition),
            _act(rally, prize, come, chosen, seen.visitor) if seen else None,
            come.entered,
            come.handed,
            _won(rally, prize, come, seen) if seen else None,
            _lapsed(rally, prize, seen) if seen else False,
        )
        for prize, come in zip(course.plan.prizes, reached.prizes, strict=True)
    ]


def _won(rally: Rally, prize: Prize, come: PrizeView, seen: CardView) -> bool | None:
    giving, drawing = prize.giving, rally.drawing
    if not isinstance(giving, Draw) or drawing is None or drawing.secret is None:
        return None
    if has_won(rally, seen.visitor, prize.id):
        return True
    return False if come.entered or (giving.automatic and come.met) else None


def _lapsed(rally: Rally, prize: Prize, seen: CardView) -> bool:
    entry = entry_id(rally.plan.rally, seen.visitor)
    return rally.drawing is not None and entry in rally.drawing.given_up(prize.id)


def _act(
    rally: Rally, prize: Prize, come: PrizeView, chosen: set[str], visitor: UUID
) -> Literal["enter", "show"] | None:
    """What a visitor may do about a prize now; where each day has its own card, about today's."""
    giving = prize.giving
    if isinstance(giving, Draw) and has_won(rally, visitor, prize.id):
        return None if prize.by_post or come.handed else "show"
    if not come.met:
        return None
    if isinstance(giving, Draw):
        done = rally.entries_closed or come.entered or giving.automatic or giving.choice in chosen
        return None if done else "enter"
    uses = giving.uses if isinstance(giving, Coupon) else 1
    return "show" if come.handed < uses else None


def _clues(course: Course, seen: CardView | None) -> list[tuple[Spot, dict[str, str]]]:
    """The spots that come next, with how to find them; without a card, the first ones."""
    clues = seen.clues if seen else view(course, UUID(int=0), Card(), 0).clues
    return [(course.spots[each.spot], each.clue) for each in clues]


def _unit(condition: Condition) -> str:
    """In what a condition counts; a combination counts conditions."""
    if isinstance(condition, WithEvidence):
        return _unit(condition.condition)
    return _UNITS.get(type(condition), "conditions")


async def _sent_to(request: web.Request, rally: Rally, seen: CardView | None) -> str | None:
    """The masked address for prizes by post; None if there is none, "" if it is not asked for."""
    if seen is None or not any(
        prize.by_post and (come.entered or come.met)
        for prize, come in zip(rally.plan.prizes, seen.prizes, strict=True)
    ):
        return ""
    try:
        kept = await engine_of(request).addresses.read(seen.visitor, rally.plan.rally)
    except AddressesUnavailable:
        return ""  # the card is worth more than this line of it
    return masked(kept.address) if kept.address else None


def _questions(request: web.Request, rally: Rally) -> dict[str, str]:
    """Where the questions of spots that ask some are answered: there need be no poster."""
    key = engine_of(request).keyring.newest_code_key(rally.plan.rally)
    asking = [spot.id for spot in rally.plan.spots if spot.kind in ASKING]
    return {spot: f"/s/{sign(key, spot)}" for spot in asking} if key else {}
