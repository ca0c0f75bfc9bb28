"""A beat that many wait for at once."""

import asyncio


class Pulse:
    """Wakes everybody who waits for the next beat."""

    def __init__(self) -> None:
        self._coming = asyncio.Event()

    def beat(self) -> None:
        """Wake all."""
        self._coming.set()
        self._coming = asyncio.Event()

    def coming(self) -> asyncio.Event:
        """The beat to come: asked for before looking, so that none is missed while one looks."""
        return self._coming
