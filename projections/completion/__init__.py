"""Completion: how far each visitor has come, and for each rally how many have come how far.

The log says who was where when; `domain.completion` says what that comes to. A row keeps the first
moment at each spot, so that a late scan can still move a moment back, and a replan is judged anew.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec

import domain.completion
import domain.conditions
import domain.course
from domain.buckets import RALLIES_BUCKET
from domain.completion import complete
from domain.course import Course
from domain.rally import Rally
from projections.contract import Projection, Stretch

ROWS_AT_ONCE = 5_000
"""Rows that are read, judged and written together: a bound on memory, and on how long the
database waits for us inside a transaction."""

COURSES_MAX = 100
_US_PER_MINUTE = 60_000_000
_MODULES = (domain.completion, domain.conditions, domain.course)
_decode_moments = msgspec.json.Decoder(dict[str, int]).decode
_encode = msgspec.json.Encoder().encode
_BEFORE_ALL = UUID(int=0)

Total = tuple[str, str, int]
"""Measure, item, value: see completion_totals in table.sql."""


class Visits:
    """What is new about somebody: first moments at spots, and whether they were erased."""

    __slots__ = ("erased", "spots")

    def __init__(self) -> None:
        self.spots: dict[str, int] = {}
        self.erased = False

    def add(self, spots: Sequence[str], moments: Sequence[int], erased: bool) -> None:
        """Add visits, in any order."""
        first = self.spots
        for spot, at in zip(spots, moments, strict=True):
            if at < first.get(spot, at + 1):
                first[spot] = at
        self.erased = self.erased or erased


class CompletionProjection(Projection):
    """`gather.sql` returns visits; they are judged by the rules and replace the visitors' rows."""

    def __init__(self) -> None:
        files = [Path(str(module.__file__)) for module in _MODULES]
        super().__init__("completion", ["completion", "completion_totals"], files)
        self._courses: dict[str, Course] = {}

    @cached_property
    def _statements(self) -> dict[str, str]:
        return {path.stem: self.sql(path.stem) for path in self.folder.glob("*.sql")}

    async def take(self, connection: asyncpg.Connection, stretches: Sequence[Stretch]) -> None:
        """Add what the stretches hold; then judge everybody anew whose plan they change."""
        fresh: dict[str, dict[UUID, Visits]] = {}
        for stretch in stretches:
            if stretch.bucket != RALLIES_BUCKET:
                for row in await connection.fetch(self._statements["gather"], *stretch):
                    rally, visitor, erased, spots, moments = row
                    people = fresh.setdefault(rally, {})
                    people.setdefault(visitor, Visits()).add(spots, moments, erased)
        for rally, people in fresh.items():
            course = await self._course(connection, rally)
            for some in _in_portions(people):
                await self._judge(connection, rally, course, some)
        for stretch in stretches:
            if stretch.bucket == RALLIES_BUCKET:
                for (rally,) in await connection.fetch(self._statements["replanned"], *stretch):
                    await self._judge_all(connection, rally)

    async def _judge_all(self, connection: asyncpg.Connection, rally: str) -> None:
        course, after = await self._course(connection, rally), _BEFORE_ALL
        more = self._statements["read_more_visitors"]
        while rows := await connection.fetch(more, rally, after, ROWS_AT_ONCE):
            people = {row["visitor"]: Visits() for row in rows}
            await self._judge(connection, rally, course, people)
            after = rows[-1]["visitor"]

    async def _judge(
        self,
        connection: asyncpg.Connection,
        rally: str,
        course: Course,
        people: dict[UUID, Visits],
    ) -> None:
        """Merge what is new about `people` into their rows, and keep the totals equal to them."""
        kept = {
            row["visitor"]: row
            for row in await connection.fetch(
                self._statements["read_visitors"], rally, list(people)
            )
        }
        totals: Counter[Total] = Counter()
        rows = []
        for visitor, visits in people.items():
            row = kept.get(visitor)
            if row is not None:
                known = _decode_moments(row["visited"])
                visits.add(list(known), list(known.values()), row["erased"])
                _count(totals, -1, row["stamps"], row["first_at"], _decode_moments(row["met"]))
            now = complete(course, visits.spots)
            _count(totals, 1, now.stamps, now.first_at, now.met)
            rows.append(
                (
                    visitor,
                    *now[:-1],
                    visits.erased,
                    _encode(now.met).decode(),
                    _encode(visits.spots).decode(),
                )
            )
        await connection.execute(self._statements["write"], rally, *_columns(rows))
        await self._add_totals(connection, rally, totals)

    async def _add_totals(
        self, connection: asyncpg.Connection, rally: str, totals: Counter[Total]
    ) -> None:
        changes = [(rally, *total, people) for total, people in totals.items() if people]
        if changes:
            await connection.execute(self._statements["write_totals"], *_columns(changes))
        if any(change[-1] < 0 for change in changes):
            await connection.execute(self._statements["drop_empty_totals"], rally)

    async def _course(self, connection: asyncpg.Connection, rally: str) -> Course:
        """The course of a rally as it is now, made once for each of its states."""
        digest = await connection.fetchval(self._statements["read_digest"], rally)
        if digest is None:
            raise LookupError(f"there is no rally {rally}")
        if digest not in self._courses:
            if len(self._courses) >= COURSES_MAX:
                self._courses.clear()
            state = await connection.fetchval(self._statements["read_rally"], rally)
            self._courses[digest] = msgspec.json.decode(state, type=Rally).course
        return self._courses[digest]


def _in_portions(people: dict[UUID, Visits]) -> Iterator[dict[UUID, Visits]]:
    rest = iter(people.items())
    while some := dict(islice(rest, ROWS_AT_ONCE)):
        yield some


def _count(
    totals: Counter[Total], people: int, stamps: int, first_at: int | None, met: dict[str, int]
) -> None:
    """Count a visitor into (or with -1 out of) the totals."""
    if first_at is None:
        return
    totals["stamps", "", stamps] += people
    for prize, at in met.items():
        totals["met", prize, (at - first_at) // _US_PER_MINUTE] += people


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


COMPLETION = CompletionProjection()
