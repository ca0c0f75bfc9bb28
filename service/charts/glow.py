"""A map that glows: halos over groups of places, the brighter the more; no place by itself."""

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from domain.place import Place
from service.charts.marks import element, nothing, picture
from service.i18n import Voice
from service.layout import WIDTH, Layout, Point, layout

LEVELS = 4
_HALO_MIN, _HALO_ROOM = 9.0, 5.0
_NAME_BELOW = 1.0


class Halo(NamedTuple):
    """A group of places: its name, and how bright it is, from 0 (dark) to `LEVELS`."""

    name: str
    places: Sequence[Place]
    level: int


def glow_map(voice: Voice, name: str, title: str, halos: Sequence[Halo]) -> Markup:
    """Dots where the places lie, all alike, and a halo over each group. Names stand at the bright.

    Groups far off from the others are at the edge.
    """
    halos = [halo for halo in halos if halo.places]
    if not halos:
        return nothing(voice, "glow-map", name, title)
    sheet = layout(tuple(place for halo in halos for place in halo.places), cut=True)
    groups = list(_groups(halos, sheet))
    inside = [
        _light(name),
        *(_halo(name, halo, points) for halo, points in groups),
        *(element("circle", cx=x, cy=y, r=0.55, class_="dot") for x, y, _ in sheet.points),
        *(_name(halo, points) for halo, points in groups if halo.level),
    ]
    bright = [halo.name for halo in sorted(halos, key=lambda halo: -halo.level) if halo.level]
    says = voice.say("Most visits of late: {areas}", areas=", ".join(bright) or "–")
    view = f"0 0 {WIDTH:g} {sheet.height:g}"
    return picture("glow-map", name, title, says, inside, viewBox=view)


def _groups(halos: Sequence[Halo], sheet: Layout) -> list[tuple[Halo, Sequence[Point]]]:
    groups: list[tuple[Halo, Sequence[Point]]] = []
    begins = 0
    for halo in halos:
        ends = begins + len(halo.places)
        groups.append((halo, sheet.points[begins:ends]))
        begins = ends
    return groups


def _light(name: str) -> Markup:
    stops = [
        element("stop", offset=offset, class_=f"light l{number}")
        for number, offset in enumerate((0, 0.45, 1))
    ]
    return element("defs", element("radialGradient", *stops, id=f"{name}-light"))


def _middle(points: Sequence[Point]) -> tuple[float, float]:
    return (
        sum(point.x for point in points) / len(points),
        sum(point.y for point in points) / len(points),
    )


def _halo(name: str, halo: Halo, points: Sequence[Point]) -> Markup:
    x, y = _middle(points)
    away = max(max(abs(point.x - x), abs(point.y - y)) for point in points)
    radius = max(away + _HALO_ROOM, _HALO_MIN)
    circle = element("circle", cx=x, cy=y, r=radius, fill=f"url(#{name}-light)")
    return element("g", circle, class_=f"halo g{halo.level}")


def _name(halo: Halo, points: Sequence[Point]) -> Markup:
    x, _ = _middle(points)
    below = max(point.y for point in points) + 3.4 + _NAME_BELOW
    half = len(halo.name) * 1.4
    return element("text", halo.name, x=min(max(x, half), WIDTH - half), y=below)
