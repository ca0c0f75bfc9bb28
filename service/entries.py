"""How many take part in each draw, for everybody who looks at a card: asked once in a while."""

from collections.abc import Callable

import asyncpg
import structlog

from domain.course import Course
from service.figures import read_prizes

log = structlog.get_logger()
GOOD_FOR_S = 60.0
"""A number that is a minute old is as good to whoever wonders about the odds."""


class Entries:
    """The entries of each prize, remembered for a minute for each rally."""

    def __init__(self, pool: asyncpg.Pool, clock: Callable[[], float]) -> None:
        self._pool = pool
        self._clock = clock
        self._known: dict[str, tuple[float, dict[str, int]]] = {}

    async def of(self, course: Course) -> dict[str, int]:
        """Entries by prize; those known last where the figures cannot be read."""
        rally, now = course.plan.rally, self._clock()
        at, counts = self._known.get(rally, (now - GOOD_FOR_S, {}))
        if now - at >= GOOD_FOR_S:
            self._known[rally] = now, counts  # whoever comes meanwhile need not ask, too
            try:
                prizes = await read_prizes(self._pool, course)
            except Exception as error:  # a card is shown all the same
                log.warning("entries_unknown", error=error)
                return counts
            counts = {each.prize: each.entries for each in prizes}
            self._known[rally] = now, counts
        return counts
