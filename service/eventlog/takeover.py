"""Facts of another log become facts of this one: with cards, rallies, what is taken and the chain,
by the same code as everywhere.

A visitor's facts keep their order. Where they come to stand depends on how many buckets there are
here, so facts that name visits by their positions are made to name them as they stand now.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple, cast
from uuid import UUID

import asyncpg
import msgspec

from domain.buckets import RALLIES_BUCKET
from domain.card import Card, evolve
from domain.events import (
    Fact,
    HeadcountRecorded,
    RallyFact,
    RallyFrozen,
    RallyPlanned,
    VisitorFact,
    VisitRecorded,
)
from domain.rally import Rally, evolve_rally
from domain.stock import Lot, taken_by
from service.eventlog import statements as sql
from service.eventlog.cards import encode_card, read_cards
from service.eventlog.check import doubles
from service.eventlog.lines import LoggedEvent
from service.eventlog.log import EventLog, keep_rally
from service.eventlog.rows import Row, arrays, to_fact
from service.eventlog.taken import taken_now


class Placed(NamedTuple):
    """A fact of another log and the number of its line."""

    number: int
    event: LoggedEvent


class FactMistake(Exception):  # noqa: N818 - as ImportMistake is
    """A fact does not fit to those that are here; the text says why."""

    def __init__(self, placed: Placed, why: str) -> None:
        super().__init__(f"{placed.event.type} of {placed.event.rally}: {why}")
        self.number = placed.number


async def take_over(
    log: EventLog, connection: asyncpg.Connection, placed: Sequence[Placed]
) -> None:
    """Append facts of one bucket of another log, in one transaction, and keep how far they go.
    Raises FactMistake."""
    of: dict[int, list[Placed]] = defaultdict(list)
    for each in placed:
        visitor = each.event.data.visitor
        of[RALLIES_BUCKET if visitor is None else log.bucket_of(visitor)].append(each)
    async with connection.transaction():
        ends = {bucket: (await log.lock(connection, bucket))["position"] for bucket in sorted(of)}
        for bucket, end in ends.items():
            about = _about_rallies if bucket == RALLIES_BUCKET else _about_visitors
            await about(log, connection, bucket, end, of[bucket])
        await _keep_progress(connection, placed)


async def _keep_progress(connection: asyncpg.Connection, placed: Sequence[Placed]) -> None:
    counts = Counter(each.event.rally for each in placed)
    last = {each.event.rally: each.event for each in placed}
    for rally, event in last.items():
        at = event.log, rally, event.bucket, event.position, event.id
        await connection.execute(sql.WRITE_IMPORT, *at, counts[rally])


async def _about_rallies(
    log: EventLog, connection: asyncpg.Connection, bucket: int, end: int, placed: list[Placed]
) -> None:
    before: dict[str, Rally | None] = {}
    after: dict[str, tuple[int, Rally]] = {}
    rows = []
    for position, each in enumerate(placed, end + 1):
        name = each.event.rally
        if name not in before:
            state = await connection.fetchval(sql.READ_RALLY, name)
            before[name] = msgspec.json.decode(state, type=Rally) if state else None
        known = after[name][1] if name in after else before[name]
        row = _frozen_here(each.event, position, log.visitor_buckets)
        fact = _fact(each, row)
        if (known is None) != isinstance(fact, RallyPlanned):
            raise FactMistake(
                each, "this rally is here already" if known else "its plan is missing"
            )
        if isinstance(fact, RallyFact):
            after[name] = position, evolve_rally(known, fact)
        elif not isinstance(fact, HeadcountRecorded):
            raise FactMistake(each, "it has no visitor")
        rows.append(row)
    await _append(connection, bucket, end, placed, rows, {})
    for name, (position, rally) in after.items():
        await keep_rally(connection, position, before[name], rally)
    await log.rallies.refresh(connection)


async def _about_visitors(
    log: EventLog, connection: asyncpg.Connection, bucket: int, end: int, placed: list[Placed]
) -> None:
    visitors = list({each.event.data.visitor for each in placed})
    kept = await connection.fetch(sql.READ_CARDS, bucket, visitors)
    cards = await read_cards(connection, kept, log.bucket_of)
    changed: dict[tuple[UUID, str], Card] = {}
    taken: Counter[Lot] = Counter()
    rows = []
    for position, each in enumerate(placed, end + 1):
        rally = log.rallies.get(each.event.rally)
        visitor = cast(UUID, each.event.data.visitor)
        if rally is None:
            raise FactMistake(each, "its rally is not here")
        key = visitor.bytes, each.event.rally
        card = cards.get(key, Card())
        row = _named_here(each, card)
        fact = cast(VisitorFact, _fact(each, row))
        if isinstance(fact, VisitRecorded) and any(doubles(fact, card)):
            raise FactMistake(each, "this visit was made here, too: the two logs have both gone on")
        cards[key] = changed[visitor, key[1]] = evolve(card, fact, position, each.event.recordedat)
        taken.update(taken_by(rally, [fact]))
        rows.append(row)
    await _append(connection, bucket, end, placed, rows, changed)
    await taken_now(connection, taken)


async def _append(
    connection: asyncpg.Connection,
    bucket: int,
    end: int,
    placed: list[Placed],
    rows: list[Row],
    cards: dict[tuple[UUID, str], Card],
) -> None:
    positions = list(range(end + 1, end + 1 + len(rows)))
    recorded = [each.event.recordedat for each in placed]
    kept = [(*of, encode_card(card)) for of, card in cards.items()]
    columns = arrays(positions, rows, kept)
    await connection.execute(sql.APPEND, bucket, recorded, positions[-1], *columns)


def _fact(each: Placed, row: Row) -> Fact:
    """The fact in a row. Raises FactMistake."""
    try:
        return to_fact(row._asdict() | {"position": each.event.position})
    except (ValueError, TypeError, KeyError, msgspec.MsgspecError) as error:
        raise FactMistake(each, f"this release cannot read it ({error})") from error


def _named_here(each: Placed, card: Card) -> Row:
    """The row of a fact that names visits of the card by their positions here."""
    row, visits = each.event.row(), each.event.data.visits
    if not visits:
        return row
    of: dict[int, int] = {}
    for position, scan_id in visits.items():
        index = card.visit_of_scan(scan_id.bytes)
        if index is None:
            raise FactMistake(each, "it is about a visit that is not on the card here")
        of[int(position)] = card.visits[index].position
    data = msgspec.json.decode(row.data or "{}")
    for named in (data, *data.get("corrections", ())):
        for field in ("visit", "position"):
            if field in named:
                named[field] = of[named[field]]
    return row._replace(data=msgspec.json.encode(data).decode())


def _frozen_here(event: LoggedEvent, position: int, visitor_buckets: int) -> Row:
    """The row of a rally's fact. A freeze tells the last positions of all buckets: where they are
    others here, it tells none."""
    row = event.row()
    if event.type != RallyFrozen.__name__ or row.data is None:
        return row
    data: dict[str, Any] = msgspec.json.decode(row.data)
    if position == event.position and len(data["positions"]) == visitor_buckets:
        return row
    data["positions"] = [0] * visitor_buckets
    return row._replace(data=msgspec.json.encode(data).decode())
