"""What is odd about a day's cards, for the organiser to judge, and which visits are void."""

from datetime import date, datetime
from uuid import UUID

from aiohttp import web
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict

from domain.course import Course
from domain.events import VisitVoided
from domain.signals import Company, Hop, Night
from projections.completion import COMPLETION
from service.answers import json_answer
from service.api.figures import asked
from service.api.lag import Behind
from service.context import engine_of, rally_of
from service.contract.call import Who, call, read_query
from service.failures import BeingRebuilt
from service.footfall import planned
from service.signals import Finding, Suspect, findings, read_signals


class SignalsAsked(Struct, frozen=True):
    """Of which day of the rally's time zone; today without it."""

    day: date | UnsetType = UNSET


class OddVisit(Struct, frozen=True):
    """A visit behind a signal, by its position."""

    spot: str
    position: int
    at: datetime


class OddCard(Struct, frozen=True):
    """A card, and those of its visits that the signal is about."""

    visitor: UUID
    visits: list[OddVisit]


class OddHop(Hop, frozen=True, kw_only=True, tag_field="kind", tag="hop"):
    """A visitor was at two spots faster than anybody can be."""

    cards: list[OddCard]


class OddCompany(Company, frozen=True, kw_only=True, tag_field="kind", tag="company"):
    """Cards that walked as one."""

    cards: list[OddCard]


class OddNight(Night, frozen=True, kw_only=True, tag_field="kind", tag="night"):
    """Many visitors at a spot in an hour in which it is closed."""

    cards: list[OddCard]


class VoidVisit(Struct, frozen=True):
    """A visit that counts no more, who said so and why."""

    visitor: UUID
    spot: str
    position: int
    visited_at: datetime
    voided_at: datetime
    by: str
    reason: str


class SignalsAnswer(Struct, frozen=True):
    """`found` is how many signals there are; `signals` are the first of them."""

    rally: str
    lag: Behind
    day: date
    found: int
    signals: list[OddHop | OddCompany | OddNight]
    void: list[VoidVisit]


_ODD: dict[type, type] = {Hop: OddHop, Company: OddCompany, Night: OddNight}


@call(Who.VIEWER, query=SignalsAsked, answers={200: SignalsAnswer}, problems=(BeingRebuilt,))
async def show(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/signals?day=: what is odd about a day's cards, and what is void.

    Nothing follows from it by itself: POST /api/rallies/{rally}/voids is the organiser's word.
    """
    rally, lag = await asked(request, COMPLETION)
    engine, course = engine_of(request), rally_of(request).course
    day = read_query(request, SignalsAsked).day
    if day is UNSET:
        day = engine.clock().astimezone(course.zone).date()
    found = await read_signals(engine, course, planned(day))
    odd = [_odd(course, each) for each in await findings(engine, course, day, found)]
    void = [_void(course, fact) for fact in await engine.log.voids(rally)]
    return json_answer(SignalsAnswer(rally, lag, day, len(found), odd, void))


def _odd(course: Course, finding: Finding) -> OddHop | OddCompany | OddNight:
    signal = finding.signal
    cards = [_card(course, suspect) for suspect in finding.suspects]
    odd: OddHop | OddCompany | OddNight = _ODD[type(signal)](**asdict(signal), cards=cards)
    return odd


def _card(course: Course, suspect: Suspect) -> OddCard:
    visits = [
        OddVisit(visit.spot, visit.position, course.local(visit.occurred_at))
        for visit in suspect.visits
    ]
    return OddCard(suspect.visitor, visits)


def _void(course: Course, fact: VisitVoided) -> VoidVisit:
    visited_at, voided_at = (
        at.astimezone(course.zone) for at in (fact.visited_at, fact.occurred_at)
    )
    said = (fact.position, visited_at, voided_at, fact.by, fact.reason)
    return VoidVisit(fact.visitor, fact.spot, *said)
