"""Marked visits: those that came late, or from phones that did not tell where they were."""

from datetime import date, timedelta
from typing import Any

from aiohttp import web

from domain.rally import Rally
from service.answers import read_form
from service.context import engine_of, rally_of
from service.engine import Engine
from service.pages.render import page
from service.pages.signals import void_named
from service.sign_in import Role
from service.signals import count_signals
from service.sql import stored

VISITS_SHOWN = 50
PAGES_MAX = 10_000
MARKS = {"late": ["late"], "unplaced": ["unplaced"], "all": ["late", "unplaced"]}
_READ = stored("read_marked_visits")


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/close-out/visits?marks=&who=&page=: those that matter for prizes first."""
    engine, rally = engine_of(request), rally_of(request)
    person = engine.people.viewer(request, rally.plan.rally)
    asked = _asked(request)
    await engine.judge_all()
    total, visits = await _read(engine, rally, asked)
    void = await engine.log.voids(rally.plan.rally)
    return page(
        request,
        "review.html",
        rally=rally.plan,
        course=rally.course,
        asked=asked,
        visits=visits,
        total=total,
        last=max(0, -(-total // VISITS_SHOWN) - 1),
        void={(fact.visitor, fact.position) for fact in void},
        days=await _odd_days(engine, rally),
        may_change=person.role is Role.ORGANISER,
    )


async def void(request: web.Request) -> web.StreamResponse:
    """POST /r/{rally}/close-out/visits: void a visit, or let it count again."""
    await void_named(request, await read_form(request))
    raise web.HTTPSeeOther(str(request.rel_url))


def _asked(request: web.Request) -> dict[str, Any]:
    """What of them is shown; anything else than we know is the first choice."""
    marks, number = request.query.get("marks"), request.query.get("page", "")
    return {
        "marks": marks if marks in MARKS else "all",
        "who": "all" if request.query.get("who") == "all" else "prizes",
        "page": min(int(number), PAGES_MAX) if number.isdecimal() and len(number) < 8 else 0,
    }


async def _read(engine: Engine, rally: Rally, asked: dict[str, Any]) -> tuple[int, list[Any]]:
    """How many there are in all, and those of the page."""
    rows = await engine.pool.fetch(
        _READ,
        rally.plan.rally,
        MARKS[asked["marks"]],
        asked["who"] == "prizes",
        VISITS_SHOWN,
        asked["page"] * VISITS_SHOWN,
    )
    return (rows[0]["total"] if rows else 0), rows


async def _odd_days(engine: Engine, rally: Rally) -> list[tuple[date, int]]:
    """The days with signals, and how many; so far as the rally has come."""
    today = engine.clock().astimezone(rally.course.zone).date()
    first, last = rally.plan.first_day, min(rally.plan.last_day, today)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    counts = await count_signals(engine, rally.course, days)
    return [(day, count) for day, count in counts.items() if count]
