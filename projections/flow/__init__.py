"""Flow: moves from spot to spot within a day of the rally's time zone, and how long they took.

Which moves there are is a function of the set of a visitor's visits on a day, ordered by their own
times: a late scan that comes between two others replaces one move by two. Moves between areas are
sums over pairs of spots, by the plan of the moment.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import msgspec

import projections.median
from projections.contract import Projection, Stretch, columns
from projections.median import Minutes, coarse, median

Pair = tuple[str, str, str]


class Flow(Projection):
    """`gather.sql` returns changes, which are added to the pairs' rows."""

    async def take(self, connection: asyncpg.Connection, stretches: Sequence[Stretch]) -> None:
        """Add what the stretches hold."""
        changed: dict[Pair, Minutes] = {}
        for stretch in stretches:
            for *pair, minutes, moves in await connection.fetch(self.sql("gather"), *stretch):
                taken = changed.setdefault((pair[0], pair[1], pair[2]), Counter())
                taken[coarse(minutes)] += moves
        if not changed:
            return
        kept = await connection.fetch(self.sql("read_pairs"), *columns(changed))
        for row in kept:
            add(changed[row["rally"], row["origin"], row["destination"]], row["minutes"])
        rows = [_row(pair, minutes) for pair, minutes in changed.items()]
        await connection.execute(self.sql("write"), *columns(rows))


def add(to: Minutes, minutes: str) -> None:
    """Add a row's `minutes` to `to`."""
    for minute, moves in msgspec.json.decode(minutes, type=list[tuple[int, int]]):
        to[minute] += moves


def _row(pair: Pair, minutes: Minutes) -> tuple[str, str, str, int, float, str]:
    taken = [(minute, moves) for minute, moves in sorted(minutes.items()) if moves]
    return (*pair, minutes.total(), median(minutes), msgspec.json.encode(taken).decode())


FLOW = Flow("flow", ["flow"], [Path(str(projections.median.__file__))])
