"""How many take part in each draw, for everybody who looks at a card: asked once in a while."""

from collections.abc import Callable

import asyncpg

from domain.course import Course
from service.failures import BeingRebuilt
from service.figures import read_prizes

GOOD_FOR_S = 60.0
"""A number that is a minute old is as good to whoever wonders about the odds."""


class Entries:
    """The entries of each prize, remembered for a minute for each rally."""

    def __init__(self, pool: asyncpg.Pool, clock: Callable[[], float]) -> None:
        self._pool = pool
        self._clock = clock
        self._known: dict[str, tuple[float, dict[str, int]]] = {}

    async def of(self, course: Course) -> dict[str, int]:
        """Entries by prize; none while the figures are being rebuilt."""
        rally, now = course.plan.rally, self._clock()
        at, counts = self._known.get(rally, (now - GOOD_FOR_S, {}))
        if now - at >= GOOD_FOR_S:
            self._known[rally] = now, counts  # whoever comes meanwhile need not ask, too
            try:
                prizes = await read_prizes(self._pool, course)
            except BeingRebuilt:
                return {}
            counts = {each.prize: each.entries for each in prizes}
            self._known[rally] = now, counts
        return counts
