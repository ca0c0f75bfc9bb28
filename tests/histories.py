"""Random histories of a rally, made by the real write side, and what the projections make of them."""

import contextlib
from collections import Counter
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4, uuid5

import builders
import models
import msgspec
from hypothesis import strategies as st
from support import NOON, SetClock

from domain import prizes, voids
from domain.conditions import AllSpots, Stamps
from domain.encoding import paper_visitor, spot_tag
from domain.plan import Area, Draw, FirstCome, OncePerInterval, Plan, Prize, Spot
from domain.rally import NotAllowed, open_rally
from domain.scan import Scan
from projections.apply import apply
from projections.catalogue import CATALOGUE
from service.engine import Engine
from service.eventlog import statements as sql
from service.eventlog.rows import to_fact

VISITORS = 2
SPOTS = ("a", "b", "c", "d")
ZONES = ("Asia/Tokyo", "America/New_York")
"""Two rallies, whose days begin at different moments, with the same visitors."""
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

_KINDS = {
    "scan": 39,
    "refused": 7,
    "again": 6,
    "later": 8,
    "prize": 12,
    "void": 8,
    "apply": 10,
    "replan": 4,
    "heads": 4,
    "erase": 1,
    "link": 1,
}
"""How often, of a hundred, a step is of a kind."""
_KIND_OF = [kind for kind, weight in _KINDS.items() for _ in range(weight)]

Step = tuple[int, int, int, str, int, str]
steps = st.lists(
    st.tuples(
        st.integers(0, len(_KIND_OF) - 1),
        st.integers(0, 1),  # rally
        st.integers(0, VISITORS - 1),
        st.sampled_from(SPOTS),
        st.integers(0, 3 * 24 * 60),  # minutes, of which those above two days mean "now"
        st.sampled_from(["ja", "en"]),
    ),
    min_size=30,
    max_size=60,
)
"""Scans (now, so many minutes ago, or far too long ago), the same scans again, time that passes, replans, erasures,
headcounts, prizes; and in between, projections that apply a little of what is new."""


class History:
    """Two rallies of their own in the log of an engine."""

    def __init__(self, engine: Engine, clock: SetClock) -> None:
        self.engine = engine
        self.clock = clock
        number = next(_numbers)
        self.rallies = [f"walk-{number}-{index}" for index in range(len(ZONES))]
        self.visitors = [uuid4() for _ in range(VISITORS)]
        self.scans: list[Scan] = []

    async def begin(self) -> None:
        """Lay the rallies out and open them."""
        self.clock.now = NOON
        for rally in self.rallies:
            await self.engine.plan(self._plan(rally), "test")
            await self.engine.change(
                rally, lambda rally, now: open_rally(rally, builders.OPENED, "test")
            )

    def _plan(self, rally: str, **changes: Any) -> Plan:
        zone = ZONES[self.rallies.index(rally)]
        prizes = [
            Prize("two", builders.names(), Stamps(2), FirstCome(stock=5)),
            *builders.plan().prizes,
        ]
        return builders.plan(**{"rally": rally, "time_zone": zone, "prizes": prizes} | changes)

    async def take(self, step: Step) -> None:
        """Let one step happen."""
        kind, rally, visitor, spot, minutes, language = step
        name = self.rallies[rally]
        who = await self.engine.holder(self.visitors[visitor], name)
        match _KIND_OF[kind]:
            case "scan":
                ago = None if minutes > 2 * 24 * 60 else minutes
                evidence = ("printed", "printed", "badge", "quiz")[minutes % 4]
                await self._scan(name, who, spot, ago, language, evidence)
            case "refused":
                await self._scan(name, who, spot, 8 * 24 * 60 + minutes, language)
            case "void":
                await self._void(name, who, minutes)
            case "again":
                await self._again(minutes % 6)
            case "later":
                self.clock.forward(minutes=minutes % 900)
            case "prize":
                await self._prize(name, who, ("two", "five", "line")[minutes % 3], minutes % 4)
            case "apply":
                await self._apply(sorted(CATALOGUE)[minutes % len(CATALOGUE)], 1 + minutes % 9)
            case "replan":
                changes = _REPLANS[minutes % len(_REPLANS)]
                await self.engine.plan(self._plan(name, **changes), "test")
            case "heads":
                number = 3 if minutes % 2 else -1
                with contextlib.suppress(NotAllowed):  # the spot has left the plan
                    await self.engine.count_heads(name, spot, number, uuid4(), "test")
            case "link":
                await self._link(name, who, minutes)
            case "erase":
                await self._change(
                    name, who, lambda rally, card, now, _: prizes.erase(rally, card, who, now, "t")
                )

    async def _scan(
        self,
        rally: str,
        visitor: UUID,
        spot: str,
        ago: int | None,
        language: str,
        evidence: str = "printed",
    ) -> None:
        at = None if ago is None else self.clock() - timedelta(minutes=ago)
        key = self.engine.keyring.newest_code_key(rally)
        one = Scan(
            rally=rally,
            spot_tag=spot_tag(spot),
            key_id=key.id,
            visitor=visitor,
            scan_id=uuid4(),
            language=language,
            evidence=evidence,
            card_since=builders.OPENED,
            scanned_at=at,
        )
        self.scans.append(one)
        await self._send(one)

    async def _again(self, back: int) -> None:
        if back < len(self.scans):
            await self._send(self.scans[-1 - back])

    async def _send(self, scan: Scan) -> None:
        await self.engine.check_in(scan)

    async def _prize(self, rally: str, one: UUID, prize: str, what: int) -> None:
        id_ = uuid5(one, prize)
        decisions = [
            lambda rally, card, now, _: prizes.enter(rally, card, one, prize, now),
            lambda rally, card, now, taken: prizes.hand_over(
                rally, card, one, prize, None, id_, now, "t", taken
            ),
            lambda rally, card, now, taken: prizes.hand_over(
                rally, card, one, prize, None, id_, now, "t", taken
            ),
            lambda rally, card, now, _: prizes.reverse(
                rally, card, one, prize, None, id_, now, "t", any_time=True
            ),
        ]
        await self._change(rally, one, decisions[what])

    async def _void(self, rally: str, visitor: UUID, number: int) -> None:
        """Void one of the card's visits, or let it count again."""
        card = await self.engine.log.card(visitor, rally)
        visits = [visit for visit in card.visits if not visit.confirms]
        if visits:
            chosen = visits[number % len(visits)]
            decide = voids.reinstate if chosen.void else voids.void
            await self._change(
                rally,
                visitor,
                lambda rally, card, now, _: decide(
                    rally, card, visitor, chosen.position, now, "test", "a trial"
                ),
            )

    async def _link(self, rally: str, visitor: UUID, number: int) -> None:
        """Put a visitor's card together with that of another one, or with a paper card."""
        other = paper_visitor(rally, number % 3) if number % 2 else self.visitors[number % VISITORS]
        with contextlib.suppress(NotAllowed):
            await self.engine.link(visitor, other, rally, "test")

    async def _change(self, rally: str, visitor: UUID, decision: Any) -> None:
        with contextlib.suppress(NotAllowed):  # a "no" leaves nothing in the log
            await self.engine.change_card(visitor, rally, decision)

    async def _apply(self, name: str, facts_max: int) -> None:
        async with self.engine.pool.acquire() as connection:
            await apply(connection, CATALOGUE[name], facts_max)

    # --- what is there, and what should be ---

    async def placed(self, rally: str) -> list[models.Placed]:
        """A rally's facts with their places, a visitor's in their order."""
        facts = []
        for head in await self.engine.pool.fetch(sql.READ_HEADS):
            bucket = head["bucket"]
            rows = await self.engine.pool.fetch(sql.READ_EVENTS, bucket, 0, 1_000_000)
            facts += [
                ((bucket, row["position"]), to_fact(row)) for row in rows if row["rally"] == rally
            ]
        return facts

    async def expected(self, rally: str) -> dict[str, models.Rows]:
        """Every table by plain Python."""
        placed, course = await self.placed(rally), self.engine.rallies.get(rally).course
        facts, void = [fact for _, fact in placed], models.voided(placed)
        completion = models.completion(course, facts, void)
        return {
            "footfall": models.footfall(course, facts, void),
            "completion": completion,
            "completion_totals": models.completion_totals(completion),
            "flow": models.flow(course, facts, void),
            "prizes": models.prizes(course, placed),
            "refusals": models.refusals(course, facts),
        }

    async def tables(self, rally: str) -> dict[str, models.Rows]:
        """Every table as it is."""
        course = self.engine.rallies.get(rally).course
        tables = {}
        for table in _KEYS:
            rows = await self.engine.pool.fetch(f"SELECT * FROM {table} WHERE rally = $1", rally)
            tables[table] = dict(_split(table, _plain(row, course)) for row in rows)
        return tables


_KEYS = {
    "footfall": 3,
    "completion": 2,
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
