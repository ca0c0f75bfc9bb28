"""What pages and the API read from the projections, in the shapes in which they show it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg
from msgspec import Struct

from domain.course import Course
from domain.plan import FirstCome
from domain.stock import Taken, left_of
from domain.withheld import told
from projections.completion import COMPLETION
from projections.contract import Projection
from projections.flow import FLOW, add
from projections.median import Minutes, median
from projections.prizes import PRIZES
from projections.refusals import REFUSALS
from service.failures import BeingRebuilt


async def read(
    pool: asyncpg.Pool, projection: Projection, part: str, *values: object
) -> Sequence[Any]:
    """The rows of one of a projection's reads. Raises BeingRebuilt.

    After an upgrade the tables may still be those of the release before, without our columns, or
    its owner's alone, or not be there yet.
    """
    try:
        return list(await pool.fetch(projection.sql(part), *values))
    except (
        asyncpg.UndefinedColumnError,
        asyncpg.UndefinedTableError,
        asyncpg.InsufficientPrivilegeError,
    ) as error:
        raise BeingRebuilt(str(error)) from error


class FunnelStep(Struct, frozen=True):
    """A step of the funnel: how many visitors have at least so many stamps."""

    stamps: int
    visitors: int


class Reached(Struct, frozen=True):
    """How many visitors meet a prize's condition, and how long half of them took for it, in
    minutes from their first stamp."""

    prize: str
    visitors: int
    median_minutes: float


class Funnel(Struct, frozen=True):
    """How far the visitors of a rally have come."""

    visitors: int
    at_least: list[FunnelStep]
    prizes: list[Reached]


async def read_funnel(pool: asyncpg.Pool, course: Course) -> Funnel:
    """The funnel of a rally, by its plan as it is now."""
    rows = await read(pool, COMPLETION, "read", course.plan.rally)
    having: Counter[int] = Counter()
    took: dict[str, Minutes] = {prize.id: Counter() for prize in course.plan.prizes}
    for measure, item, value, visitors in rows:
        if measure == "stamps":
            having[value] += visitors
        elif item in took:
            took[item][value] += visitors
    return Funnel(
        having.total(),
        _steps(having),
        [Reached(prize, minutes.total(), median(minutes)) for prize, minutes in took.items()],
    )


def _steps(having: Counter[int]) -> list[FunnelStep]:
    steps, visitors = [], having.total()
    for stamps in range(1, max(having, default=0) + 1):
        steps.append(FunnelStep(stamps, visitors))
        visitors -= having[stamps]
    return steps


async def read_areas(pool: asyncpg.Pool, course: Course) -> dict[int, int]:
    """How many cards have stamps of how many areas."""
    return dict(await read(pool, COMPLETION, "read_areas", course.plan.rally))


class Moves(Struct, frozen=True, rename={"origin": "from", "destination": "to"}):
    """Moves from one spot (or area) to another, and how long half of them took, in minutes."""

    origin: str
    destination: str
    moves: int
    median_minutes: float


async def read_moves(pool: asyncpg.Pool, course: Course, by: str) -> list[Moves]:
    """The moves of a rally from spot to spot or from area to area, the most frequent first.

    Moves within an area are from it to itself. Spots the plan no longer has are in no area.
    """
    rally = course.plan.rally
    if by == "spot":
        return [Moves(*row) for row in await read(pool, FLOW, "read", rally)]
    areas = {spot.id: spot.area for spot in course.plan.spots}
    merged: dict[tuple[str, str], Minutes] = {}
    for origin, destination, minutes in await read(pool, FLOW, "read_minutes", rally):
        if origin in areas and destination in areas:
            add(merged.setdefault((areas[origin], areas[destination]), Counter()), minutes)
    moves = [Moves(*pair, minutes.total(), median(minutes)) for pair, minutes in merged.items()]
    return sorted(moves, key=lambda each: (-each.moves, each.origin, each.destination))


class AreaMoves(NamedTuple):
    """An area and how many came from there, or went there; None for too few to tell."""

    area: str
    moves: int | None


class Neighbours(NamedTuple):
    """From where visitors came to a spot, and where they went next on the same day."""

    came_from: list[AreaMoves]
    went_to: list[AreaMoves]


async def read_neighbours(pool: asyncpg.Pool, course: Course, spot: str) -> Neighbours:
    """The areas before and after a spot, the most frequent first; spots that the plan no longer has
    are in no area."""
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for origin, destination, moves in await read(pool, FLOW, "read_spot", course.plan.rally, spot):
        way, other = (before, origin) if destination == spot else (after, destination)
        if other in course.spots:
            way[course.spots[other].area] += moves
    return Neighbours(_told(course, before), _told(course, after))


def _told(course: Course, moves: Counter[str]) -> list[AreaMoves]:
    """Those too few to tell come last and in the plan's order, which says nothing of them."""
    areas = [
        AreaMoves(area.id, told(moves[area.id])) for area in course.plan.areas if moves[area.id]
    ]
    return sorted(areas, key=lambda each: -(each.moves or 0))


class RefusalCount(Struct, frozen=True):
    """How often a spot's codes were refused for a reason, and when last (to the hour)."""

    spot: str
    code: str
    refusals: int
    newest: datetime


async def read_refusals(
    pool: asyncpg.Pool, course: Course, start: datetime, until: datetime
) -> list[RefusalCount]:
    """The refusals of a rally, the most frequent first."""
    rows = await read(pool, REFUSALS, "read", course.plan.rally, start, until)
    return [
        RefusalCount(spot, code, refusals, newest.astimezone(course.zone))
        for spot, code, refusals, newest in rows
    ]


def by_code(counts: Iterable[RefusalCount]) -> list[RefusalCount]:
    """Those of all spots as one for each reason, the most frequent first; the spot is where most
    were. `counts` come as `read_refusals` gives them."""
    codes: dict[str, list[RefusalCount]] = {}
    for each in counts:
        codes.setdefault(each.code, []).append(each)
    together = [
        RefusalCount(
            rows[0].spot,
            code,
            sum(each.refusals for each in rows),
            max(each.newest for each in rows),
        )
        for code, rows in codes.items()
    ]
    return sorted(together, key=lambda each: -each.refusals)


_PRIZE_COUNTS = ("reached", "entries", "handed_over", "reversed")


class PrizeCount(Struct, frozen=True, kw_only=True):
    """What became of a prize. `left` is None where the plan sets no stock."""

    prize: str
    reached: int
    entries: int
    handed_over: int
    reversed: int
    left: int | None


async def read_prizes(pool: asyncpg.Pool, course: Course) -> list[PrizeCount]:
    """The prizes of a rally, as planned."""
    rows = {row["prize"]: row for row in await read(pool, PRIZES, "read", course.plan.rally)}
    counts = []
    for prize in course.plan.prizes:
        row = rows.get(prize.id) or dict.fromkeys(_PRIZE_COUNTS, 0)
        giving, given = prize.giving, Taken(row["handed_over"])
        counts.append(
            PrizeCount(
                prize=prize.id,
                left=left_of(giving, given).in_all if isinstance(giving, FirstCome) else None,
                **{count: row[count] for count in _PRIZE_COUNTS},
            )
        )
    return counts
