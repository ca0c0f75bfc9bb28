"""Maps without a map server: an area's spots drawn where they lie, north above.

Dots that would cover each other are pushed apart, so the map shows who is whose neighbour; the way
is the phone's own map's to tell.
"""

from functools import lru_cache
from math import cos, hypot, radians
from typing import NamedTuple

from domain.place import Place, distance_m
from domain.plan import Spot
from service.pages.render import in_app

WIDTH = 100.0
HEIGHT_MIN, HEIGHT_MAX = 32.0, 90.0
RADIUS = 3.4
_MARGIN = RADIUS + 2.0
_ROUNDS = 120
SPOTS_MIN = 2
_BARS_M = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
_BAR_MAX = 34.0
_BAR_HEIGHT = 6.0
"""Room for the bar below the map."""


class Dot(NamedTuple):
    """A spot on a map; `number` is its place in the area's list."""

    spot: str
    number: int
    x: float
    y: float


class Map(NamedTuple):
    """A map, `WIDTH` wide: dots, and a bar that is `bar` long and stands for `bar_m` metres."""

    height: float
    dots: tuple[Dot, ...]
    bar: float
    bar_m: int


def map_of(spots: list[Spot]) -> Map | None:
    """The map of some spots; None if fewer than two of them have a place."""
    placed = tuple(
        (spot.id, number, spot.place)
        for number, spot in enumerate(spots, start=1)
        if spot.place is not None
    )
    return _drawn(placed) if len(placed) >= SPOTS_MIN else None


def way_to(place: Place, user_agent: str) -> str:
    """The address that opens a phone's own map at a place; elsewhere, a map on the web.

    Android's answers to `geo:` (RFC 5870), in real browsers; Apple's to an address of its own.
    """
    at = f"{place.lat},{place.lon}"
    if "iPhone" in user_agent or "iPad" in user_agent:
        return f"https://maps.apple.com/?daddr={at}"
    if "Android" in user_agent and in_app(user_agent) is None:
        return f"geo:{at}?q={at}"
    where = f"mlat={place.lat}&mlon={place.lon}#map=18/{place.lat}/{place.lon}"
    return f"https://www.openstreetmap.org/?{where}"


@lru_cache(maxsize=1_000)
def _drawn(placed: tuple[tuple[str, int, Place], ...]) -> Map:
    middle = sum(place.lat for _, _, place in placed) / len(placed)
    east = [place.lon * cos(radians(middle)) for _, _, place in placed]
    north = [place.lat for _, _, place in placed]
    wide, high = max(east) - min(east) or 1e-6, max(north) - min(north) or 1e-6
    inner = WIDTH - 2 * _MARGIN
    scale = min(inner / wide, (HEIGHT_MAX - 2 * _MARGIN) / high)
    height = max(HEIGHT_MIN, high * scale + 2 * _MARGIN)
    left, top = (WIDTH - wide * scale) / 2, (height - high * scale) / 2
    at = [
        [left + (x - min(east)) * scale, top + (max(north) - y) * scale]
        for x, y in zip(east, north, strict=True)
    ]
    _push_apart(at, height)
    dots = tuple(
        Dot(spot, number, round(x, 2), round(y, 2))
        for (spot, number, _), (x, y) in zip(placed, at, strict=True)
    )
    # Metres a unit: a degree of latitude is `scale` units long.
    metres = distance_m(Place(middle, 0), Place(middle + 0.01, 0)) / (0.01 * scale)
    bar_m = max((m for m in _BARS_M if m / metres <= _BAR_MAX), default=_BARS_M[0])
    return Map(round(height + _BAR_HEIGHT, 2), dots, round(bar_m / metres, 2), bar_m)


def _push_apart(at: list[list[float]], height: float) -> None:
    """Move dots until none covers another one, as little as may be."""
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
