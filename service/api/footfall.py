"""Footfall for staff (their own spot) and organisers (all spots), and the counting of heads."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from aiohttp import web
from msgspec import Meta, Struct

from projections.follow import read_lag
from projections.footfall import FOOTFALL
from service.answers import json_answer, read_body
from service.api import tables
from service.context import engine_of, rally_of, spot_asked
from service.csv_files import wants_csv
from service.failures import BodyInvalid, QueryInvalid, SpotUnknown
from service.footfall import (
    Count,
    LanguageCount,
    asked_days,
    by_day,
    by_hour,
    read_hours,
    read_languages,
)

AGO_S_MAX = 400 * 24 * 3600
"""A device that was left in a drawer for longer has nothing to tell."""


async def show(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/footfall(.csv)?spot=&from=&to=&by=hour|day|language: who came.

    `from` and `to` are days of the rally's time zone, both included; without them all there is.
    """
    engine, course = engine_of(request), rally_of(request).course
    spot = request.query.get("spot")
    engine.people.observer(request, course.plan.rally, spot)
    if spot is not None and spot not in course.spots:
        raise SpotUnknown
    by = request.query.get("by", "hour")
    if by not in ("hour", "day", "language"):
        raise QueryInvalid(f"by is hour, day or language, not {by}")
    start, until = asked_days(request, course)
    # Before the rows: what is applied in between makes them newer than said, never older.
    lag = await read_lag(engine.pool, FOOTFALL, engine.clock())
    said = {"rally": course.plan.rally, "spot": spot, "by": by, "lag": lag._asdict()}
    if by == "language":
        languages = await read_languages(engine.pool, course, spot, start, until)
        if wants_csv(request):
            table = tables.footfall(request, LanguageCount, languages)
            return tables.answer(request, "footfall-language", table)
        return json_answer({**said, "rows": languages})
    rows = await read_hours(engine.pool, course, spot, start, until)
    counted = by_hour(course, rows) if by == "hour" else by_day(course, rows)
    if wants_csv(request):
        table = tables.footfall(request, Count, counted)
        return tables.answer(request, f"footfall-{by}", table)
    return json_answer({**said, "rows": counted})


class Heads(Struct, frozen=True, forbid_unknown_fields=True):
    """Guests whom staff have counted; a negative `count` takes some back.

    `ago_s`: so long ago, by the device's own clock, whatever that says.
    """

    count: Annotated[int, Meta(ge=-1_000, le=1_000)]
    headcount_id: UUID
    ago_s: Annotated[int, Meta(ge=0, le=AGO_S_MAX)] = 0


async def count_heads(request: web.Request) -> web.Response:
    """POST /api/rallies/{rally}/spots/{spot}/headcounts: count guests who are not to be known.

    201; the same `headcount_id` again: 200, and nothing is counted twice.
    """
    _, spot = spot_asked(request)
    heads = await read_body(request, Heads)
    new = await heads_counted(request, heads)
    return json_answer({"spot": spot.id, "count": heads.count}, 201 if new else 200)


async def heads_counted(request: web.Request, heads: Heads) -> bool:
    """Count guests at the spot that the address names; False if these were counted before."""
    course, spot = spot_asked(request)
    engine = engine_of(request)
    person = engine.people.staff(request, course.plan.rally, spot.id)
    if heads.count == 0:
        raise BodyInvalid("count is not 0")
    said = (heads.count, heads.headcount_id, person.by, timedelta(seconds=heads.ago_s))
    return await engine.count_heads(course.plan.rally, spot.id, *said)
