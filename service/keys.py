"""The stored keys: read into a keyring, made when they are needed."""

import secrets

import asyncpg

from qr.keyring import SECRET_BYTES, CodeKey, Keyring, PeopleKey
from service.sql import stored

_READ = stored("read_keys")
_LOCK = stored("lock_keys")
_MAKE = stored("make_key")
_DISTRUST = stored("distrust_keys")


async def read_keyring(pool: asyncpg.Pool) -> Keyring:
    """All keys."""
    rows = await pool.fetch(_READ)
    return Keyring(
        (CodeKey(row["id"], row["rally"], row["secret"]) for row in rows if row["rally"]),
        (
            PeopleKey(row["id"], row["secret"], row["visitors_only"])
            for row in rows
            if not row["rally"]
        ),
    )


async def make_key(pool: asyncpg.Pool, rally: str | None, *, another: bool = False) -> None:
    """Make a key of a rally (None: for people's tokens): the first one, or `another`."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(_LOCK)
        await connection.execute(_MAKE, rally, secrets.token_bytes(SECRET_BYTES), another)


async def distrust_keys(pool: asyncpg.Pool) -> None:
    """Believe no token of anybody but visitors by the keys that there are: they may have been
    seen."""
    await pool.execute(_DISTRUST)
