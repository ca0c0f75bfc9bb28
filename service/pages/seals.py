"""Seals: how a spot's name is set inside its round stamp, as lines that fill the circle.

A name is cut where its script changes (北海道 · どさんこ · プラザ) or at its spaces; the areas'
names in it are left out, as every neighbour has them too. Of all ways to join the pieces into
lines, the one with the largest letters wins.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from math import sqrt
from typing import NamedTuple
from zlib import crc32

from domain.plan import Plan, Spot
from service.i18n import Voice

TURNS = 9
"""So many ways a stamp may sit on the paper (the style sheet's classes r0 to r8)."""
_RADIUS = 40.0
"""The circle that the letters stay in; the whole seal is 100 wide."""
_SIZE_MAX, _SIZE_SMALL, _SIZE_MIN = 34.0, 14.0, 8.0
_LINES_MAX = 4
_PIECES_MAX = 7
_PIECE_LONG = 5
_LEADING = 1.1
_NOT_ALONE = {"THE", "The", "the", "no", "of", "and", "の"}
_IN_BRACKETS = re.compile(r"[((].*?[))]|[〜~].*?[〜~]")
_PIECE = re.compile(
    r"[\u4e00-\u9fff々〆]+|[ぁ-ゖー]+|[ァ-ヺー]+|[\uac00-\ud7a3]+|[^\W\u3000-\uffff]+[-'’.]?"
)


class Line(NamedTuple):
    """A line of a seal and the height of its middle."""

    text: str
    y: float


class Seal(NamedTuple):
    """A seal's letters, for a circle around (50, 50)."""

    lines: tuple[Line, ...]
    size: float


def turn(spot: str) -> int:
    """Which way the stamp of `spot` sits on the paper: always the same."""
    return crc32(spot.encode()) % TURNS


def seal(voice: Voice, plan: Plan, spot: Spot) -> Seal:
    """The seal of `spot` in the voice's language."""
    places = tuple(voice.name(area.names) for area in plan.areas)
    return set_seal(voice.name(spot.names), places)


@lru_cache(maxsize=20_000)
def set_seal(name: str, places: tuple[str, ...] = ()) -> Seal:
    """`name` as a seal. What does not fit in readable letters is left out, from the end."""
    pieces = _pieces(name, places)
    for count in range(len(pieces), 0, -1):
        best = max(map(_fit, _joined(pieces[:count])), key=lambda found: found.size)
        if best.size >= _SIZE_SMALL or count == 1:
            return best
    raise AssertionError("a name has at least one piece")


def _pieces(name: str, places: tuple[str, ...]) -> list[str]:
    short = _IN_BRACKETS.sub("", name)
    for place in places:
        short = re.sub(rf"{re.escape(place)}(本店|店)?", "", short)
    found = _PIECE.findall(short) or _PIECE.findall(name) or [name[:_PIECE_LONG]]
    whole: list[str] = []
    for piece in found:
        if piece in _NOT_ALONE and not (whole and _is_wide(whole[-1][-1])):
            continue
        tail = len(piece) == 1 and _is_wide(piece) and whole and _is_wide(whole[-1][-1])
        if tail and len(whole[-1]) < _PIECE_LONG - 1:
            whole[-1] += piece  # しまね館, not しまね · 館
        else:
            whole.append(piece)
    return [half for piece in whole or found for half in _short(piece)][:_PIECES_MAX]


def _short(piece: str) -> list[str]:
    count = -(-len(piece) // _PIECE_LONG)
    if count == 1 or not _is_wide(piece[0]):
        return [piece]
    size = -(-len(piece) // count)
    return [piece[at : at + size] for at in range(0, len(piece), size)]


def _joined(pieces: list[str]) -> Iterator[list[str]]:
    """Every way to join neighbours into at most _LINES_MAX lines."""
    for breaks in range(1 << (len(pieces) - 1)):
        lines = [pieces[0]]
        for index, piece in enumerate(pieces[1:]):
            if breaks >> index & 1:
                lines.append(piece)
            else:
                lines[-1] += _glue(lines[-1], piece) + piece
        if len(lines) <= _LINES_MAX:
            yield lines


def _glue(before: str, after: str) -> str:
    return "" if _is_wide(before[-1]) or _is_wide(after[0]) or before[-1] in "-'’" else " "


def _fit(lines: list[str]) -> Seal:
    """The lines in the largest letters with which all of them stay inside the circle."""
    size = _SIZE_MAX
    middles = [index - (len(lines) - 1) / 2 for index in range(len(lines))]
    while size > _SIZE_MIN:
        if all(
            width(text) * size <= 2 * sqrt(max(0.0, _RADIUS**2 - _edge(middle, size) ** 2))
            for text, middle in zip(lines, middles, strict=True)
        ):
            break
        size -= 0.5
    placed = (
        Line(text, round(50 + middle * size * _LEADING, 1))
        for text, middle in zip(lines, middles, strict=True)
    )
    return Seal(tuple(placed), size)


def _edge(middle: float, size: float) -> float:
    """How far from the circle's middle the letters of a line reach, up or down."""
    return (abs(middle) * _LEADING + 0.42) * size


def width(text: str) -> float:
    """In letters' heights, of a heavy serif."""
    return sum(1.0 if _is_wide(letter) else 0.8 if letter.isupper() else 0.62 for letter in text)


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF"
