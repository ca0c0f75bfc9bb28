"""Rate limits: so many a window for each visitor, and so many bad attempts for each address.

A crowd behind one mobile-carrier address is welcome: an address is held back only for what no
crowd does, which is showing codes and tokens that do not verify. Counts are kept in memory, for
one window at a time, so they cost nothing and forget by themselves.
"""

from collections.abc import Callable

from service.failures import TooMany


class Limit:
    """At most `most` times in `window_s` for each key. `clock` counts seconds, monotonic."""

    def __init__(self, most: int, window_s: float, clock: Callable[[], float]) -> None:
        self._most = most
        self._window_s = window_s
        self._clock = clock
        self._ends = clock() + window_s
        self._counts: dict[object, int] = {}

    def count(self, key: object) -> None:
        """One more time for `key`. Raises TooMany past the limit."""
        self._turn()
        count = self._counts.get(key, 0) + 1
        self._counts[key] = count
        if count > self._most:
            self._refuse()

    def check(self, key: object) -> None:
        """Raise TooMany if `key` has reached the limit, without counting."""
        if self._counts:
            self._turn()
            if self._counts.get(key, 0) >= self._most:
                self._refuse()

    def _turn(self) -> None:
        now = self._clock()
        if now >= self._ends:
            self._counts = {}
            self._ends = now + self._window_s

    def _refuse(self) -> None:
        raise TooMany(max(1, round(self._ends - self._clock())))
