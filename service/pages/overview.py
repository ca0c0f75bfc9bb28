"""What the organiser's overview shows: its figures, read and made ready for pictures and tables."""

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from domain.course import Course
from domain.plan import Plan
from domain.rally import Rally
from projections.follow import read_lag
from projections.footfall import FOOTFALL
from service.charts import At, Bar, Step
from service.charts import Moves as Streams
from service.engine import Engine
from service.failures import BeingRebuilt
from service.figures import (
    Moves,
    PrizeCount,
    Reached,
    RefusalCount,
    read_funnel,
    read_moves,
    read_prizes,
    read_refusals,
)
from service.footfall import ever, read_days, read_hours, read_spots
from service.i18n import Voice
from service.people import Device, devices
from service.reasons import reason
from service.signals import read_signals

DAYS_SHOWN_MAX = 62
"""The days of the chart at most: two months still tell apart on a phone."""
OPENING_HOURS = (9, 20)
"""The hours a day's chart shows at least; more when there were visits outside them."""
FUNNEL_STEPS_MAX = 8
MOVES_SHOWN_MAX = 10
SILENT = timedelta(minutes=5)
"""A device that has given no sign of life for so long is told of; they give one a minute."""
_ROUND = (1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 50, 75, 100, 150, 200, 300, 500, 1_000)
"""Numbers of stamps that people think in."""

T = TypeVar("T")


async def overview(engine: Engine, rally: Rally, voice: Voice) -> dict[str, Any]:
    """What the live part of the overview is drawn of. A part whose figures are just being rebuilt
    is None; without footfall there is no overview. Raises BeingRebuilt."""
    course = rally.course
    # Before the rows: what is applied in between makes them newer than said, never older.
    lag = await read_lag(engine.pool, FOOTFALL, engine.clock())
    now = engine.clock().astimezone(course.zone)
    return {
        "rally": rally.plan,
        "life": rally.status,
        "course": course,
        "today": now.date(),
        "lag": lag,
        **await _days(engine, course, voice, now.date()),
        **await _spots(engine, course, voice),
        "hours": await _hours(engine, course, voice, now),
        "completion": await _there(_completion(engine, course, voice)),
        "moved": await _there(_moved(engine, course, voice)),
        "refused": await _there(_refused(engine, course, voice)),
        "staffed": await _staffed(engine, course, now),
        "odd_cards": await _there(odd_cards(engine, course, now.date())),
    }


async def _there(figures: Awaitable[T]) -> T | None:
    """Figures, or None while they are being rebuilt."""
    try:
        return await figures
    except BeingRebuilt:
        return None


async def odd_cards(engine: Engine, course: Course, day: date) -> int:
    """How many signals a day has; the number may be a little old."""

    async def count() -> int:
        return len(await read_signals(engine, course, day))

    return await engine.odd_cards.get((course.plan.rally, day), count)


async def _days(engine: Engine, course: Course, voice: Voice, today: date) -> dict[str, Any]:
    rows = {row["day"]: row for row in await read_days(engine.pool, course)}
    shown = _days_shown(course.plan, rows)
    counts = [(day, _both(rows.get(day))) for day in shown]
    past = [visits for day, (visits, _) in counts if course.plan.first_day <= day < today]
    return {
        "visits": sum(row["visits"] for row in rows.values()),
        "visitors": sum(row["first_timers"] for row in rows.values()),
        "headcount": sum(row["headcount"] for row in rows.values()),
        "visits_today": _both(rows.get(today))[0],
        "visitors_today": _both(rows.get(today))[1],
        "days": counts,
        "day_bars": [
            Bar(voice.short_day(day), visits, f"{voice.day(day)} ({voice.weekday(day)})")
            for day, (visits, _) in counts
        ],
        "day_now": shown.index(today) if today in shown else None,
        "day_average": sum(past) / len(past) if past and any(past) else None,
    }


def _days_shown(plan: Plan, counted: Iterable[date]) -> list[date]:
    """The rally's days, and those with visits outside them; the last ones if there are many."""
    known = [plan.first_day, plan.last_day, *counted]
    first, last = min(known), max(known)
    first = max(first, last - timedelta(days=DAYS_SHOWN_MAX - 1))
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _both(row: Any) -> tuple[int, int]:
    """Visits and visitors."""
    return (row["visits"], row["visitors"]) if row else (0, 0)


async def _spots(engine: Engine, course: Course, voice: Voice) -> dict[str, Any]:
    rows = {row["spot"]: row for row in await read_spots(engine.pool, course)}
    counts = [(spot, _both(row)) for spot, row in rows.items()]
    counts += [(spot, (0, 0)) for spot in course.spots if spot not in rows]
    return {
        "spots": counts,
        "spots_visited": sum(1 for row in rows.values() if row["visits"]),
        "placed": [
            At(voice.name(spot.names), spot.place, _both(rows.get(spot.id))[0])
            for spot in course.plan.spots
            if spot.place is not None
        ],
    }


class Hours(NamedTuple):
    """A day's visits by hour, beside those of the day before; `now` is the index of this hour."""

    bars: list[Bar]
    now: int | None


async def _hours(engine: Engine, course: Course, voice: Voice, now: datetime) -> Hours:
    today = now.date()
    yesterday = today - timedelta(days=1)
    begins, ends = course.begins(yesterday), course.begins(today + timedelta(days=1))
    counts: dict[date, dict[int, int]] = {yesterday: {}, today: {}}
    for row in await read_hours(engine.pool, course, None, begins, ends):
        hour = row["hour"].astimezone(course.zone)
        of_day = counts[hour.date()]
        of_day[hour.hour] = of_day.get(hour.hour, 0) + row["visits"]
    known = [now.hour, *counts[today], *counts[yesterday]]
    shown = range(min(OPENING_HOURS[0], *known), max(OPENING_HOURS[1], *known) + 1)
    return Hours(
        [
            Bar(
                str(hour),
                counts[today].get(hour, 0),
                f"{hour}:00–{hour + 1}:00",
                counts[yesterday].get(hour, 0),
            )
            for hour in shown
        ],
        now.hour - shown[0],
    )


class Completion(NamedTuple):
    """How far visitors come: steps of the funnel, and what became of each prize."""

    steps: list[Step]
    prizes: list[tuple[str, Reached, PrizeCount | None]]


async def _completion(engine: Engine, course: Course, voice: Voice) -> Completion:
    funnel = await read_funnel(engine.pool, course)
    counts = {each.prize: each for each in await _there(read_prizes(engine.pool, course)) or []}
    least = {step.stamps: step.visitors for step in funnel.at_least}
    return Completion(
        [Step(_at_least(voice, stamps), least[stamps]) for stamps in chosen(list(least))],
        [
            (voice.name(course.prizes[each.prize].names), each, counts.get(each.prize))
            for each in funnel.prizes
        ],
    )


def _at_least(voice: Voice, stamps: int) -> str:
    if stamps == 1:
        return voice.say("1 stamp or more")
    return voice.say("{n} stamps or more", n=voice.number(stamps))


def chosen(numbers: Sequence[int]) -> list[int]:
    """Some of the numbers, so many as a funnel shows: round ones, and the last."""
    if len(numbers) <= FUNNEL_STEPS_MAX:
        return list(numbers)
    rounds = [n for n in _ROUND if n in numbers and n != numbers[-1]]
    every = -(-len(rounds) // (FUNNEL_STEPS_MAX - 1))
    return [*rounds[::every], numbers[-1]]


class Moved(NamedTuple):
    """Moves between areas (of a rally with one area: spots), and the most frequent ones of spots.

    `between` has the same as `pictured` as a table: names, moves, median minutes.
    """

    by: str
    pictured: Streams
    between: list[tuple[str, str, Moves]]
    spots: list[tuple[str, str, Moves]]


async def _moved(engine: Engine, course: Course, voice: Voice) -> Moved:
    spots = {each.id: voice.name(each.names) for each in course.plan.spots}
    areas = {each.id: voice.name(each.names) for each in course.plan.areas}
    by, names = ("area", areas) if len(areas) > 1 else ("spot", spots)
    by_spot = await read_moves(engine.pool, course, "spot")
    moves = await read_moves(engine.pool, course, "area") if by == "area" else by_spot
    counts = {(each.origin, each.destination): each.moves for each in moves}
    between = _named(moves, names)
    return Moved(by, Streams(names, counts), between, _named(by_spot, spots)[:MOVES_SHOWN_MAX])


def _named(moves: Sequence[Moves], names: Mapping[str, str]) -> list[tuple[str, str, Moves]]:
    return [
        (names[each.origin], names[each.destination], each)
        for each in moves
        if each.origin in names and each.destination in names
    ]


class Refused(NamedTuple):
    """Scans that were refused for a reason: in words, how often, when last, where most."""

    words: str
    refusals: int
    newest: datetime
    spot: str


async def _refused(engine: Engine, course: Course, voice: Voice) -> list[Refused]:
    """The reasons, the most frequent first."""
    by_code: dict[str, list[RefusalCount]] = {}
    for each in await read_refusals(engine.pool, course, *ever(course)):
        by_code.setdefault(each.code, []).append(each)
    refused = [
        Refused(
            voice.say(reason(code)),
            sum(each.refusals for each in rows),
            max(each.newest for each in rows),
            voice.name(course.spots[rows[0].spot].names) if rows[0].spot in course.spots else "",
        )
        for code, rows in by_code.items()
    ]
    return sorted(refused, key=lambda each: -each.refusals)


class Staffed(NamedTuple):
    """The staff's devices: how many, how many of them live, the scans that only they have, and
    those to look after: silent, with scans unsent, or with a wrong clock."""

    devices: int
    live: int
    unsent: int
    trouble: list[Device]


async def _staffed(engine: Engine, course: Course, now: datetime) -> Staffed:
    known = await devices(engine.pool, course.plan.rally)
    live = {one.id for one in known if one.life and now - one.life.seen_at < SILENT}
    trouble = [
        one
        for one in known
        if one.id not in live or (one.life and (one.life.unsent or one.life.skewed))
    ]
    unsent = sum(one.life.unsent for one in known if one.life)
    return Staffed(len(known), len(live), unsent, trouble)
