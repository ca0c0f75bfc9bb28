"""The organiser's figures: how far visitors come, how they move, what is refused, the prizes."""

from typing import Any

from aiohttp import web

from projections.completion import COMPLETION
from projections.contract import Projection
from projections.flow import FLOW
from projections.follow import read_lag
from projections.prizes import PRIZES
from projections.refusals import REFUSALS
from service.answers import json_answer
from service.context import engine_of, rally_of
from service.failures import QueryInvalid
from service.figures import read_funnel, read_moves, read_prizes, read_refusals
from service.footfall import asked_days


async def completion(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/completion: the funnel, and who has reached which prize."""
    said = await _asked(request, COMPLETION)
    funnel = await read_funnel(engine_of(request).pool, rally_of(request).course)
    return json_answer(
        {
            **said,
            "visitors": funnel.visitors,
            "at_least": funnel.at_least,
            "prizes": funnel.prizes,
        }
    )


async def flow(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/flow?by=spot|area: moves within a day, and how long they took."""
    said = await _asked(request, FLOW)
    by = request.query.get("by", "spot")
    if by not in ("spot", "area"):
        raise QueryInvalid(f"by is spot or area, not {by}")
    moves = await read_moves(engine_of(request).pool, rally_of(request).course, by)
    return json_answer({**said, "by": by, "moves": moves})


async def refusals(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/refusals?from=&to=: what was refused where, and why."""
    said = await _asked(request, REFUSALS)
    course = rally_of(request).course
    days = asked_days(request, course)
    rows = await read_refusals(engine_of(request).pool, course, *days)
    return json_answer({**said, "rows": rows})


async def prizes(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/prizes: how often each was reached, entered and handed over."""
    said = await _asked(request, PRIZES)
    counts = await read_prizes(engine_of(request).pool, rally_of(request).course)
    return json_answer({**said, "prizes": counts})


async def _asked(request: web.Request, projection: Projection) -> dict[str, Any]:
    """What every answer begins with; the asker must be an organiser of the rally."""
    engine, rally = engine_of(request), rally_of(request).plan.rally
    engine.people.organiser(request, rally)
    # Before the rows: what is applied in between makes them newer than said, never older.
    lag = await read_lag(engine.pool, projection, engine.clock())
    return {"rally": rally, "lag": lag._asdict()}
