"""Random histories of a rally, made by the real write side, and what the projections make of them."""

import contextlib
from collections import Counter
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import builders
import models
import msgspec
from hypothesis import strategies as st
from support import NOON, SetClock

from domain import prizes
from domain.conditions import AllSpots, Stamps
from domain.encoding import spot_tag
from domain.events import Fact
from domain.plan import Area, Draw, OncePerInterval, Plan, Prize, Spot
from domain.rally import NotAllowed, open_rally
from domain.rules import Scan
from projections.apply import apply
from projections.catalogue import CATALOGUE
from service.engine import Engine
from service.eventlog import statements as sql
from service.eventlog.rows import to_fact

VISITORS = 4
SPOTS = ("a", "b", "c", "d")
PRIZES = ("five", "line", "all")
_numbers = count(1)

_REPLANS: list[dict[str, Any]] = [
    {},
    {"sheets": [], "prizes": [Prize("five", builders.names(), Stamps(2), Draw(1))]},
    {
        "spots": [Spot("a", builders.names(), "west"), Spot("c", builders.names(), "west")],
        "areas": [Area("west", builders.names())],
        "sheets": [],
        "prizes": [Prize("all", builders.names(), AllSpots(), Draw(1))],
    },
    {"revisit": OncePerInterval(90)},
]

_visitors = st.integers(0, VISITORS - 1)
_scans = st.tuples(
    st.just("scan"),
    _visitors,
    st.sampled_from(SPOTS),
    st.none() | st.integers(0, 2 * 24 * 60),
    st.sampled_from(["ja", "en"]),
)
steps = st.lists(
    st.one_of(
        _scans,
        _scans,
        _scans,
        st.tuples(st.just("again"), st.integers(0, 5)),
        st.tuples(st.just("later"), st.integers(1, 900)),
        st.tuples(st.just("replan"), st.integers(0, len(_REPLANS) - 1)),
        st.tuples(st.just("erase"), _visitors),
        st.tuples(st.just("heads"), st.sampled_from(SPOTS), st.sampled_from([3, -1])),
        st.tuples(st.just("prize"), _visitors, st.sampled_from(PRIZES), st.integers(0, 2)),
        st.tuples(st.just("apply"), st.sampled_from(sorted(CATALOGUE)), st.integers(1, 9)),
    ),
    min_size=5,
    max_size=45,
)
"""Scans (now, or so many minutes ago), the same scans again, time that passes, replans, erasures,
headcounts, prizes; and in between, projections that apply a little of what is new."""


class History:
    """One rally of its own in the log of an engine."""

    def __init__(self, engine: Engine, clock: SetClock) -> None:
        self.engine = engine
        self.clock = clock
        self.rally = f"walk-{next(_numbers)}"
        self.visitors = [uuid4() for _ in range(VISITORS)]
        self.scans: list[Scan] = []

    async def begin(self) -> None:
        """Lay the rally out and open it."""
        self.clock.now = NOON
        await self.engine.plan(self._plan(), "test")
        await self.engine.change(
            self.rally, lambda rally, now: open_rally(rally, builders.OPENED, "test")
        )

    def _plan(self, **changes: Any) -> Plan:
        return builders.plan(rally=self.rally, **changes)

    async def take(self, step: tuple[Any, ...]) -> None:
        """Let one step happen."""
        await getattr(self, f"_{step[0]}")(*step[1:])

    async def _scan(self, visitor: int, spot: str, ago: int | None, language: str) -> None:
        at = None if ago is None else self.clock() - timedelta(minutes=ago)
        key = self.engine.keyring.newest_code_key(self.rally)
        one = Scan(
            rally=self.rally,
            spot_tag=spot_tag(spot),
            key_id=key.id,
            visitor=self.visitors[visitor],
            scan_id=uuid4(),
            language=language,
            evidence="printed",
            card_since=builders.OPENED,
            scanned_at=at,
        )
        self.scans.append(one)
        await self._send(one)

    async def _again(self, back: int) -> None:
        if back < len(self.scans):
            await self._send(self.scans[-1 - back])

    async def _send(self, scan: Scan) -> None:
        bucket = self.engine.log.bucket_of(scan.visitor)
        (outcome,) = await self.engine.log.commit(bucket, [scan])
        assert not isinstance(outcome, Exception), outcome

    async def _later(self, minutes: int) -> None:
        self.clock.forward(minutes=minutes)

    async def _replan(self, which: int) -> None:
        await self.engine.plan(self._plan(**_REPLANS[which]), "test")

    async def _erase(self, visitor: int) -> None:
        one = self.visitors[visitor]
        await self._change(one, lambda rally, card, now: prizes.erase(rally, card, one, now, "t"))

    async def _heads(self, spot: str, number: int) -> None:
        await self.engine.count_heads(self.rally, spot, number, uuid4(), "test")

    async def _prize(self, visitor: int, prize: str, what: int) -> None:
        one = self.visitors[visitor]
        decisions = [
            lambda rally, card, now: prizes.enter(rally, card, one, prize, now),
            lambda rally, card, now: prizes.hand_over(rally, card, one, prize, None, now, "t"),
            lambda rally, card, now: prizes.reverse(rally, card, one, prize, None, now, "t"),
        ]
        await self._change(one, decisions[what])

    async def _change(self, visitor: UUID, decision: Any) -> None:
        with contextlib.suppress(NotAllowed):  # a "no" leaves nothing in the log
            await self.engine.change_card(visitor, self.rally, decision)

    async def _apply(self, name: str, facts_max: int) -> None:
        async with self.engine.pool.acquire() as connection:
            await apply(connection, CATALOGUE[name], facts_max)

    # --- what is there, and what should be ---

    async def facts(self) -> list[Fact]:
        """The rally's facts, a visitor's in their order."""
        facts = []
        for head in await self.engine.pool.fetch(sql.READ_HEADS):
            rows = await self.engine.pool.fetch(sql.READ_EVENTS, head["bucket"], 0, 1_000_000)
            facts += [to_fact(row) for row in rows if row["rally"] == self.rally]
        return facts

    async def expected(self) -> dict[str, models.Rows]:
        """Every table by plain Python."""
        facts, course = await self.facts(), self.engine.rallies.get(self.rally).course
        completion = models.completion(course, facts)
        return {
            "footfall": models.footfall(course, facts),
            "completion": completion,
            "completion_totals": models.completion_totals(completion),
            "flow": models.flow(course, facts),
            "prizes": models.prizes(course, facts),
            "refusals": models.refusals(course, facts),
        }

    async def tables(self) -> dict[str, models.Rows]:
        """Every table as it is."""
        course = self.engine.rallies.get(self.rally).course
        return {
            table: dict(_split(table, _plain(row, course)) for row in await self._rows(table))
            for table in _KEYS
        }

    async def _rows(self, table: str) -> list[Any]:
        return await self.engine.pool.fetch(f"SELECT * FROM {table} WHERE rally = $1", self.rally)


_KEYS = {
    "footfall": 3,
    "completion": 1,
    "completion_totals": 3,
    "flow": 2,
    "prizes": 2,
    "refusals": 3,
}
"""How many columns after the rally name a row."""


def _split(table: str, row: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    return row[: _KEYS[table]], row[_KEYS[table] :]


def _plain(row: Any, course: Any) -> tuple[Any, ...]:
    """A row's values but the rally, as the models have them."""
    values = []
    for name, value in list(row.items())[1:]:
        if name == "hour":
            value = value.astimezone(course.zone)
        elif name in ("met", "visited"):
            value = msgspec.json.decode(value)
        elif name == "minutes":
            value = Counter(dict(msgspec.json.decode(value)))
        values.append(value)
    return tuple(values)
