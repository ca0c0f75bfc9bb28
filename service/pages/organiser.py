"""The organiser's overview: the rally at a glance, live."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from aiohttp import web

from domain.plan import Plan
from domain.rally import Rally, close_rally, open_rally
from projections.follow import read_lag
from projections.footfall import FOOTFALL
from service.answers import read_form
from service.context import engine_of, rally_of
from service.failures import BodyInvalid
from service.footfall import read
from service.pages.live import stream
from service.pages.render import page, part

DAYS_SHOWN_MAX = 62
"""The days of the chart at most: two months still tell apart on a phone."""
_EVER = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/organiser: totals, days, spots."""
    rally = _asked(request)
    return page(request, "organiser.html", **await _context(request, rally))


async def live(request: web.Request) -> web.StreamResponse:
    """GET /r/{rally}/organiser/live: the page's live part, as server-sent events."""
    rally = _asked(request)

    async def draw() -> str:
        return part(request, "_organiser.html", **await _context(request, rally))

    return await stream(request, draw)


async def change(request: web.Request) -> web.Response:
    """POST /r/{rally}/organiser: open or close the rally, from the page's buttons."""
    rally = _asked(request).plan.rally
    engine = engine_of(request)
    by = f"organiser:{engine.people.organiser(request, rally).id}"
    decisions = {"open": open_rally, "close": close_rally}
    decision = decisions.get((await read_form(request)).get("do", ""))
    if decision is None:
        raise BodyInvalid("do is open or close")

    def decide(known: Rally | None, now: datetime) -> Any:
        assert known is not None
        return decision(known, now, by)

    await engine.change(rally, decide)
    raise web.HTTPSeeOther(f"/r/{rally}/organiser")


def _asked(request: web.Request) -> Rally:
    rally = rally_of(request)
    engine_of(request).people.organiser(request, rally.plan.rally)
    return rally


def _days_shown(plan: Plan, counted: Iterable[date]) -> list[date]:
    """The rally's days, and those with visits outside them; the last ones if there are many."""
    known = [plan.first_day, plan.last_day, *counted]
    first, last = min(known), max(known)
    first = max(first, last - timedelta(days=DAYS_SHOWN_MAX - 1))
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


async def _context(request: web.Request, rally: Rally) -> dict[str, Any]:
    engine, course = engine_of(request), rally.course
    rows = await read(engine.pool, course, None, *_EVER)
    days: dict[Any, list[int]] = {}
    spots: dict[str, list[int]] = {spot: [0, 0] for spot in course.spots}
    for row in rows:
        day = days.setdefault(row["hour"].astimezone(course.zone).date(), [0, 0])
        day[0] += row["visits"]
        day[1] += row["visitors_today"]
        spot = spots.setdefault(row["spot"], [0, 0])
        spot[0] += row["visits"]
        spot[1] += row["visitors_of_spot"]
    today = engine.clock().astimezone(course.zone).date()
    return {
        "rally": rally.plan,
        "life": rally.status,
        "course": course,
        "today": today,
        "visits": sum(row["visits"] for row in rows),
        "visitors": sum(row["visitors_of_rally"] for row in rows),
        "visits_today": days.get(today, [0, 0])[0],
        "visitors_today": days.get(today, [0, 0])[1],
        "days": [(day, days.get(day, [0, 0])) for day in _days_shown(rally.plan, days)],
        "spots": sorted(spots.items(), key=lambda item: -item[1][0]),
        "spots_visited": sum(1 for visits, _ in spots.values() if visits),
        "lag": await read_lag(engine.pool, FOOTFALL, engine.clock()),
    }
