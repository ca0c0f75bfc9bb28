"""The steps of a rally's draws: commit to a secret, fix the entries, draw. Each may be said again,
also after a crash in its midst."""

import asyncio
import secrets
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from uuid import UUID

import asyncpg

from domain.buckets import RALLIES_BUCKET, bucket_of
from domain.draw import (
    Entry,
    commit_draw,
    commitment,
    entries_of,
    fix_entries,
    forfeit,
    hold_draw,
    ranking_of,
)
from domain.events import Fact, HandOverReversed, PrizeHandedOver, RallyFact
from domain.rally import NotAllowed, Rally
from service.engine import Engine, of_known
from service.eventlog.cards import read_cards
from service.eventlog.statements import READ_HEADS
from service.sql import stored

SECRET_BYTES = 32
CARDS_AT_ONCE = 200
"""Check-ins share the processor with whoever looks through cards."""
_LOCK = stored("lock_draw")
_KEEP_SECRET = stored("keep_draw_secret")
_READ_SECRET = stored("read_draw_secret")
_READ_CARDS = stored("read_rally_cards")
_DROP_ENTRIES = stored("drop_draw_entries")
_READ_ENTRIES = stored("read_draw_entries")
_READ_PRIZE_ENTRIES = stored("read_prize_entries")
_FIND_ENTRY = stored("find_entry")


async def commit(engine: Engine, name: str, by: str) -> Rally:
    """Make a secret and publish its hash. Raises RallyUnknown, NotAllowed."""
    engine.rallies.known(name)
    secret = await engine.pool.fetchval(_KEEP_SECRET, name, secrets.token_hex(SECRET_BYTES))
    return await engine.change(name, of_known(commit_draw, by, commitment(secret)))


async def fix(
    engine: Engine, name: str, by: str, advanced: Callable[[int], object] = lambda _: None
) -> Rally:
    """Freeze the rally if it is not yet, list who takes part, and fix the list. `advanced` is told
    how many cards were read. Raises RallyUnknown, NotAllowed, also where cards changed while they
    were read: then it is to be said again."""
    engine.rallies.known(name)
    async with engine.own_connection() as connection:
        await connection.execute(_LOCK, name)  # the list and its digest are of one making
        if engine.rallies.known(name).drawing is None:
            raise NotAllowed("draw_not_committed", "Commit to a secret first.")
        rally = await engine.freeze(name, by)
        if rally.drawing and rally.drawing.digest is None:
            entries, positions = await _list(connection, rally, advanced)
            read_under = rally.frozen

            def decision(corrected: bool, known: Rally | None, now: datetime) -> RallyFact | None:
                assert known is not None, "rallies are never removed"
                return fix_entries(known, entries, read_under, now, by, corrected=corrected)

            rally = await engine.fix(name, positions, decision)
    return rally


async def hold(engine: Engine, name: str, public: str, about: str, by: str) -> Rally:
    """Draw, with a value that nobody could know before. Raises RallyUnknown, NotAllowed."""
    engine.rallies.known(name)
    secret = await engine.pool.fetchval(_READ_SECRET, name) or ""
    entries = await read_entries(engine.pool, name)
    return await engine.change(name, of_known(hold_draw, by, entries, secret, public, about))


async def forfeited(engine: Engine, name: str, prize: str, entry: str, by: str) -> Rally:
    """Say that a winner did not take a prize: the next of the published order has won it.

    Raises RallyUnknown, NotAllowed, also where the prize was handed over meanwhile.
    """
    drawing = engine.rallies.known(name).drawing
    if drawing is None:
        raise NotAllowed("draw_not_committed", "Commit to a secret first.")
    entries = [Entry(*row) for row in await engine.pool.fetch(_READ_PRIZE_ENTRIES, name, prize)]
    ranking = await asyncio.to_thread(ranking_of, drawing, entries, prize)
    visitor = await engine.pool.fetchval(_FIND_ENTRY, name, prize, entry)
    if visitor is None:
        raise NotAllowed("prize_not_won", "This entry has not won this prize.")

    def decision(facts: list[Fact], known: Rally | None, now: datetime) -> RallyFact | None:
        assert known is not None, "rallies are never removed"
        handed = given(facts, prize) > 0
        return forfeit(known, ranking, prize, entry, now, by, handed=handed)

    return await engine.judge_winner(visitor, name, decision)


def given(facts: Iterable[Fact], prize: str) -> int:
    """How many of a prize facts have given somebody, less those that were taken back."""
    handed = sum(isinstance(each, PrizeHandedOver) and each.prize == prize for each in facts)
    return handed - sum(
        isinstance(each, HandOverReversed) and each.prize == prize for each in facts
    )


async def read_entries(pool: asyncpg.Pool, name: str) -> list[Entry]:
    """The list of those who take part, as it is published."""
    return [Entry(*row) for row in await pool.fetch(_READ_ENTRIES, name)]


async def _list(
    connection: asyncpg.Connection, rally: Rally, advanced: Callable[[int], object]
) -> tuple[list[Entry], list[int]]:
    """Read all cards as they are at one moment, and keep who takes part. Returns that, and the last
    position of each visitors' bucket at that moment."""
    entries: list[Entry] = []
    records: list[tuple[str, str, str, int, UUID]] = []
    async with connection.transaction(isolation="repeatable_read"):
        heads = await connection.fetch(READ_HEADS)
        bucket = partial(bucket_of, visitor_buckets=len(heads) - 1)
        cursor = await connection.cursor(_READ_CARDS, rally.plan.rally)
        while rows := await cursor.fetch(CARDS_AT_ONCE):
            cards = await read_cards(connection, rows, bucket)
            for row in rows:
                visitor = row["visitor"]
                card = cards[visitor.bytes, rally.plan.rally]
                for entry in entries_of(rally, visitor, card):
                    entries.append(entry)
                    records.append((rally.plan.rally, *entry, visitor))
            advanced(len(rows))
        await connection.execute(_DROP_ENTRIES, rally.plan.rally)
        await connection.copy_records_to_table("draw_entries", records=records)
    return entries, [head["position"] for head in heads if head["bucket"] != RALLIES_BUCKET]
