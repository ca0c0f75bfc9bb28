"""The public screen: a rally's live totals for a lobby's wall. It says nothing about anybody.

Counts are of all visitors together. A small total is not shown; an area's count is shown in steps
("20+", see `domain/withheld.py`), so that neither it nor what it adds to tells of a single visit; a
place never glows for itself, its area does.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Any, NamedTuple

from aiohttp import web

from domain.course import Course
from domain.rally import Rally, Status
from domain.rehearsal import rehearsed
from domain.withheld import in_steps, told
from projections.follow import read_lag
from projections.footfall import FOOTFALL
from service.charts import Halo
from service.charts.glow import LEVELS
from service.context import engine_of, rally_of, voice_of
from service.engine import Engine
from service.footfall import read_days, read_hours, read_spots, totals
from service.i18n import Voice
from service.pages.live import stream
from service.pages.render import drawn_qr, page, part

LATELY = timedelta(hours=1)
"""What glows: the visits of this hour and of the one before it."""
AREAS_SHOWN_MAX = 9
DRAWN_EVERY_S = 1.0
_PUBLIC = (Status.OPEN, Status.CLOSED)


class AreaCount(NamedTuple):
    """An area: its name, today's visits in steps (None: fewer than the first step), how much of the
    most visited area's they are in percent, and how bright it glows."""

    name: str
    visits: int | None
    share: int
    level: int


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/signage: for everybody while the rally is open or when it is over."""
    rally = _asked(request)
    qr = drawn_qr(request, f"/r/{rally.plan.rally}")
    return page(request, "signage.html", qr=qr, **await _context(request, rally))


async def live(request: web.Request) -> web.StreamResponse:
    """GET /r/{rally}/signage/live: the screen's live part, as server-sent events."""
    _asked(request)

    async def draw() -> str:
        return part(request, "_signage.html", **await _context(request, rally_of(request)))

    return await stream(request, draw, DRAWN_EVERY_S)


def _asked(request: web.Request) -> Rally:
    """The rally. Raises TokenMissing, Forbidden while it is for its organisers only."""
    rally = rally_of(request)
    if rally.status not in _PUBLIC or rehearsed(rally.plan.rally):
        engine_of(request).people.viewer(request, rally.plan.rally)
    return rally


async def _context(request: web.Request, rally: Rally) -> dict[str, Any]:
    engine, course, voice = engine_of(request), rally.course, voice_of(request)
    lag = await read_lag(engine.pool, FOOTFALL, engine.clock())
    now = engine.clock().astimezone(course.zone)
    days = {row["day"]: row for row in await read_days(engine.pool, course)}
    today, ever = days.get(now.date()), totals(days.values())
    visited = [row for row in await read_spots(engine.pool, course) if row["visits"]]
    areas = await _areas(engine, course, voice, now)
    return {
        "rally": rally.plan,
        "life": rally.status,
        "lag": lag,
        "visits_today": told(today["visits"] if today else 0),
        "visitors_today": told(today["visitors"] if today else 0),
        "visits": told(ever.visits),
        "visitors": told(ever.visitors),
        "spots": len(course.spots),
        "spots_visited": sum(1 for row in visited if row["spot"] in course.spots),
        "areas": sorted(areas.values(), key=lambda each: -(each.visits or 0))[:AREAS_SHOWN_MAX],
        "halos": _halos(course, areas),
    }


async def _areas(
    engine: Engine, course: Course, voice: Voice, now: datetime
) -> dict[str, AreaCount]:
    """Today's visits of each area, and how much was going on there lately."""
    begins = course.begins(now.date())
    since = now.replace(minute=0, second=0, microsecond=0) - LATELY
    today = dict.fromkeys((area.id for area in course.plan.areas), 0)
    lately = dict(today)
    until = now + timedelta(hours=1)
    for row in await read_hours(engine.pool, course, None, min(begins, since), until):
        spot = course.spots.get(row["spot"])
        if spot is not None:
            today[spot.area] += row["visits"] if row["hour"] >= begins else 0
            lately[spot.area] += row["visits"] if row["hour"] >= since else 0
    most = max(in_steps(count) or 1 for count in today.values())
    return {
        area.id: AreaCount(
            voice.name(area.names),
            in_steps(today[area.id]),
            100 * (in_steps(today[area.id]) or 0) // most,
            _level(lately, area.id),
        )
        for area in course.plan.areas
    }


def _level(lately: Mapping[str, int], area: str) -> int:
    most = max(in_steps(count) or 0 for count in lately.values())
    return ceil(LEVELS * (in_steps(lately[area]) or 0) / most) if most else 0


def _halos(course: Course, areas: Mapping[str, AreaCount]) -> list[Halo]:
    places = {
        area: [spot.place for spot in course.plan.spots if spot.area == area and spot.place]
        for area in areas
    }
    return [Halo(count.name, places[area], count.level) for area, count in areas.items()]
