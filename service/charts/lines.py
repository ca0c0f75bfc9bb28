"""Values over time, several series: told apart by colour, dash and marker."""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from markupsafe import Markup

from service.charts.marks import WIDE_PX, element, fits, nothing, percent, picture
from service.i18n import Voice

SERIES_MAX = 6
POINTS_MAX = 370
"""Of each series; of longer ones, one point in so many is shown: the highest."""
_MARKED_MAX = 40
"""With more points, markers stand at the last one alone."""
_LEFT, _RIGHT, _TOP, _FOOT = 1.5, 98.5, 12.0, 74.0
_LABELS, _LEGEND, _LEGEND_LINE = 80.0, 90.0, 7.5
_LEGEND_COLUMNS = 3
_MARKERS = (
    "M-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z",
    "M-3-3H3V3H-3z",
    "M0-4L4 3H-4z",
    "M0-4L4 0L0 4L-4 0z",
    "M0 4L4-3H-4z",
    "M-4-1H-1V-4H1V-1H4V1H1V4H-1V1H-4z",
)


class Series(NamedTuple):
    """A line: its name, and a value for each label; None where there is none: the line breaks."""

    name: str
    values: Sequence[float | None]


def lines(
    voice: Voice,
    name: str,
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    now: int | None = None,
) -> Markup:
    """Lines over equal steps with `labels`; `now` is the index of the current one.

    Each series has as many values as there are labels. Its name stands in a legend below the lines.
    """
    series = series[:SERIES_MAX]
    known = [value for each in series for value in each.values if value is not None]
    if not known:
        return nothing(voice, "lines", name, title)
    most, step = max(*known, 1e-9), -(-len(labels) // POINTS_MAX)
    inside = [*_frame(voice, labels, most)]
    if now is not None and 0 <= now < len(labels):
        inside.append(_upright(now, len(labels)))
    for number, each in enumerate(series):
        inside.append(_line(number, _points(each.values, step, most)))
    inside += [_legend(number, each.name, len(series)) for number, each in enumerate(series)]
    return picture("lines", name, title, _says(voice, labels, series), inside)


def _says(voice: Voice, labels: Sequence[str], series: Sequence[Series]) -> str:
    told = []
    for each in series:
        known = [(value, at) for at, value in enumerate(each.values) if value is not None]
        if known:
            value, at = max(known, key=lambda pair: (pair[0], -pair[1]))
            said = {"name": each.name, "most": voice.number(value), "at": labels[at]}
            told.append(voice.say("{name}: the most {most} ({at})", **said))
    return "; ".join(told)


def _x(at: int, steps: int) -> float:
    return _LEFT + (_RIGHT - _LEFT) * (at / (steps - 1) if steps > 1 else 0.5)


def _y(value: float, most: float) -> float:
    return _FOOT - (_FOOT - _TOP) * max(value, 0) / most


def _points(
    values: Sequence[float | None], step: int, most: float
) -> list[tuple[float, float] | None]:
    """Where the line goes, in percent; None where it breaks."""
    points: list[tuple[float, float] | None] = []
    for start in range(0, len(values), step):
        stretch = [
            (v, start + n) for n, v in enumerate(values[start : start + step]) if v is not None
        ]
        value, at = max(stretch, default=(None, 0))
        points.append(None if value is None else (_x(at, len(values)), _y(value, most)))
    return points


def _line(number: int, points: Sequence[tuple[float, float] | None]) -> Markup:
    """The line, stretched to the picture's size, and its markers, which are not."""
    path, known = "", [point for point in points if point]
    for there, run in groupby(points, bool):
        if there:
            path += "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in filter(None, run))
    stretched = element("path", d=path)
    plot = element("svg", stretched, viewBox="0 0 100 100", preserveAspectRatio="none")
    marked = known if len(known) <= _MARKED_MAX else known[-1:]
    marks = [_marker(number, percent(x), percent(y)) for x, y in marked]
    return element("g", plot, *marks, class_=f"series c{number}")


def _marker(number: int, x: str, y: str) -> Markup:
    return element(
        "svg", element("path", d=_MARKERS[number], class_="marker"), x=x, y=y, overflow="visible"
    )


def _upright(now: int, steps: int) -> Markup:
    x = percent(_x(now, steps))
    return element("line", class_="now", x1=x, x2=x, y1=percent(_TOP), y2=percent(_FOOT))


def _frame(voice: Voice, labels: Sequence[str], most: float) -> list[Markup]:
    letters = max(map(len, labels))
    first = voice.number(round(most, 1))
    return [
        element("line", class_="grid", x1=0, x2="100%", y1=percent(_TOP), y2=percent(_TOP)),
        element("text", first, class_="most", x=0, y=percent(_TOP), dy="-.4em"),
        element("line", class_="axis", x1=0, x2="100%", y1=percent(_FOOT), y2=percent(_FOOT)),
        *(
            element("text", labels[at], class_=f"label {side}", x=percent(x), y=percent(_LABELS))
            for at, x, side in _labelled(len(labels), letters)
        ),
    ]


def _labelled(steps: int, letters: int) -> list[tuple[int, float, str]]:
    """Which labels are shown, where, and how: the first, the last, and some between on a desk."""
    shown = next(n for n in (7, 5, 3, 2) if n == 2 or (fits(n, letters, WIDE_PX) and n <= steps))
    at = sorted({round(n * (steps - 1) / (shown - 1)) for n in range(shown)})
    sides = {at[-1]: "last", at[0]: "first"}
    return [(each, _x(each, steps), sides.get(each, "wide")) for each in at]


def _legend(number: int, text: str, of: int) -> Markup:
    """The series' name below the lines, with a piece of its line."""
    row, column = divmod(number, _LEGEND_COLUMNS)
    x = percent(100 * column / min(of, _LEGEND_COLUMNS))
    y = percent(_LEGEND + _LEGEND_LINE * row)
    inside = [
        element("path", d="M0 0H26"),
        element("path", d=_MARKERS[number], class_="marker", transform="translate(13 0)"),
        element("text", text, x=33, y=0, dy=".35em"),
    ]
    key = element("svg", *inside, x=x, y=y, overflow="visible")
    return element("g", key, class_=f"series key c{number}")
