"""What is dear to work out and may be a little old: worked out anew only now and then."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from service.memory import remember

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Remembers a value for each key, for so many seconds; one is worked out at a time."""

    def __init__(self, seconds: float, timer: Callable[[], float]) -> None:
        self._seconds = seconds
        self._timer = timer
        self._known: dict[K, tuple[float, V]] = {}
        self._working = asyncio.Lock()

    async def get(self, key: K, make: Callable[[], Awaitable[V]]) -> V:
        """The value of `key`, made by `make` if there is none that is recent."""
        async with self._working:
            known = self._known.get(key)
            if known is None or known[0] <= self._timer():
                known = self._timer() + self._seconds, await make()
                remember(self._known, key, known)
            return known[1]
