"""Memories: what was verified or worked out once, and is asked for again and again in a burst."""

from typing import TypeVar

REMEMBERED_MAX = 50_000
"""Entries a memory holds at most; when full it is emptied and fills anew."""

K = TypeVar("K")
V = TypeVar("V")


def remember(memory: dict[K, V], key: K, value: V) -> None:
    """Keep `value`; whoever owns the memory empties it when its ground changes."""
    if len(memory) >= REMEMBERED_MAX:
        memory.clear()
    memory[key] = value
