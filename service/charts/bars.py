"""Bars over equal steps, such as hours or days."""

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from service.charts.marks import (
    NARROW_PX,
    WIDE_PX,
    element,
    fits,
    hatched,
    hatchings,
    nothing,
    percent,
    picture,
)
from service.i18n import Voice

BARS_MAX = 120
"""The last ones are shown: more would be thinner than a pixel on a phone."""
_TOP, _FOOT, _LABELS = 12.0, 79.0, 90.0
"""In percent of the height: of the highest bar, of all, and of the labels' middle."""
_STEPS = (1, 2, 7, 14, 28, 56)
"""Each label, each second, one a week, …"""


class Bar(NamedTuple):
    """A step: its label below (short), its value, its whole name, and the value to compare with.

    `beside` None: there is nothing to compare with at this step.
    """

    label: str
    value: float
    name: str
    beside: float | None = None


class _Frame(NamedTuple):
    """What the bars of a picture share.

    `step` is in percent of the width; `pair`: two series; `numbers`: how values are shown (as
    `_class` says); each `every`-th step has its label, on a phone each second one of them, if
    `crowded`.
    """

    name: str
    most: float
    now: int
    step: float
    pair: bool
    numbers: str | None
    every: int
    crowded: bool

    def y(self, value: float) -> float:
        """How far below the top a value is, in percent of the height."""
        return _FOOT - (_FOOT - _TOP) * value / self.most


def bars(
    voice: Voice,
    name: str,
    title: str,
    items: Sequence[Bar],
    now: int | None = None,
    average: float | None = None,
) -> Markup:
    """Bars of one series, or of two side by side (`beside`, hatched, such as yesterday's).

    `now` is the index of the current step, `average` a thin line across.
    """
    left_out = max(len(items) - BARS_MAX, 0)
    shown = items[left_out:]
    if not shown:
        return nothing(voice, "bars", name, title)
    frame = _frame(voice, name, shown, -1 if now is None else now - left_out, average or 0)
    inside = [hatchings(name), *_grid(), *(_bar(voice, frame, *each) for each in enumerate(shown))]
    if average is not None:
        inside.append(_average(voice, frame, average))
    inside.append(element("line", class_="axis", x1=0, x2="100%", y1="79%", y2="79%"))
    return picture("bars", name, title, _says(voice, shown), inside)


def _frame(voice: Voice, name: str, shown: Sequence[Bar], now: int, average: float) -> _Frame:
    letters = max(len(bar.label) for bar in shown)
    every = next((s for s in _STEPS if fits(-(-len(shown) // s), letters, WIDE_PX)), _STEPS[-1])
    return _Frame(
        name,
        max(*(max(bar.value, bar.beside or 0) for bar in shown), average, 1e-9),
        now,
        100 / len(shown),
        any(bar.beside is not None for bar in shown),
        _class(len(shown), max(len(voice.number(bar.value)) for bar in shown)),
        every,
        not fits(-(-len(shown) // every), letters, NARROW_PX),
    )


def _class(texts: int, letters: int) -> str | None:
    """How so many texts are shown: always, on a desk only (`wide`), or (None) never."""
    if fits(texts, letters, NARROW_PX):
        return ""
    return "wide" if fits(texts, letters, WIDE_PX) else None


def _says(voice: Voice, shown: Sequence[Bar]) -> str:
    highest = max(shown, key=lambda bar: bar.value)
    return voice.say(
        "{total} in all; the most: {name} ({most}).",
        total=voice.number(sum(bar.value for bar in shown)),
        name=highest.name,
        most=voice.number(highest.value),
    )


def _grid() -> list[Markup]:
    heights = [percent(_TOP + (_FOOT - _TOP) * part / 2) for part in range(2)]
    return [element("line", class_="grid", x1=0, x2="100%", y1=y, y2=y) for y in heights]


def _average(voice: Voice, frame: _Frame, average: float) -> Markup:
    y, value = percent(frame.y(average)), voice.number(round(average, 1))
    line = element("line", x1=0, x2="100%", y1=y, y2=y)
    said = element("title", voice.say("On average {n}", n=value))
    mark = element("text", f"⌀ {value}", x="100%", y=y, dy="-.4em")
    return element("g", said, line, mark, class_="average")


def _bar(voice: Voice, frame: _Frame, at: int, bar: Bar) -> Markup:
    left, width = at * frame.step, (0.38 if frame.pair else 0.72) * frame.step
    parts = [
        element("title", _told(voice, bar)),
        element("rect", class_="hit", x=percent(left), width=percent(frame.step), height="100%"),
    ]
    if bar.beside:
        before = _rect(frame, left + 0.11 * frame.step, width, bar.beside)
        parts.append(element("rect", class_="before", **before))
        parts.append(element("rect", fill=hatched(frame.name, 1), **before))
    if bar.value:
        left += (0.51 if frame.pair else 0.14) * frame.step
        parts.append(element("rect", class_="value", **_rect(frame, left, width, bar.value)))
    parts += _texts(voice, frame, at, bar)
    return element("g", *parts, class_="bar now" if at == frame.now else "bar")


def _told(voice: Voice, bar: Bar) -> str:
    value = voice.number(bar.value)
    if bar.beside is None:
        return f"{bar.name}: {value}"
    return f"{bar.name}: {value} ({voice.number(bar.beside)})"


def _rect(frame: _Frame, left: float, width: float, value: float) -> dict[str, object]:
    y = frame.y(value)
    place = {"x": left, "width": width, "y": y, "height": _FOOT - y}
    return {**{side: percent(length) for side, length in place.items()}, "rx": 2}


def _texts(voice: Voice, frame: _Frame, at: int, bar: Bar) -> list[Markup]:
    """The value above the bar and the label below it, where there is room."""
    middle, texts = percent((at + 0.5) * frame.step), []
    if bar.value and frame.numbers is not None:
        highest = max(bar.value, bar.beside or 0)
        place = {"x": middle, "y": percent(frame.y(highest) - 2.5)}
        texts.append(
            element("text", voice.number(bar.value), class_=f"number {frame.numbers}", **place)
        )
    label = _label(frame, at)
    if label is not None:
        place = {"x": middle, "y": percent(_LABELS)}
        texts.append(element("text", bar.label, class_=f"label {label}", **place))
    return texts


def _label(frame: _Frame, at: int) -> str | None:
    """How a step's label is shown. The current one always is; its neighbours give way."""
    away = abs(at - frame.now) if frame.now >= 0 else BARS_MAX
    if away == 0:
        return ""
    if at % frame.every or away * 2 < frame.every:
        return None
    near = away < frame.every * 2
    return "wide" if frame.crowded and (near or at // frame.every % 2) else ""
