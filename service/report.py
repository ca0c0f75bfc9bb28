"""The report of a rally: the figures that there are, put together for a board or a grant office.

Every number is one of `service/figures.py` or `service/footfall.py`; here they are only added up.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import asyncpg
from msgspec import Struct

from domain.course import Course
from domain.plan import Plan
from domain.suppression import average_of_others
from service.engine import Engine
from service.figures import (
    Funnel,
    Moves,
    PrizeCount,
    by_code,
    read_areas,
    read_funnel,
    read_moves,
    read_prizes,
    read_refusals,
)
from service.footfall import (
    LanguageCount,
    all_time,
    hours_shown,
    read_days,
    read_hours_of_day,
    read_languages,
    read_spot_days,
    read_spots,
    totals,
)


class Footfall(Struct, frozen=True):
    """Visits and distinct visitors; `headcount` are guests whom staff counted, nobody's visits."""

    visits: int = 0
    visitors: int = 0
    headcount: int = 0


NOTHING = Footfall()


class When(Struct, frozen=True, kw_only=True):
    """When visitors came to a rally, or to a spot.

    days: in order, from the rally's first to its last (or to the last visit). hours: visits by hour
    of the day.
    """

    total: Footfall
    days: list[tuple[date, Footfall]]
    hours: dict[int, int]

    @property
    def best_day(self) -> tuple[date, Footfall] | None:
        """The day with the most visits."""
        return max(self.days, key=lambda each: each[1].visits) if self.total.visits else None

    @property
    def hours_shown(self) -> range:
        """The hours of the chart."""
        return hours_shown(self.hours)


class Report(When, frozen=True, kw_only=True):
    """A rally as a report shows it.

    spots: all of the
    plan and those visited that it no longer has, the most visited first. areas: visits by area.
    cards_by_areas: cards with stamps of so many areas.
    """

    plan: Plan
    made_at: datetime
    spots: list[tuple[str, Footfall]]
    areas: dict[str, int]
    languages: dict[str, int]
    funnel: Funnel
    cards_by_areas: dict[int, int]
    moves: list[Moves]
    prizes: list[PrizeCount]
    refusals: dict[str, int]

    @property
    def visits_a_visitor(self) -> float | None:
        """None where nobody came."""
        return round(self.total.visits / self.total.visitors, 1) if self.total.visitors else None

    @property
    def spots_visited(self) -> int:
        """How many spots have visits."""
        return sum(1 for _, footfall in self.spots if footfall.visits)

    @property
    def all_moves(self) -> int:
        """Moves from a spot to another one on the same day."""
        return sum(each.moves for each in self.moves)

    @property
    def moves_between_areas(self) -> int:
        """Those from one area to another one."""
        return sum(each.moves for each in self.moves if each.origin != each.destination)

    @property
    def cards(self) -> int:
        """Cards with a stamp: one a visitor, or one a day where stamps do not carry over."""
        return sum(self.cards_by_areas.values())

    @property
    def share_of_two_areas(self) -> float | None:
        """The share of cards with stamps of two areas or more; None where there is no card."""
        several = sum(cards for areas, cards in self.cards_by_areas.items() if areas > 1)
        return several / self.cards if self.cards else None

    @property
    def handed_over(self) -> int:
        """Prizes handed over, less those taken back."""
        return sum(prize.handed_over for prize in self.prizes)

    @property
    def entries(self) -> int:
        """Entries for draws."""
        return sum(prize.entries for prize in self.prizes)


async def read_report(engine: Engine, course: Course) -> Report:
    """The report of a rally as it is now. Raises BeingRebuilt."""
    pool = engine.pool
    days = await read_days(pool, course)
    by_day = {row["day"]: footfall_of(row) for row in days}
    by_spot = {row["spot"]: footfall_of(row) for row in await read_spots(pool, course)}
    unvisited = [spot for spot in course.spots if spot not in by_spot]
    hours, languages = await read_hours_of_day(pool, course), await _languages(pool, course)
    return Report(
        plan=course.plan,
        made_at=engine.clock().astimezone(course.zone),
        total=Footfall(
            *totals(days),
            sum(day.headcount for day in by_day.values()),
        ),
        days=[(day, by_day.get(day, NOTHING)) for day in days_of(course.plan, by_day)],
        spots=[*by_spot.items(), *((spot, NOTHING) for spot in unvisited)],
        areas=_areas(course, by_spot),
        hours=summed((row["hour_of_day"], row["visits"]) for row in hours),
        languages=summed((each.language, each.visits) for each in languages),
        funnel=await read_funnel(pool, course),
        cards_by_areas=await read_areas(pool, course),
        moves=await read_moves(pool, course, "area"),
        prizes=await read_prizes(pool, course),
        refusals=await _refusals(pool, course),
    )


async def _languages(pool: asyncpg.Pool, course: Course) -> list[LanguageCount]:
    return await read_languages(pool, course, None, *all_time(course))


async def _refusals(pool: asyncpg.Pool, course: Course) -> dict[str, int]:
    rows = await read_refusals(pool, course, *all_time(course))
    return {each.code: each.refusals for each in by_code(rows)}


def _areas(course: Course, by_spot: dict[str, Footfall]) -> dict[str, int]:
    """Visits by area; spots the plan no longer has are in none."""
    counts = dict.fromkeys((area.id for area in course.plan.areas), 0)
    for spot, footfall in by_spot.items():
        if spot in course.spots:
            counts[course.spots[spot].area] += footfall.visits
    return counts


def days_of(plan: Plan, counted: Iterable[date]) -> list[date]:
    """The rally's days, and those with visits outside of them, in order."""
    known = [plan.first_day, plan.last_day, *counted]
    first, last = min(known), max(known)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def footfall_of(row: Any) -> Footfall:
    """What a row of a projection says."""
    return Footfall(row["visits"], row["visitors"], row["headcount"])


def summed(counts: Iterable[tuple[Any, int]]) -> Counter[Any]:
    """Counts by their key, added up."""
    sums: Counter[Any] = Counter()
    for key, count in counts:
        sums[key] += count
    return sums


class SpotReport(When, frozen=True, kw_only=True):
    """What a spot's staff see: their own figures, exactly, and averages of all others, where these
    tell of no single one (else None)."""

    languages: dict[str, int]
    others_visits: int | None
    others_visitors: int | None


async def read_spot_report(engine: Engine, course: Course, spot: str) -> SpotReport:
    """The report of one spot as it is now. Raises BeingRebuilt."""
    pool = engine.pool
    by_spot = {row["spot"]: footfall_of(row) for row in await read_spots(pool, course)}
    by_day = {row["day"]: footfall_of(row) for row in await read_spot_days(pool, course, spot)}
    hours = await read_hours_of_day(pool, course, spot)
    languages = await read_languages(pool, course, spot, *all_time(course))
    others = [each for name, each in by_spot.items() if name != spot]
    return SpotReport(
        total=by_spot.get(spot, NOTHING),
        days=[(day, by_day.get(day, NOTHING)) for day in days_of(course.plan, by_day)],
        hours=summed((row["hour_of_day"], row["visits"]) for row in hours),
        languages=summed((each.language, each.visits) for each in languages),
        others_visits=average_of_others(each.visits for each in others),
        others_visitors=average_of_others(each.visitors for each in others),
    )
