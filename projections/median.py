"""Medians of counted minutes: exact, from how many took how long."""

from collections import Counter

Minutes = Counter[int]
"""How many took how many whole minutes."""


def median(minutes: Minutes) -> float:
    """The median: half took at most, half at least so long; 0 of none.

    Of an even number, the mean of the two in the middle.
    """
    total = minutes.total()
    lower: int | None = None
    passed = 0
    for minute in sorted(minutes):
        passed += minutes[minute]
        if lower is None and 2 * passed >= total:
            lower = minute
        if lower is not None and 2 * passed > total:
            return (lower + minute) / 2
    return 0.0
