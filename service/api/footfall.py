"""Footfall for staff (their own spot) and organisers (all spots), and the counting of heads."""

from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from aiohttp import web
from msgspec import Meta, Struct

from projections.footfall import FOOTFALL
from service.answers import json_answer, read_body
from service.api import tables
from service.api.lag import Behind, read_behind
from service.context import engine_of, rally_of, spot_asked
from service.contract.call import Who, call, read_query
from service.csv_files import wants_csv
from service.failures import BeingRebuilt, BodyInvalid, SpotUnknown, TooMany
from service.footfall import (
    Count,
    Days,
    LanguageCount,
    by_day,
    by_hour,
    read_hours,
    read_languages,
)
from service.scans import EXAMPLE_ID

AGO_S_MAX = 400 * 24 * 3600
"""A device that was left in a drawer for longer has nothing to tell."""


class FootfallAsked(Days, frozen=True, kw_only=True):
    """Of which spot (organisers: of all without it), in which days, and by what."""

    spot: str | None = None
    by: Literal["hour", "day", "language"] = "hour"


class Footfall(Struct, frozen=True):
    """Who came, in the order of spots and times."""

    rally: str
    spot: str | None
    by: Literal["hour", "day"]
    lag: Behind
    rows: list[Count]


class FootfallByLanguage(Struct, frozen=True):
    """Who came, by spot and language."""

    rally: str
    spot: str | None
    by: Literal["language"]
    lag: Behind
    rows: list[LanguageCount]


@call(
    Who.OBSERVER,
    query=FootfallAsked,
    answers={200: (Footfall, FootfallByLanguage)},
    problems=(SpotUnknown, BeingRebuilt),
)
async def show(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/footfall(.csv)?spot=&from=&to=&by=hour|day|language: who came.

    `from` and `to` are days of the rally's time zone, both included; without them all there is.
    """
    engine, course = engine_of(request), rally_of(request).course
    engine.people.observer(request, course.plan.rally, request.query.get("spot"))
    asked = read_query(request, FootfallAsked)
    spot, by = asked.spot, asked.by
    if spot is not None and spot not in course.spots:
        raise SpotUnknown
    start, until = asked.in_zone(course)
    # Before the rows: what is applied in between makes them newer than said, never older.
    lag = await read_behind(engine, FOOTFALL)
    rally = course.plan.rally
    if by == "language":
        languages = await read_languages(engine.pool, course, spot, start, until)
        if wants_csv(request):
            table = tables.footfall(request, LanguageCount, languages)
            return tables.answer(request, "footfall-language", table)
        return json_answer(FootfallByLanguage(rally, spot, by, lag, languages))
    rows = await read_hours(engine.pool, course, spot, start, until)
    counted = by_hour(course, rows) if by == "hour" else by_day(course, rows)
    if wants_csv(request):
        table = tables.footfall(request, Count, counted)
        return tables.answer(request, f"footfall-{by}", table)
    return json_answer(Footfall(rally, spot, by, lag, counted))


class Heads(Struct, frozen=True, forbid_unknown_fields=True):
    """Guests whom staff have counted; a negative `count` takes some back.

    `ago_s`: so long ago, by the device's own clock, whatever that says.
    """

    count: Annotated[int, Meta(ge=-1_000, le=1_000)]
    headcount_id: UUID
    ago_s: Annotated[int, Meta(ge=0, le=AGO_S_MAX)] = 0


class HeadsAnswer(Struct, frozen=True):
    """At which spot, and how many they were."""

    spot: str
    count: int


@call(
    Who.STAFF,
    body=Heads,
    example=Heads(4, EXAMPLE_ID),
    answers={200: HeadsAnswer, 201: HeadsAnswer},
    problems=(TooMany, "heads_not_counted"),
)
async def count_heads(request: web.Request) -> web.Response:
    """POST /api/rallies/{rally}/spots/{spot}/headcounts: count guests who are not to be known.

    201; the same `headcount_id` again: 200, and nothing is counted twice.
    """
    _, spot = spot_asked(request)
    heads = await read_body(request, Heads)
    new = await heads_counted(request, heads)
    return json_answer(HeadsAnswer(spot.id, heads.count), 201 if new else 200)


async def heads_counted(request: web.Request, heads: Heads) -> bool:
    """Count guests at the spot that the address names; False if these were counted before."""
    course, spot = spot_asked(request)
    engine = engine_of(request)
    person = engine.people.staff(request, course.plan.rally, spot.id)
    if heads.count == 0:
        raise BodyInvalid("count is not 0")
    engine.heads.count(person.id)
    said = (heads.count, heads.headcount_id, person.by, timedelta(seconds=heads.ago_s))
    return await engine.count_heads(course.plan.rally, spot.id, *said)
