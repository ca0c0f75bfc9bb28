"""The organiser's figures: how far visitors come, how they move, what is refused, the prizes.

An address that ends in `.csv` answers the same as a table, with names beside the ids.
"""

from typing import Literal

from aiohttp import web
from msgspec import Struct

from projections.completion import COMPLETION
from projections.contract import Projection
from projections.flow import FLOW
from projections.prizes import PRIZES
from projections.refusals import REFUSALS
from service.answers import json_answer
from service.api import tables
from service.api.lag import Behind, read_behind
from service.context import engine_of, rally_of
from service.contract.call import Who, call, read_query
from service.csv_files import wants_csv
from service.failures import BeingRebuilt
from service.figures import (
    FunnelStep,
    Moves,
    PrizeCount,
    Reached,
    RefusalCount,
    read_funnel,
    read_moves,
    read_prizes,
    read_refusals,
)
from service.footfall import Days
from service.surveys import QuestionCount, read_survey


class Completion(Struct, frozen=True):
    """How far the visitors of a rally have come."""

    rally: str
    lag: Behind
    visitors: int
    at_least: list[FunnelStep]
    prizes: list[Reached]


@call(Who.VIEWER, answers={200: Completion}, problems=(BeingRebuilt,))
async def completion(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/completion(.csv): the funnel, and who has reached which prize."""
    rally, lag = await asked(request, COMPLETION)
    funnel = await read_funnel(engine_of(request).pool, rally_of(request).course)
    if wants_csv(request):
        return tables.answer(request, "completion", tables.completion(request, funnel))
    return json_answer(Completion(rally, lag, funnel.visitors, funnel.at_least, funnel.prizes))


class FlowAsked(Struct, frozen=True):
    """From spot to spot, or from area to area."""

    by: Literal["spot", "area"] = "spot"


class Flow(Struct, frozen=True):
    """Moves, the most frequent first."""

    rally: str
    lag: Behind
    by: Literal["spot", "area"]
    moves: list[Moves]


@call(Who.VIEWER, query=FlowAsked, answers={200: Flow}, problems=(BeingRebuilt,))
async def flow(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/flow(.csv)?by=spot|area: moves within a day, how long they took."""
    rally, lag = await asked(request, FLOW)
    by = read_query(request, FlowAsked).by
    moves = await read_moves(engine_of(request).pool, rally_of(request).course, by)
    if wants_csv(request):
        return tables.answer(request, f"flow-{by}", tables.flow(request, by, moves))
    return json_answer(Flow(rally, lag, by, moves))


class Refusals(Struct, frozen=True):
    """What was refused, the most frequent first."""

    rally: str
    lag: Behind
    rows: list[RefusalCount]


@call(Who.VIEWER, query=Days, answers={200: Refusals}, problems=(BeingRebuilt,))
async def refusals(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/refusals(.csv)?from=&to=: what was refused where, and why."""
    rally, lag = await asked(request, REFUSALS)
    course = rally_of(request).course
    days = read_query(request, Days).in_zone(course)
    rows = await read_refusals(engine_of(request).pool, course, *days)
    if wants_csv(request):
        return tables.answer(request, "refusals", tables.refusals(request, rows))
    return json_answer(Refusals(rally, lag, rows))


class Prizes(Struct, frozen=True):
    """What became of the prizes, as planned."""

    rally: str
    lag: Behind
    prizes: list[PrizeCount]


@call(Who.VIEWER, answers={200: Prizes}, problems=(BeingRebuilt,))
async def prizes(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/prizes(.csv): how often each was reached, entered, handed over."""
    rally, lag = await asked(request, PRIZES)
    counts = await read_prizes(engine_of(request).pool, rally_of(request).course)
    if wants_csv(request):
        return tables.answer(request, "prizes", tables.prizes(request, counts))
    return json_answer(Prizes(rally, lag, counts))


class Survey(Struct, frozen=True):
    """The questions of the survey, as planned."""

    rally: str
    questions: list[QuestionCount]


@call(Who.VIEWER, answers={200: Survey})
async def survey(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/survey: how often each answer was given."""
    engine, plan = engine_of(request), rally_of(request).plan
    engine.people.viewer(request, plan.rally)
    return json_answer(Survey(plan.rally, await read_survey(engine, plan)))


async def asked(request: web.Request, projection: Projection) -> tuple[str, Behind]:
    """What every answer begins with; the asker must be one who may see all of the rally."""
    engine, rally = engine_of(request), rally_of(request).plan.rally
    engine.people.viewer(request, rally)
    # Before the rows: what is applied in between makes them newer than said, never older.
    return rally, await read_behind(engine, projection)
