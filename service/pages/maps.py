"""Maps without a map server: an area's spots drawn where they lie, north above.

The way is the phone's own map's to tell.
"""

from typing import NamedTuple

from domain.place import Place
from domain.plan import Spot
from service.layout import layout
from service.pages.render import in_app

SPOTS_MIN = 2


class Dot(NamedTuple):
    """A spot on a map; `number` is its place in the area's list."""

    spot: str
    number: int
    x: float
    y: float


class Map(NamedTuple):
    """A map, as wide as a sheet: dots, and a bar that is `bar` long and stands for `bar_m`
    metres."""

    height: float
    dots: tuple[Dot, ...]
    bar: float
    bar_m: int


def map_of(spots: list[Spot]) -> Map | None:
    """The map of some spots; None if fewer than two of them have a place."""
    placed = [
        (spot.id, number, spot.place)
        for number, spot in enumerate(spots, start=1)
        if spot.place is not None
    ]
    if len(placed) < SPOTS_MIN:
        return None
    sheet = layout(tuple(place for _, _, place in placed))
    dots = tuple(
        Dot(spot, number, point.x, point.y)
        for (spot, number, _), point in zip(placed, sheet.points, strict=True)
    )
    return Map(sheet.height, dots, sheet.bar, sheet.bar_m)


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
