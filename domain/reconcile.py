"""The reconciliation: what several books say of a rally's prizes, held against each other.

Nothing is put right here. Where two books differ, the line says which and by how much.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from domain.plan import Draw, FirstCome, Prize
from domain.rally import Rally


class Book(Struct, frozen=True, kw_only=True):
    """What is counted of a prize. Given, less what was taken back: by the `log`, by the figures
    (`projection`), and where all counters meet (`counter`); of a drawn one also its lines in the
    list of `entries`, and how many of those whose it is now have not been given it (`waiting`)."""

    prize: Prize
    log: int
    projection: int
    counter: int
    entries: int = 0
    waiting: int = 0


class Line(Struct, frozen=True):
    """Two numbers that have to be the same. `what` names them; `prize` is None for all together.

    entries: fixed, and in the list · winners: drawn as planned at most, and drawn · owed: drawn and
    moved up, and handed over, given up or waiting · stock: handed over as planned at most, and
    handed over · figures, counters: handed over by the log, and by these.
    """

    prize: str | None
    what: str
    expected: int
    found: int

    @property
    def difference(self) -> int:
        return self.found - self.expected


def reconcile(rally: Rally, books: Iterable[Book]) -> list[Line]:
    """Every pair of numbers that has to be the same."""
    kept = list(books)
    lines = [line for book in kept for line in _of_prize(rally, book)]
    if rally.drawing and rally.drawing.digest:
        listed = sum(book.entries for book in kept)
        lines.insert(0, Line(None, "entries", rally.drawing.entries, listed))
    return lines


def differences(lines: Iterable[Line]) -> int:
    """How many lines do not come out even."""
    return sum(line.difference != 0 for line in lines)


def _of_prize(rally: Rally, book: Book) -> Iterator[Line]:
    name, giving = book.prize.id, book.prize.giving
    if isinstance(giving, Draw) and rally.drawing and rally.drawing.secret:
        drawn = len(rally.drawing.winners.get(name, ()))
        yield Line(name, "winners", min(drawn, giving.winners), drawn)
        ever, given_up = rally.drawing.ever_won(name), rally.drawing.given_up(name)
        yield Line(name, "owed", len(ever), book.log + len(given_up) + book.waiting)
    if isinstance(giving, FirstCome) and giving.stock is not None:
        yield Line(name, "stock", min(book.log, giving.stock), book.log)
    yield Line(name, "figures", book.log, book.projection)
    yield Line(name, "counters", book.log, book.counter)
