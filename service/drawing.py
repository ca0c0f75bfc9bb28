"""The steps of a rally's draws: commit to a secret, fix the entries, draw. Each may be said again,
also after a crash in its midst."""

import secrets
from collections.abc import Callable

import asyncpg
import msgspec

from domain.card import Card
from domain.draw import (
    Entry,
    close_entries,
    commit_draw,
    commitment,
    entries_of,
    fix_entries,
    hold_draw,
)
from domain.rally import Rally
from service.engine import Engine, of_known
from service.sql import stored

SECRET_BYTES = 32
CARDS_AT_ONCE = 1_000
_LOCK = stored("lock_draw")
_KEEP_SECRET = stored("keep_draw_secret")
_READ_SECRET = stored("read_draw_secret")
_READ_CARDS = stored("read_rally_cards")
_DROP_ENTRIES = stored("drop_draw_entries")
_READ_ENTRIES = stored("read_draw_entries")
_decode_card = msgspec.msgpack.Decoder(Card).decode


async def commit(engine: Engine, name: str, by: str) -> Rally:
    """Make a secret and publish its hash. Raises RallyUnknown, NotAllowed."""
    engine.rallies.known(name)
    secret = await engine.pool.fetchval(_KEEP_SECRET, name, secrets.token_hex(SECRET_BYTES))
    return await engine.change(name, of_known(commit_draw, by, commitment(secret)))


async def fix(
    engine: Engine, name: str, by: str, advanced: Callable[[int], object] = lambda _: None
) -> Rally:
    """Close the entries, list who takes part, and fix the list. `advanced` is told how many cards
    were read. Raises RallyUnknown, NotAllowed."""
    engine.rallies.known(name)
    async with engine.own_connection() as connection:
        await connection.execute(_LOCK, name)  # the list and its digest are of one making
        rally = await engine.change(name, of_known(close_entries, by))
        assert rally.drawing is not None, "its entries were just closed"
        if rally.drawing.digest is None:
            entries = await _list(connection, rally, advanced)
            rally = await engine.change(name, of_known(fix_entries, by, entries))
    return rally


async def hold(engine: Engine, name: str, public: str, about: str, by: str) -> Rally:
    """Draw, with a value that nobody could know before. Raises RallyUnknown, NotAllowed."""
    engine.rallies.known(name)
    secret = await engine.pool.fetchval(_READ_SECRET, name) or ""
    entries = await read_entries(engine.pool, name)
    return await engine.change(name, of_known(hold_draw, by, entries, secret, public, about))


async def read_entries(pool: asyncpg.Pool, name: str) -> list[Entry]:
    """The list of those who take part, as it is published."""
    return [Entry(*row) for row in await pool.fetch(_READ_ENTRIES, name)]


async def _list(
    connection: asyncpg.Connection, rally: Rally, advanced: Callable[[int], object]
) -> list[Entry]:
    """Read all cards as they are at one moment, and keep who takes part."""
    entries: list[Entry] = []
    async with connection.transaction(isolation="repeatable_read"):
        cursor = await connection.cursor(_READ_CARDS, rally.plan.rally)
        while rows := await cursor.fetch(CARDS_AT_ONCE):
            for row in rows:
                entries += entries_of(rally, row["visitor"], _decode_card(row["state"]))
            advanced(len(rows))
        await connection.execute(_DROP_ENTRIES, rally.plan.rally)
        records = [(rally.plan.rally, *entry) for entry in entries]
        await connection.copy_records_to_table("draw_entries", records=records)
    return entries
