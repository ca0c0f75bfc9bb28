"""Moves from somewhere to somewhere, as the matrix and the streams show them."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from service.i18n import Voice

OTHERS = ""
"""What stands for all that are not shown by themselves."""


class Moves(NamedTuple):
    """Counts of moves by (from, to), with the names of what they are between.

    `names` says in which order they are shown, too.
    """

    names: Mapping[str, str]
    counts: Mapping[tuple[str, str], int]


def gathered(voice: Voice, moves: Moves, shown_max: int) -> Moves:
    """The same with so many names at most: those with the fewest moves become one, at the end."""
    counts = {
        pair: n for pair, n in moves.counts.items() if n > 0 and set(pair) <= set(moves.names)
    }
    moved: Counter[str] = Counter()
    for pair, n in counts.items():
        for each in set(pair):
            moved[each] += n
    known = [each for each in moves.names if moved[each]]
    if len(known) <= shown_max:
        return Moves({each: moves.names[each] for each in known}, counts)
    kept = {each for each, _ in moved.most_common(shown_max - 1)}
    merged: Counter[tuple[str, str]] = Counter()
    for (origin, destination), n in counts.items():
        merged[_kept(origin, kept), _kept(destination, kept)] += n
    names = {each: moves.names[each] for each in known if each in kept}
    return Moves({**names, OTHERS: voice.say("Others")}, merged)


def _kept(name: str, kept: set[str]) -> str:
    return name if name in kept else OTHERS


def says(voice: Voice, moves: Moves) -> str:
    """How many moves there are, and which is the most frequent between two."""
    total = voice.number(sum(moves.counts.values()))
    between = {pair: n for pair, n in moves.counts.items() if pair[0] != pair[1]} or moves.counts
    (origin, destination), most = max(between.items(), key=lambda item: item[1])
    return voice.say(
        "{total} moves; the most frequent: {origin} → {destination} ({most}).",
        total=total,
        origin=moves.names[origin],
        destination=moves.names[destination],
        most=voice.number(most),
    )
