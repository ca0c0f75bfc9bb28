"""Streams of moves: bands from where they begin (left) to where they end (right)."""

from collections.abc import Iterator

from markupsafe import Markup

from service.charts.marks import element, hatched, hatchings, nothing, percent, picture
from service.charts.moves import Moves, gathered, says
from service.i18n import Voice

SHOWN_MAX = 8
_GAP = 2.2
"""Between two ends, in percent of the height."""
_ENDS = 1.6
"""How wide an end is, in percent of the width."""
_ROW_PX = 44
_UNSTRETCHED = "scale(.2 .3)"
"""About, as bands are drawn on 100 × 100 and stretched."""


def streams(voice: Voice, name: str, title: str, moves: Moves) -> Markup:
    """Bands as wide as there are moves, from left to right; moves within one are left out.

    Of more than `SHOWN_MAX` names, those with the fewest moves are gathered in one.
    """
    between = {pair: n for pair, n in moves.counts.items() if pair[0] != pair[1]}
    shown = gathered(voice, Moves(moves.names, between), SHOWN_MAX)
    if not shown.counts:
        return nothing(voice, "streams", name, title)
    names = list(shown.names)
    sides = [_ends(shown, names, side) for side in (0, 1)]
    rows = max(map(len, sides))
    inside = [
        hatchings(name, _UNSTRETCHED),
        *_bands(voice, name, shown, sides, _scale(shown, rows)),
        *(mark for side in (0, 1) for mark in _marks(voice, shown, names, sides[side], side, rows)),
    ]
    height = max(_ROW_PX * rows, 4 * _ROW_PX)
    return picture("streams", name, title, says(voice, shown), inside, height=height)


def _ends(moves: Moves, names: list[str], side: int) -> dict[str, int]:
    """How many moves begin (side 0) or end (1) where."""
    sums = dict.fromkeys(names, 0)
    for pair, n in moves.counts.items():
        sums[pair[side]] += n
    return {each: n for each, n in sums.items() if n}


def _scale(moves: Moves, rows: int) -> float:
    """The height of one move."""
    return (100 - _GAP * (rows - 1)) / sum(moves.counts.values())


def _tops(ends: dict[str, int], scale: float, rows: int) -> dict[str, float]:
    """Where each end begins; the side with fewer ends is in the middle."""
    at, tops = (rows - len(ends)) * _GAP / 2, {}
    for each, n in ends.items():
        tops[each] = at
        at += n * scale + _GAP
    return tops


def _bands(
    voice: Voice, name: str, moves: Moves, sides: list[dict[str, int]], scale: float
) -> Iterator[Markup]:
    """The bands, each in the colour and the hatching of where it begins."""
    rows, names = max(map(len, sides)), list(moves.names)
    tops = [_tops(side, scale, rows) for side in sides]
    for origin in sides[0]:
        for destination in sides[1]:
            n = moves.counts.get((origin, destination), 0)
            if not n:
                continue
            path = element("path", d=_band(tops[0][origin], tops[1][destination], n * scale))
            tops[0][origin] += n * scale
            tops[1][destination] += n * scale
            number = names.index(origin)
            told = f"{moves.names[origin]} → {moves.names[destination]}: {voice.number(n)}"
            band = element("g", element("title", told), path, class_=f"band c{number % 6}")
            lines = element("g", path, fill=hatched(name, number) or "none")
            yield element("svg", band, lines, viewBox="0 0 100 100", preserveAspectRatio="none")


def _band(left: float, right: float, width: float) -> str:
    a, b = _ENDS, 100 - _ENDS
    return (
        f"M{a} {left:.2f}C50 {left:.2f} 50 {right:.2f} {b} {right:.2f}v{width:.2f}"
        f"C50 {right + width:.2f} 50 {left + width:.2f} {a} {left + width:.2f}z"
    )


def _marks(
    voice: Voice, moves: Moves, names: list[str], ends: dict[str, int], side: int, rows: int
) -> Iterator[Markup]:
    """The ends themselves, and their names over the bands."""
    scale = _scale(moves, rows)
    tops = _tops(ends, scale, rows)
    lines = _apart([top + ends[each] * scale / 2 for each, top in tops.items()], 34 / rows)
    for (each, top), line in zip(tops.items(), lines, strict=True):
        x, height = percent((100 - _ENDS) * side), ends[each] * scale
        colour = f"end c{names.index(each) % 6}"
        yield element(
            "rect", class_=colour, x=x, width=percent(_ENDS), y=percent(top), height=percent(height)
        )
        words = f"{moves.names[each]} {voice.number(ends[each])}"
        at = percent(2.6 if side == 0 else 97.4)
        yield element("text", words, class_=("from", "to")[side], x=at, y=percent(line), dy=".35em")


def _apart(lines: list[float], room: float) -> list[float]:
    """Lines of text, in order, moved until each has its room."""
    for at in range(1, len(lines)):
        lines[at] = max(lines[at], lines[at - 1] + room)
    lines[-1] = min(lines[-1], 100 - room / 2)
    for at in reversed(range(len(lines) - 1)):
        lines[at] = min(lines[at], lines[at + 1] - room)
    return lines
