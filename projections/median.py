"""Medians of counted minutes, from how many took how long.

Exact up to an hour, then in steps of 5 minutes to 3 hours, of 15 to a day, of 60 beyond: nobody
asks for the minute there, and a few hundred counts say it all.
"""

from collections import Counter

Minutes = Counter[int]
"""How many took how many whole minutes."""


_STEPS = ((60, 1), (180, 5), (1_440, 15))


def coarse(minutes: int) -> int:
    """So many minutes as they are counted: rounded down to the step of their size."""
    for until, step in _STEPS:
        if minutes < until:
            return minutes - minutes % step
    return minutes - minutes % 60


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
