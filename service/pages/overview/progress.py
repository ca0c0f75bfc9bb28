"""The overview's visitors under way: how far they come, and from where to where they go."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from domain.course import Course
from service.charts import Moves as Streams
from service.charts import Step
from service.engine import Engine
from service.figures import Moves, PrizeCount, Reached, read_funnel, read_moves, read_prizes
from service.i18n import Voice

FUNNEL_STEPS_MAX = 8
MOVES_SHOWN_MAX = 10
_ROUND = (1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 50, 75, 100, 150, 200, 300, 500, 1_000)
"""Numbers of stamps that people think in."""


class Completion(NamedTuple):
    """How far visitors come: steps of the funnel, and what became of each prize."""

    steps: list[Step]
    prizes: list[tuple[str, Reached, PrizeCount]]


async def completion(engine: Engine, course: Course, voice: Voice) -> Completion:
    """The funnel and the prizes. Raises BeingRebuilt."""
    funnel = await read_funnel(engine.pool, course)
    counts = {each.prize: each for each in await read_prizes(engine.pool, course)}
    least = {step.stamps: step.visitors for step in funnel.at_least}
    return Completion(
        [Step(_at_least(voice, stamps), least[stamps]) for stamps in chosen(list(least))],
        [
            (voice.name(course.prizes[each.prize].names), each, counts[each.prize])
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


async def moved(engine: Engine, course: Course, voice: Voice) -> Moved:
    """The moves of a rally. Raises BeingRebuilt."""
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
