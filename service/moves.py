"""Moving a card to another phone: a short code, good for one use within a few minutes.

Both phones then show the same card. Only the code's hash is stored.
"""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

import asyncpg

from qr.codes import ALPHABET, as_typed
from service.sign_in import Person, Role
from service.sql import stored

CODE_CHARACTERS = 8
"""40 bits: what may be guessed in ten minutes (`Engine.bad_moves`) is less than a millionth."""
GOOD_FOR = timedelta(minutes=10)
_BEGIN = stored("begin_move")
_LOOK = stored("look_at_move")
_TAKE = stored("take_move")


class Move(NamedTuple):
    """Whose card is moved, and which one was open."""

    visitor: Person
    rally: str


async def begin(
    pool: asyncpg.Pool, visitor: Person, rally: str, now: datetime
) -> tuple[str, datetime]:
    """A new code for a visitor's card, and until when it is good; the card's older ones go."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_CHARACTERS))
    expires_at = now + GOOD_FOR
    await pool.execute(_BEGIN, _hash(code), visitor.id, visitor.since, rally, expires_at, now)
    return f"{code[:4]}-{code[4:]}", expires_at


async def look(pool: asyncpg.Pool, code: str, now: datetime) -> Move | None:
    """What a code would move; it stays good."""
    return _move(await pool.fetchrow(_LOOK, _hash(code), now))


async def take(pool: asyncpg.Pool, code: str, now: datetime) -> Move | None:
    """Use a code up: what it moves, or None if it is not good (any more)."""
    return _move(await pool.fetchrow(_TAKE, _hash(code), now))


def _hash(code: str) -> bytes:
    return sha256(as_typed(code).encode()).digest()


def _move(row: Any) -> Move | None:
    if row is None:
        return None
    visitor = Person(role=Role.VISITOR, id=row["visitor"], since=row["since"])
    return Move(visitor, row["rally"])
