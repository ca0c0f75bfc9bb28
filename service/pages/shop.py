"""The shop's page: today's footfall of the own spot, live; whence visitors come, where they go."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from aiohttp import web

from domain.course import Course
from domain.plan import OncePerRally, Spot, has_footfall, has_poster
from domain.ranks import rank
from domain.withheld import FEWEST_TOLD
from projections.follow import read_lag
from projections.footfall import FOOTFALL
from service.comparison import Against, against_asked, measure, read_beside
from service.context import engine_of, spot_seen
from service.figures import read_neighbours
from service.footfall import (
    Count,
    LanguageCount,
    asked_day,
    bounds,
    by_day,
    by_hour,
    hours_shown,
    read_hours,
    read_languages,
    read_visits,
)
from service.pages.live import stream
from service.pages.render import page, part
from service.sign_in import Role

DAYS_SHOWN = 7


async def show(request: web.Request) -> web.Response:
    """GET /r/{rally}/spots/{spot}?day=&against=: today (or another day), by hour beside another
    one, and the week before it; then what is known since the beginning."""
    course, spot = spot_seen(request)
    pool = engine_of(request).pool
    first, _ = bounds(course, course.plan.first_day - timedelta(days=DAYS_SHOWN))
    _, last = bounds(course, course.plan.last_day + timedelta(days=DAYS_SHOWN))
    return page(
        request,
        "shop.html",
        **await _context(request, course, spot),
        poster=has_poster(spot),
        course=course,
        looks_on=_only_looks_on(request),
        heads_id=uuid4() if has_footfall(spot) and not _only_looks_on(request) else None,
        fewest=FEWEST_TOLD,
        neighbours=await read_neighbours(pool, course, spot.id),
        languages_ever=await read_languages(pool, course, spot.id, first, last),
    )


def _only_looks_on(request: web.Request) -> bool:
    person = engine_of(request).people.known_staff(request)
    return person is not None and person.role is Role.VIEWER


async def live(request: web.Request) -> web.StreamResponse:
    """GET /r/{rally}/spots/{spot}/live: the page's live part, as server-sent events."""
    course, spot = spot_seen(request)

    async def draw() -> str:
        return part(request, "_shop.html", **await _context(request, course, spot))

    return await stream(request, draw, asks=("day", "against"))


async def _context(request: web.Request, course: Course, spot: Spot) -> dict[str, Any]:
    engine = engine_of(request)
    now = engine.clock().astimezone(course.zone)
    day, against = asked_day(request, "day") or now.date(), against_asked(request)
    # Before the rows: what is applied in between makes them newer than said, never older.
    lag = await read_lag(engine.pool, FOOTFALL, engine.clock())
    days, hours = await _counts(request, course, spot, day)
    beside = await read_beside(engine.pool, course, spot, day, against)
    return {
        "rally": course.plan,
        "spot": spot,
        "day": day,
        "today": now.date(),
        "now_hour": now.hour if day == now.date() else None,
        "count": days[-1][1],
        "days": days,
        "hours": [
            (hour, hours.get(hour), _before(beside, hour, against))
            for hour in hours_shown([*hours, *beside])
        ],
        "against": against,
        "ways": list(Against),
        "beside": sum(beside.values()) if beside else None,
        "measure": measure(spot),
        "returners": not isinstance(course.plan.revisit, OncePerRally),
        "languages_today": await _languages(request, course, spot, day),
        "rank": await _rank(request, course, spot, day),
        "lag": lag,
    }


async def _counts(
    request: web.Request, course: Course, spot: Spot, day: date
) -> tuple[list[tuple[date, Count | None]], dict[int, Count]]:
    """The week up to a day, and the day's hours."""
    first = day - timedelta(days=DAYS_SHOWN - 1)
    start, until = bounds(course, first)[0], bounds(course, day)[1]
    rows = await read_hours(engine_of(request).pool, course, spot.id, start, until)
    days = {count.start.date(): count for count in by_day(course, rows)}
    hours = {
        count.start.hour: count for count in by_hour(course, rows) if count.start.date() == day
    }
    week = [first + timedelta(days=n) for n in range(DAYS_SHOWN)]
    return [(each, days.get(each)) for each in week], hours


def _before(beside: dict[int, int], hour: int, against: Against) -> int | None:
    """None where nothing is told; of another day nothing is left out."""
    return beside.get(hour, None if against is Against.AVERAGE else 0)


async def _languages(
    request: web.Request, course: Course, spot: Spot, day: date
) -> list[LanguageCount]:
    return await read_languages(engine_of(request).pool, course, spot.id, *bounds(course, day))


async def _rank(request: web.Request, course: Course, spot: Spot, day: date) -> Any:
    if not course.plan.ranks_shown:
        return None
    visits = await read_visits(engine_of(request).pool, course, *bounds(course, day))
    return rank(course.plan, spot.id, visits)
