"""Completion: how far each card has come, and for each rally how many have come how far.

The log says who was where when; `domain.completion` says what that comes to. A row keeps the first
moment at each spot, so that a late scan can still move a moment back, and a replan is judged anew.
"""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec

import domain.card
import domain.completion
import domain.conditions
import domain.course
import domain.plan
import projections.median
from domain.buckets import RALLIES_BUCKET
from domain.completion import complete
from domain.course import Course
from domain.rally import Rally
from projections.contract import NotUnderstood, Projection, Stretch, columns
from projections.median import coarse

ROWS_AT_ONCE = 500
"""Rows that are read, judged and written together: a bound on memory, and on how long check-ins
wait for us (less than a hundredth of a second)."""

COPIED_MIN = 200
"""From so many new rows on copying is cheaper."""
COURSES_MAX = 100
_US_PER_MINUTE = 60_000_000
_MODULES = (
    domain.card,
    domain.completion,
    domain.conditions,
    domain.course,
    domain.plan,
    projections.median,
)
_decode_moments = msgspec.json.Decoder(dict[str, int]).decode
_encode = msgspec.json.Encoder().encode
_BEFORE_ALL = UUID(int=0)

Total = tuple[str, str, int]
"""Measure, item, value: see completion_totals in table.sql."""


CardKey = tuple[UUID, int]
"""A visitor, and the day of the card: 0 where stamps carry over."""
CardRow = tuple[UUID, int, int, int, int, int, int | None, int | None, bool, str, str]
"""A row of the table, after its rally."""
Marks = dict[str, int]
"""First moments, as `domain.completion.complete` takes them."""


_JUDGED = -1
"""The day by which gather.sql says that visits were voided, reinstated or taken over."""


class News:
    """What is new in a rally: marks on cards, visitors who were erased, and `judged` ones, of whom
    the log is read anew, by bucket."""

    def __init__(self) -> None:
        self.cards: dict[CardKey, Marks] = {}
        self.erased: set[UUID] = set()
        self.judged: dict[Stretch, set[UUID]] = {}

    def add(
        self, stretch: Stretch, visitor: UUID, day: int | None, marks: list[str], at: list[int]
    ) -> None:
        """Add a row of gather.sql."""
        if day is None:
            self.erased.add(visitor)
        elif day == _JUDGED:
            self.judged.setdefault(stretch, set()).add(visitor)
        else:
            merge(self.cards.setdefault((visitor, day), {}), zip(marks, at, strict=True))


def merge(first: Marks, marks: Iterable[tuple[str, int]]) -> None:
    """Add marks, in any order: the earliest moment of each stays."""
    for mark, at in marks:
        if at < first.get(mark, at + 1):
            first[mark] = at


class CompletionProjection(Projection):
    """`gather.sql` returns visits; they are judged by the rules and replace the cards' rows."""

    def __init__(self) -> None:
        files = [Path(str(module.__file__)) for module in _MODULES]
        super().__init__(
            "completion", ["completion", "completion_totals"], files, judges_by_plan=True
        )
        self._courses: dict[str, Course] = {}

    async def take(self, connection: asyncpg.Connection, stretches: Sequence[Stretch]) -> None:
        """Add what the stretches hold; then judge everybody anew whose plan they change."""
        news: dict[str, News] = {}
        for stretch in stretches:
            if stretch.bucket != RALLIES_BUCKET:
                for rally, *row in await connection.fetch(self.sql("gather"), *stretch):
                    news.setdefault(rally, News()).add(stretch, *row)
        for rally, fresh in news.items():
            course = await self._course(connection, rally)
            for stretch, judged in fresh.judged.items():
                await self._read_anew(connection, rally, course, stretch, judged)
                fresh.cards = {k: v for k, v in fresh.cards.items() if k[0] not in judged}
            for some in _in_portions(fresh.cards):
                await self._judge(connection, rally, course, some)
            if fresh.erased:
                await connection.execute(self.sql("erase"), rally, list(fresh.erased))
        for stretch in stretches:
            if stretch.bucket == RALLIES_BUCKET:
                for (rally,) in await connection.fetch(self.sql("replanned"), *stretch):
                    await self._judge_all(connection, rally)

    async def _read_anew(
        self,
        connection: asyncpg.Connection,
        rally: str,
        course: Course,
        stretch: Stretch,
        visitors: set[UUID],
    ) -> None:
        """Replace the cards of visitors whose visits count otherwise than they did."""
        rows = await connection.fetch(
            self.sql("marks"), stretch.bucket, stretch.until, rally, list(visitors)
        )
        cards: dict[CardKey, Marks] = {}
        for visitor, day, marks, moments in rows:
            merge(cards.setdefault((visitor, day), {}), zip(marks, moments, strict=True))
        for some in _in_portions(cards):
            await self._judge(connection, rally, course, some, anew=True)

    async def _judge_all(self, connection: asyncpg.Connection, rally: str) -> None:
        course, after = await self._course(connection, rally), (_BEFORE_ALL, 0)
        more = self.sql("read_more_visitors")
        while rows := await connection.fetch(more, rally, *after, ROWS_AT_ONCE):
            await self._judge(connection, rally, course, {(row[0], row[1]): {} for row in rows})
            after = (rows[-1]["visitor"], rows[-1]["day"])

    async def _judge(
        self,
        connection: asyncpg.Connection,
        rally: str,
        course: Course,
        cards: dict[CardKey, Marks],
        *,
        anew: bool = False,
    ) -> None:
        """Merge what is new about `cards` into their rows (or, `anew`, put it in their place), and
        keep the totals equal to them."""
        visitors = list({visitor for visitor, _ in cards})
        kept = {
            (row["visitor"], row["day"]): row
            for row in await connection.fetch(self.sql("read_visitors"), rally, visitors)
        }
        totals: Counter[Total] = Counter()
        rows: list[CardRow] = []
        for key, marks in cards.items():
            row = kept.get(key)
            if row is not None:
                if not anew:
                    merge(marks, _decode_moments(row["visited"]).items())
                _count(totals, -1, row["stamps"], row["first_at"], _decode_moments(row["met"]))
            now = complete(course, marks)
            _count(totals, 1, now.stamps, now.first_at, now.met)
            erased = row is not None and row["erased"]
            met, visited = _encode(now.met).decode(), _encode(marks).decode()
            counts = (now.stamps, now.spots, now.areas, now.lines)
            rows.append((*key, *counts, now.first_at, now.last_at, erased, met, visited))
        await self._write(connection, rally, rows, kept)
        await self._add_totals(connection, rally, totals)

    async def _write(
        self,
        connection: asyncpg.Connection,
        rally: str,
        rows: list[CardRow],
        kept: Container[CardKey],
    ) -> None:
        """Put the cards' rows in their places. Where many are new they are copied, at half the
        cost: so it is when the log is read from its beginning."""
        new = [row for row in rows if (row[0], row[1]) not in kept]
        if len(new) >= COPIED_MIN:
            records = [(rally, *row) for row in new]
            await connection.copy_records_to_table("completion", records=records)
            rows = [row for row in rows if (row[0], row[1]) in kept]
        if rows:
            await connection.execute(self.sql("write"), rally, *columns(rows))

    async def _add_totals(
        self, connection: asyncpg.Connection, rally: str, totals: Counter[Total]
    ) -> None:
        changes = [(rally, *total, people) for total, people in totals.items() if people]
        if changes:
            await connection.execute(self.sql("write_totals"), *columns(changes))
        if left := [change[1:-1] for change in changes if change[-1] < 0]:
            await connection.execute(self.sql("drop_empty_totals"), rally, *columns(left))

    async def _course(self, connection: asyncpg.Connection, rally: str) -> Course:
        """The course of a rally as it is now, made once for each of its states."""
        digest = await connection.fetchval(self.sql("read_digest"), rally)
        if digest is None:
            raise NotUnderstood(f"there is no rally {rally}")
        if digest not in self._courses:
            if len(self._courses) >= COURSES_MAX:
                self._courses.clear()
            # With its digest once more: the rally may have changed in between.
            digest, state = await connection.fetchrow(self.sql("read_rally"), rally)
            self._courses[digest] = msgspec.json.decode(state, type=Rally).course
        return self._courses[digest]


def _in_portions(cards: dict[CardKey, Marks]) -> Iterator[dict[CardKey, Marks]]:
    rest = iter(cards.items())
    while some := dict(islice(rest, ROWS_AT_ONCE)):
        yield some


def _count(
    totals: Counter[Total], people: int, stamps: int, first_at: int | None, met: dict[str, int]
) -> None:
    """Count a card into (or with -1 out of) the totals."""
    if first_at is None:
        return
    totals["stamps", "", stamps] += people
    for prize, at in met.items():
        totals["met", prize, coarse((at - first_at) // _US_PER_MINUTE)] += people


COMPLETION = CompletionProjection()
