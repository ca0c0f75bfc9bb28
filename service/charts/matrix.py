"""A matrix of moves: from the row to the column, the darker the more, with the numbers."""

from math import ceil, sqrt

from markupsafe import Markup

from service.charts.marks import element, nothing, percent, picture
from service.charts.moves import Moves, gathered, says
from service.i18n import Voice

SHOWN_MAX = 10
SHADES = 6
"""Shades of one colour, lighter to darker: a printer without colours has them too."""
_NAMES = 30.0
"""In percent of the width: the rows' names."""
_ROW_PX, _HEAD_PX = 30, 30


def matrix(voice: Voice, name: str, title: str, moves: Moves) -> Markup:
    """Rows are where moves begin, columns (numbered as the rows are) where they end.

    Of more than `SHOWN_MAX` names, those with the fewest moves are gathered in one.
    """
    shown = gathered(voice, moves, SHOWN_MAX)
    if not shown.counts:
        return nothing(voice, "matrix", name, title)
    names, width = list(shown.names), (100 - _NAMES) / len(shown.names)
    most = max(shown.counts.values())
    heads = [
        element("text", str(at + 1), class_="head", x=_middle(at, width), y=_HEAD_PX - 10)
        for at in range(len(names))
    ]
    rows = [_row(voice, shown, names, at, width, most) for at in range(len(names))]
    height = _HEAD_PX + _ROW_PX * len(names) + 2
    return picture("matrix", name, title, says(voice, shown), [*heads, *rows], height=height)


def _middle(at: int, width: float) -> str:
    return percent(_NAMES + (at + 0.5) * width)


def _row(voice: Voice, moves: Moves, names: list[str], at: int, width: float, most: int) -> Markup:
    y = _HEAD_PX + at * _ROW_PX
    label = element("text", f"{at + 1} {moves.names[names[at]]}", x=0, y=y + 20)
    fitted = element("svg", label, class_="names", width=percent(_NAMES - 1))
    cells = [
        _cell(voice, moves, (names[at], names[column]), column, width, y, most)
        for column in range(len(names))
    ]
    return element("g", fitted, *cells)


def _cell(
    voice: Voice,
    moves: Moves,
    pair: tuple[str, str],
    column: int,
    width: float,
    y: int,
    most: int,
) -> Markup:
    n = moves.counts.get(pair, 0)
    shade = ceil(SHADES * sqrt(n / most))  # else one busy pair leaves all others white
    told = f"{moves.names[pair[0]]} → {moves.names[pair[1]]}: {voice.number(n)}"
    place = {"x": percent(_NAMES + column * width), "width": percent(width), "y": y}
    parts = [element("title", told), element("rect", height=_ROW_PX, **place)]
    if n:
        parts.append(element("text", voice.compact(n), x=_middle(column, width), y=y + 20))
    return element("g", *parts, class_=f"cell s{shade}{' same' if pair[0] == pair[1] else ''}")
