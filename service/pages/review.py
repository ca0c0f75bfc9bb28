"""Marked visits: those that came late, or from phones that did not tell where they were."""

from datetime import date, timedelta
from typing import Any

from aiohttp import web

from domain.rally import Rally
from service.answers import read_form
from service.context import engine_of, rally_of
from service.engine import Engine
from service.pages.paging import Paged, asked_page, paged
from service.pages.render import page
from service.pages.signals import void_named
from service.signals import count_signals
from service.sql import stored

VISITS_SHOWN = 50
MARKS = {"late": ["late"], "unplaced": ["unplaced"], "all": ["late", "unplaced"]}
_READ = stored("read_marked_visits")


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/close-out/visits?marks=&who=&page=: those that matter for prizes first."""
    engine, rally = engine_of(request), rally_of(request)
    person = engine.people.viewer(request, rally.plan.rally)
    asked = _asked(request)
    await engine.judge_all()
    shown, total, visits = await _read(engine, rally, asked, asked_page(request))
    void = await engine.log.voids(rally.plan.rally)
    return page(
        request,
        "review.html",
        rally=rally.plan,
        course=rally.course,
        asked=asked,
        visits=visits,
        total=total,
        paged=shown,
        void={(fact.visitor, fact.position) for fact in void},
        days=await _odd_days(engine, rally),
        may_change=person.may_change,
    )


async def void(request: web.Request) -> web.StreamResponse:
    """POST /r/{rally}/close-out/visits: void a visit, or let it count again."""
    await void_named(request, await read_form(request))
    raise web.HTTPSeeOther(str(request.rel_url))


def _asked(request: web.Request) -> dict[str, str]:
    """What of them is shown; anything else than we know is the first choice."""
    marks = request.query.get("marks", "")
    return {
        "marks": marks if marks in MARKS else "all",
        "who": "all" if request.query.get("who") == "all" else "prizes",
    }


async def _read(
    engine: Engine, rally: Rally, asked: dict[str, str], number: int
) -> tuple[Paged, int, list[Any]]:
    """The page that is shown if that one is asked for, how many there are in all, and its rows."""
    which = (rally.plan.rally, MARKS[asked["marks"]], asked["who"] == "prizes", VISITS_SHOWN)

    async def rows_of(number: int) -> list[Any]:
        return list(await engine.pool.fetch(_READ, *which, number * VISITS_SHOWN))

    rows = await rows_of(number) or await rows_of(0)  # a row says how many there are in all
    total = rows[0]["total"] if rows else 0
    shown = paged(number, total, VISITS_SHOWN)
    if 0 < shown.number < number:
        rows = await rows_of(shown.number)
    return shown, total, rows


async def _odd_days(engine: Engine, rally: Rally) -> list[tuple[date, int]]:
    """The days with signals, and how many; so far as the rally has come."""
    today = engine.clock().astimezone(rally.course.zone).date()
    first, last = rally.plan.first_day, min(rally.plan.last_day, today)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    counts = await count_signals(engine, rally.course, days)
    return [(day, count) for day, count in counts.items() if count]
