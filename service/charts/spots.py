"""A map of spots: a circle where each lies, the larger the more."""

from collections.abc import Iterator, Sequence
from math import sqrt
from typing import NamedTuple

from markupsafe import Markup

from domain.place import Place
from service.charts.marks import element, nothing, picture
from service.i18n import Voice
from service.layout import RADIUS, WIDTH, Layout, Point, layout

_RADIUS_MAX, _RADIUS_MIN = RADIUS * 1.35, 0.7
_NAMED_MAX = 8
_LETTER, _LINE = 2.7, 3.6
"""A letter's width and a line's height, as units of the sheet, at most."""


class At(NamedTuple):
    """A spot with a place: its name, and the value that its circle stands for."""

    name: str
    place: Place
    value: int


def spot_map(voice: Voice, name: str, title: str, spots: Sequence[At], classes: str = "") -> Markup:
    """Circles whose areas are as the values; the largest have their names, if there is room.

    Spots far off from the others stand at the edge, dashed. `classes` are added to the picture's.
    """
    if not spots:
        return nothing(voice, "spot-map", name, title)
    sheet = layout(tuple(spot.place for spot in spots), cut=True)
    most = max(max(spot.value for spot in spots), 1)
    marks = list(zip(spots, sheet.points, strict=True))
    by_size = sorted(marks, key=lambda mark: -mark[0].value)  # the small ones above the large
    inside = [
        *(_circle(voice, spot, point, most) for spot, point in by_size),
        *_names([mark for mark in by_size if mark[0].value], most),
        _scale(voice, sheet),
    ]
    return picture(
        f"spot-map {classes}".rstrip(),
        name,
        title,
        _says(voice, [spot for spot, _ in by_size]),
        inside,
        viewBox=f"0 0 {WIDTH:g} {sheet.height:g}",
    )


def _says(voice: Voice, by_size: Sequence[At]) -> str:
    largest = [f"{spot.name} ({voice.number(spot.value)})" for spot in by_size[:3] if spot.value]
    return voice.say("The most: {spots}", spots=", ".join(largest) or "–")


def _radius(value: int, most: int) -> float:
    return max(_RADIUS_MAX * sqrt(value / most), _RADIUS_MIN)


def _circle(voice: Voice, spot: At, point: Point, most: int) -> Markup:
    title = element("title", f"{spot.name}: {voice.number(spot.value)}")
    circle = element("circle", cx=point.x, cy=point.y, r=_radius(spot.value, most))
    kinds = ["spot", *(["far"] if point.far else []), *([] if spot.value else ["zero"])]
    return element("g", title, circle, class_=" ".join(kinds))


def _names(by_size: Sequence[tuple[At, Point]], most: int) -> Iterator[Markup]:
    """The names of the largest, each where it covers no other one."""
    taken: list[tuple[float, float, float, float]] = []
    for spot, point in by_size:
        half = _width(spot.name) / 2
        x = min(max(point.x, half + 0.5), WIDTH - half - 0.5)
        below = point.y + _radius(spot.value, most) + 2.9
        for y in (below, point.y - _radius(spot.value, most) - 1.0):
            box = (x - half, y - _LINE, x + half, y + 1.0)
            if y > _LINE and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                yield element("text", spot.name, x=x, y=y)
                break
        if len(taken) == _NAMED_MAX:
            return


def _width(text: str) -> float:
    """How wide a text is, about: Japanese letters are twice as wide as Latin ones."""
    return sum(_LETTER if letter > "\u2e80" else _LETTER * 0.58 for letter in text)


def _overlap(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _scale(voice: Voice, sheet: Layout) -> Markup:
    bar = element("path", d=f"M2 {sheet.height - 3.5:g}v1.5h{sheet.bar:g}v-1.5")
    words = element("text", voice.distance(sheet.bar_m), x=3, y=sheet.height - 4)
    return element("g", bar, words, class_="scale")
