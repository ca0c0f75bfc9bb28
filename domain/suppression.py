"""How counts are published so that nobody's visit can be worked out, whatever is subtracted.

A count is taken once, gets a secret error once, and is forgotten: whatever is published (counts,
totals, tables that share their visits) is made of these *blurred* counts alone. What is shown of
one is rounded to `STEP`, and what would be less than `LEAST` is not shown.

The error is the difference of two runs: how often in a row a coin falls on the side that it has
`spread` of `spread + 1` times. So an error one larger or smaller is at most 1 + 1/spread times
likelier, and with it whatever is published: that is so for every count that a visit is in, and
with the rest of the world known. All of them together are the product (`odds`), and nothing that
is worked out from what is published, differences of tables too, can tell more (differential
privacy, Dwork and others 2006; the two-sided geometric error, Ghosh and others 2009).

It holds for one publication. Of another one of the same visits the errors would be new, and two of
them tell more than one; with the same errors, a difference would be exact. So there is one.
"""

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from math import ceil, log, sqrt
from typing import TypeVar

from msgspec import Struct

STEP, LEAST = 5, 10
"""Figures are shown in such steps, from such a one on."""
Cell = TypeVar("Cell")
Below = Callable[[int], int]
"""A secret random number from 0 to one below the one that is given."""


class Measure(Struct, frozen=True):
    """Counts of one kind, each visit in few of them.

    `touches`: by how much all of them together change at most when one visit is there or not.
    `spread`: how wide their errors are, if that were 1.
    """

    spread: int
    touches: int = 1

    @property
    def width(self) -> int:
        """How wide their errors are."""
        return self.spread * self.touches

    @property
    def odds(self) -> Fraction:
        """How many times likelier than without it a publication of these counts is with a visit."""
        return (1 + Fraction(1, self.width)) ** self.touches

    def margin(self, cells: int = 1) -> int:
        """How far from the truth the shown sum of so many counts is at most, 19 times of 20: the
        error's standard deviation, times what an exponential one takes for that, and rounding."""
        deviation = sqrt(cells * 2 * self.width * (self.width + 1))
        return ceil(deviation * log(20) / sqrt(2)) + STEP // 2


def blur(
    measure: Measure, counts: Mapping[Cell, int], cells: Iterable[Cell], below: Below
) -> dict[Cell, int]:
    """Each of `cells` with its count and an error. Which cells there are must not depend on who
    came: a cell that is there only because of a visit would tell of it."""
    return {cell: counts.get(cell, 0) + error(measure.width, below) for cell in cells}


def error(width: int, below: Below) -> int:
    """A whole number around 0; one that is farther off by 1 is width / (width + 1) as likely."""
    return _run(width, below) - _run(width, below)


def _run(width: int, below: Below) -> int:
    run = 0
    while below(width + 1) < width:
        run += 1
    return run


def shown(blurred: int) -> int | None:
    """What is shown of a blurred count, or of a sum of some: None for little or nothing."""
    rounded = (2 * blurred + STEP) // (2 * STEP) * STEP
    return rounded if rounded >= LEAST else None


def odds_of(measures: Iterable[Measure]) -> Fraction:
    """How many times likelier than without it a publication of all of them is with a visit."""
    together = Fraction(1)
    for measure in measures:
        together *= measure.odds
    return together


OTHERS_MIN = 5
"""Of so many others, at least, an average is told to one of them."""


def average_of_others(others: Iterable[int]) -> int | None:
    """The average that one of a group is told of the rest; who knows its own figure could take it
    out of an average of all, so it is not in there. None where it would tell of a single one: fewer
    than `OTHERS_MIN` have any, or one of them has half of it or more (minimum frequency,
    dominance)."""
    known = [count for count in others if count > 0]
    if len(known) < OTHERS_MIN or 2 * max(known) >= sum(known):
        return None
    return round(sum(known) / len(known))
