"""Projections that count: SQL groups each stretch, the groups are added up and written once."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import asyncpg

from projections.contract import Projection, Stretch, columns

Key = tuple[Any, ...]


class Counting(Projection):
    """`gather.sql` returns a key of so many columns and then counts; `write.sql` adds them.

    A sum does not depend on how a log was cut into stretches, nor on their order.
    """

    def __init__(self, name: str, keys: int) -> None:
        super().__init__(name, [name], [Path(__file__)])
        self._keys = keys

    async def take(self, connection: asyncpg.Connection, stretches: Sequence[Stretch]) -> None:
        """Add what the stretches hold."""
        merged: dict[Key, list[int]] = {}
        for stretch in stretches:
            add(merged, await connection.fetch(self.sql("gather"), *stretch), self._keys)
        if merged:
            rows = [(*key, *counts) for key, counts in merged.items()]
            await connection.execute(self.sql("write"), *columns(rows))


def add(merged: dict[Key, list[int]], rows: Iterable[Any], keys: int) -> None:
    """Add gathered rows to `merged`: their first `keys` columns name a row, the rest are counts."""
    for row in rows:
        values = tuple(row)
        counts = merged.setdefault(values[:keys], [0] * (len(values) - keys))
        for index, count in enumerate(values[keys:]):
            counts[index] += count
