"""The organiser's figures: how far visitors come, how they move, what is refused, the prizes.

An address that ends in `.csv` answers the same as a table, with names beside the ids.
"""

from typing import Any

import msgspec
from aiohttp import web

from domain.course import Course
from projections.completion import COMPLETION
from projections.contract import Projection
from projections.flow import FLOW
from projections.follow import read_lag
from projections.prizes import PRIZES
from projections.refusals import REFUSALS
from service.answers import json_answer
from service.api import tables
from service.context import engine_of, rally_of
from service.csv_files import wants_csv
from service.failures import QueryInvalid
from service.figures import read_funnel, read_moves, read_prizes, read_refusals
from service.footfall import asked_day, asked_days
from service.signals import Suspect, findings, kind_of, read_signals
from service.surveys import read_survey


async def completion(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/completion(.csv): the funnel, and who has reached which prize."""
    said = await _asked(request, COMPLETION)
    funnel = await read_funnel(engine_of(request).pool, rally_of(request).course)
    if wants_csv(request):
        return tables.answer(request, "completion", tables.completion(request, funnel))
    return json_answer(
        {
            **said,
            "visitors": funnel.visitors,
            "at_least": funnel.at_least,
            "prizes": funnel.prizes,
        }
    )


async def flow(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/flow(.csv)?by=spot|area: moves within a day, how long they took."""
    said = await _asked(request, FLOW)
    by = request.query.get("by", "spot")
    if by not in ("spot", "area"):
        raise QueryInvalid(f"by is spot or area, not {by}")
    moves = await read_moves(engine_of(request).pool, rally_of(request).course, by)
    if wants_csv(request):
        return tables.answer(request, f"flow-{by}", tables.flow(request, by, moves))
    return json_answer({**said, "by": by, "moves": moves})


async def refusals(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/refusals(.csv)?from=&to=: what was refused where, and why."""
    said = await _asked(request, REFUSALS)
    course = rally_of(request).course
    days = asked_days(request, course)
    rows = await read_refusals(engine_of(request).pool, course, *days)
    if wants_csv(request):
        return tables.answer(request, "refusals", tables.refusals(request, rows))
    return json_answer({**said, "rows": rows})


async def prizes(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/prizes(.csv): how often each was reached, entered, handed over."""
    said = await _asked(request, PRIZES)
    counts = await read_prizes(engine_of(request).pool, rally_of(request).course)
    if wants_csv(request):
        return tables.answer(request, "prizes", tables.prizes(request, counts))
    return json_answer({**said, "prizes": counts})


async def survey(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/survey: how often each answer was given."""
    engine, rally = engine_of(request), rally_of(request)
    engine.people.viewer(request, rally.plan.rally)
    return json_answer(
        {"rally": rally.plan.rally, "questions": await read_survey(engine, rally.plan)}
    )


async def signals(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/signals?day=: what is odd about a day's cards, and what is void.

    Nothing follows from it by itself: POST /api/rallies/{rally}/voids is the organiser's word.
    """
    said = await _asked(request, COMPLETION)
    engine, course = engine_of(request), rally_of(request).course
    day = asked_day(request, "day") or engine.clock().astimezone(course.zone).date()
    found = await read_signals(engine, course, day)
    shown = await findings(engine, course, day, found)
    voids = await engine.log.voids(course.plan.rally)
    return json_answer(
        {
            **said,
            "day": day,
            "found": len(found),
            "signals": [
                {"kind": kind_of(each.signal), **msgspec.structs.asdict(each.signal)}
                | {"cards": [_suspect(course, one) for one in each.suspects]}
                for each in shown
            ],
            "void": [
                {
                    "visitor": fact.visitor,
                    "spot": fact.spot,
                    "position": fact.position,
                    "visited_at": fact.visited_at.astimezone(course.zone),
                    "voided_at": fact.occurred_at.astimezone(course.zone),
                    "by": fact.by,
                    "reason": fact.reason,
                }
                for fact in voids
            ],
        }
    )


def _suspect(course: Course, suspect: Suspect) -> dict[str, Any]:
    visits = [
        {"spot": visit.spot, "position": visit.position, "at": course.local(visit.occurred_at)}
        for visit in suspect.visits
    ]
    return {"visitor": suspect.visitor, "visits": visits}


async def _asked(request: web.Request, projection: Projection) -> dict[str, Any]:
    """What every answer begins with; the asker must be one who may see all of the rally."""
    engine, rally = engine_of(request), rally_of(request).plan.rally
    engine.people.viewer(request, rally)
    # Before the rows: what is applied in between makes them newer than said, never older.
    lag = await read_lag(engine.pool, projection, engine.clock())
    return {"rally": rally, "lag": lag._asdict()}
