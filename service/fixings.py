"""How far the fixing of a rally's entries has come that is under way in this process."""

import asyncio
from dataclasses import dataclass


@dataclass
class Fixing:
    """So many cards are to be read, so many were; `failed` says by a code why it did not end well.

    It needs no memory: whoever finds that it was cut short begins it again.
    """

    cards: int
    read: int = 0
    failed: str | None = None
    task: asyncio.Task[None] | None = None

    @property
    def under_way(self) -> bool:
        return self.task is not None and not self.task.done()

    def advanced(self, cards: int) -> None:
        """So many more cards were read."""
        self.read += cards
