"""The organiser's overview: the rally at a glance, live."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from aiohttp import web

from domain.plan import Plan
from domain.rally import Rally, close_rally, open_rally
from domain.rehearsal import rehearsed
from projections.follow import read_lag
from projections.footfall import FOOTFALL
from service.answers import read_form
from service.context import engine_of, rally_of
from service.engine import of_known
from service.failures import BodyInvalid
from service.footfall import read_days, read_spots
from service.pages.live import stream
from service.pages.render import page, part
from service.sign_in import Person
from service.surveys import read_survey

DAYS_SHOWN_MAX = 62
"""The days of the chart at most: two months still tell apart on a phone."""


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/organiser: totals, days, spots."""
    rally, asker = _asked(request)
    survey = await read_survey(engine_of(request), rally.plan)
    context = await _context(request, rally)
    name = rally.plan.rally
    return page(
        request,
        "organiser.html",
        survey=survey,
        asker=asker,
        rehearsals=engine_of(request).rehearsals(name),
        rehearses=rehearsed(name),
        **context,
    )


async def live(request: web.Request) -> web.StreamResponse:
    """GET /r/{rally}/organiser/live: the page's live part, as server-sent events."""
    rally, _ = _asked(request)

    async def draw() -> str:
        return part(request, "_organiser.html", **await _context(request, rally))

    return await stream(request, draw)


async def change(request: web.Request) -> web.Response:
    """POST /r/{rally}/organiser: open, close or rehearse the rally, from the page's buttons."""
    engine, rally = engine_of(request), rally_of(request).plan.rally
    by = engine.people.organiser(request, rally).by
    decisions = {"open": open_rally, "close": close_rally}
    what = (await read_form(request)).get("do", "")
    if what == "rehearse":
        made = await engine.rehearse(rally, by)
        raise web.HTTPSeeOther(f"/r/{made.plan.rally}/organiser")
    decision = decisions.get(what)
    if decision is None:
        raise BodyInvalid("do is open, close or rehearse")
    await engine.change(rally, of_known(decision, by))
    raise web.HTTPSeeOther(f"/r/{rally}/organiser")


def _asked(request: web.Request) -> tuple[Rally, Person]:
    """The rally, and who may see all of it."""
    rally = rally_of(request)
    return rally, engine_of(request).people.viewer(request, rally.plan.rally)


def _days_shown(plan: Plan, counted: Iterable[date]) -> list[date]:
    """The rally's days, and those with visits outside them; the last ones if there are many."""
    known = [plan.first_day, plan.last_day, *counted]
    first, last = min(known), max(known)
    first = max(first, last - timedelta(days=DAYS_SHOWN_MAX - 1))
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


async def _context(request: web.Request, rally: Rally) -> dict[str, Any]:
    engine, course = engine_of(request), rally.course
    # Before the rows: what is applied in between makes them newer than said, never older.
    lag = await read_lag(engine.pool, FOOTFALL, engine.clock())
    days = {row["day"]: row for row in await read_days(engine.pool, course)}
    spots = {row["spot"]: row for row in await read_spots(engine.pool, course)}
    today = engine.clock().astimezone(course.zone).date()
    return {
        "rally": rally.plan,
        "life": rally.status,
        "course": course,
        "today": today,
        "visits": sum(row["visits"] for row in days.values()),
        "visitors": sum(row["first_timers"] for row in days.values()),
        "visits_today": days[today]["visits"] if today in days else 0,
        "visitors_today": days[today]["visitors"] if today in days else 0,
        "days": [(day, _both(days.get(day))) for day in _days_shown(rally.plan, days)],
        "spots": [(spot, _both(row)) for spot, row in spots.items()]
        + [(spot, (0, 0)) for spot in course.spots if spot not in spots],
        "spots_visited": sum(1 for row in spots.values() if row["visits"]),
        "lag": lag,
    }


def _both(row: Any) -> tuple[int, int]:
    """Visits and visitors."""
    return (row["visits"], row["visitors"]) if row else (0, 0)
