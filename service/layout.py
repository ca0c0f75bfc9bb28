"""Places on a sheet: where they lie to each other, north above, without a map server.

Marks that would cover each other are pushed apart, so the sheet shows who is whose neighbour.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import cos, hypot, radians
from statistics import median
from typing import NamedTuple

from domain.place import Place, distance_m

WIDTH = 100.0
HEIGHT_MIN, HEIGHT_MAX = 32.0, 90.0
RADIUS = 3.4
_MARGIN = RADIUS + 2.0
_ROUNDS = 120
_PUSHED_MAX = 150
"""With more marks than these each lies where it lies: pushing looks at all pairs."""
_BARS_M = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
_BAR_MAX = 34.0
_BAR_HEIGHT = 6.0
"""Room for the bar below the map."""
_NEAR_SHARE, _FAR_TIMES, _NEAR_MIN = 0.75, 1.8, 6
"""What is farther from the middle than so many times the distance within which this share of the
places lies, is far off; if there are enough near ones to be worth a map."""


class Point(NamedTuple):
    """Where a place is on the sheet; `far`: it lies beyond the edge, in that direction."""

    x: float
    y: float
    far: bool


class Layout(NamedTuple):
    """A sheet, `WIDTH` wide: a point for each place, and a bar that is `bar` long and stands for
    `bar_m` metres."""

    height: float
    points: tuple[Point, ...]
    bar: float
    bar_m: int


@lru_cache(maxsize=1_000)
def layout(places: tuple[Place, ...], *, cut: bool = False) -> Layout:
    """Some places (at least one) on a sheet.

    `cut`: places far off from the others are put at the edge, so that the others have room.
    """
    middle = sum(place.lat for place in places) / len(places)
    east = [place.lon * cos(radians(middle)) for place in places]
    north = [place.lat for place in places]
    near = _near(east, north) if cut else range(len(places))
    west, south = min(east[n] for n in near), min(north[n] for n in near)
    wide = max(east[n] for n in near) - west or 1e-6
    high = max(north[n] for n in near) - south or 1e-6
    scale = min((WIDTH - 2 * _MARGIN) / wide, (HEIGHT_MAX - 2 * _MARGIN) / high)
    height = max(HEIGHT_MIN, high * scale + 2 * _MARGIN)
    left, top = (WIDTH - wide * scale) / 2, (height - high * scale) / 2
    at = [
        [left + (x - west) * scale, top + (south + high - y) * scale]
        for x, y in zip(east, north, strict=True)
    ]
    far = set(range(len(places))) - set(near)
    for n in far:
        at[n] = _at_edge(at[n], height)
    if len(at) <= _PUSHED_MAX:
        _push_apart(at, height)
    points = tuple(Point(round(x, 2), round(y, 2), n in far) for n, (x, y) in enumerate(at))
    # Metres a unit: a degree of latitude is `scale` units long.
    metres = distance_m(Place(middle, 0), Place(middle + 0.01, 0)) / (0.01 * scale)
    bar_m = max((m for m in _BARS_M if m / metres <= _BAR_MAX), default=_BARS_M[0])
    return Layout(round(height + _BAR_HEIGHT, 2), points, round(bar_m / metres, 2), bar_m)


def _near(east: Sequence[float], north: Sequence[float]) -> Sequence[int]:
    """The places that are not far off."""
    x, y = median(east), median(north)
    away = [hypot(a - x, b - y) for a, b in zip(east, north, strict=True)]
    limit = _FAR_TIMES * sorted(away)[int(_NEAR_SHARE * (len(away) - 1))]
    near = [n for n, distance in enumerate(away) if distance <= limit]
    return near if len(near) >= _NEAR_MIN else range(len(away))


def _at_edge(at: list[float], height: float) -> list[float]:
    """Where the way from the sheet's middle to a point beyond it crosses the edge."""
    dx, dy = at[0] - WIDTH / 2, at[1] - height / 2
    beyond = max(abs(dx) / (WIDTH / 2 - _MARGIN), abs(dy) / (height / 2 - _MARGIN), 1.0)
    return [WIDTH / 2 + dx / beyond, height / 2 + dy / beyond]


def _push_apart(at: list[list[float]], height: float) -> None:
    """Move marks until none covers another one, as little as may be."""
    apart = 2 * RADIUS + 0.6
    for _ in range(_ROUNDS):
        moved = False
        for i, one in enumerate(at):
            for j, other in enumerate(at[:i]):
                dx, dy = one[0] - other[0], one[1] - other[1]
                length = hypot(dx, dy)
                if length >= apart:
                    continue
                if length < 1e-6:  # at one address: side by side, always the same way
                    dx, dy, length = 1.0, 0.1 * (i - j), 1.0
                push = (apart - hypot(one[0] - other[0], one[1] - other[1])) / 2 / length
                one[0], one[1] = one[0] + dx * push, one[1] + dy * push
                other[0], other[1] = other[0] - dx * push, other[1] - dy * push
                moved = True
        for one in at:
            one[0] = min(max(one[0], _MARGIN), WIDTH - _MARGIN)
            one[1] = min(max(one[1], _MARGIN), height - _MARGIN)
        if not moved:
            return
