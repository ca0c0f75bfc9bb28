"""Connections: to the database that is named, or to the embedded one; as the service's role."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from service.config import Config
from service.database.embedded import EmbeddedPostgres
from service.database.roles import SERVICE

CONNECT_SECONDS_MAX = 10
CLOSE_SECONDS_MAX = 10
STATEMENT_SECONDS_MAX = 10
"""A statement that takes longer waits for somebody who holds a lock: Postgres ends it."""
SILENCE_SECONDS_MAX = 2
"""So much longer we wait to be told so; then the connection is dead, and dropped."""


@asynccontextmanager
async def database(config: Config) -> AsyncIterator[str]:
    """The address of the configured database; the embedded one is held as long as we are here."""
    if config.database_url:
        yield config.database_url
        return
    postgres = await EmbeddedPostgres.start(config.data)
    try:
        yield postgres.url
    finally:
        await postgres.stop()


@asynccontextmanager
async def login(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection with the login's own rights and without limits, for setting up."""
    connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS_MAX)
    try:
        yield connection
    finally:
        await connection.close()


async def connect(dsn: str, name: str, **how: Any) -> asyncpg.Connection:
    """A connection beside the pool, as the service's role; `name` is what operators see of it."""
    return await asyncpg.connect(
        dsn,
        timeout=CONNECT_SECONDS_MAX,
        server_settings={"application_name": name, "role": SERVICE},
        **how,
    )


@asynccontextmanager
async def pool_on(dsn: str, connections_max: int) -> AsyncIterator[asyncpg.Pool]:
    """Connections to share, each with limits on how long it may wait and hold."""
    pool = await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=connections_max,
        # Our connections keep no state between uses, so there is nothing to reset; asking the
        # server to do so would cost each batch a round trip.
        reset=_nothing,
        connection_class=_Impatient,
        timeout=CONNECT_SECONDS_MAX,
        command_timeout=STATEMENT_SECONDS_MAX + SILENCE_SECONDS_MAX,
        server_settings={
            "application_name": "meguri",
            "role": SERVICE,
            "synchronous_commit": "on",
            "statement_timeout": f"{STATEMENT_SECONDS_MAX}s",
            # A process that was stopped in mid-transaction must not hold a bucket for ever.
            "idle_in_transaction_session_timeout": f"{STATEMENT_SECONDS_MAX}s",
        },
    )
    try:
        yield pool
    finally:
        await _close(pool)


class _Impatient(asyncpg.Connection):  # type: ignore[misc]
    """A connection that is dropped when an answer does not come in time.

    asyncpg would ask the server to cancel and wait for it to agree: as long again, and in vain
    where the network has swallowed the connection. Its bucket would wait all the while.
    """

    def _cancel_current_command(self, *waiters: asyncio.Future[None]) -> None:
        asyncio.get_running_loop().call_soon(self.terminate)


async def _nothing(connection: asyncpg.Connection) -> None:
    """Leave the connection as it is."""


async def _close(pool: asyncpg.Pool) -> None:
    try:
        async with asyncio.timeout(CLOSE_SECONDS_MAX):
            await pool.close()
    except TimeoutError:
        pool.terminate()
