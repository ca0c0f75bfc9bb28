"""A shadow: a schema in which a projection is built aside, while the live one goes on serving.

The shadow has tables of the same names, and a progress of its own. Looking at it first (the search
path) makes the very same `apply` fill it: there is no second way of building a projection.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg

from projections import statements as sql
from projections.apply import Applied, apply, lay_out
from projections.contract import Projection

FACTS_AT_ONCE = 500_000
"""Facts in one transaction, of all buckets together: large enough that grouping pays, small enough
that little is done again after a kill."""
FACTS_BESIDE = 20_000
"""The same where check-ins are served by the same process: they must not wait for a large step."""


REBUILD, VERIFY = "rebuild", "verify"
"""What a shadow is for."""


def schema_of(projection: Projection, kind: str) -> str:
    """The schema of a projection's shadow."""
    return f"{kind}_{projection.name}"


class BuildHindered(Exception):  # noqa: N818 - it names what hinders
    """A projection cannot be built aside. The text says why and what to do."""


class Shadow:
    """The shadow of a projection, over a connection that is used for nothing else meanwhile."""

    def __init__(
        self, connection: asyncpg.Connection, projection: Projection, kind: str, home: str
    ) -> None:
        self.connection = connection
        self.projection = projection
        self.schema = schema_of(projection, kind)
        self.home = home

    def say(self, statement: str, table: str = "") -> str:
        """A statement with the names filled in."""
        return statement.format(
            shadow=self.schema, home=self.home, name=self.projection.name, table=table
        )

    async def begin(self, *, resume: bool) -> int:
        """Lay the shadow out, or go on with one that was begun; returns the facts it has read."""
        if resume and await self._begun():
            await self.connection.execute(self.say(sql.FORGET_ERRORS))
            return await self.facts()
        async with self.connection.transaction():
            await self.connection.execute(self.say(sql.CREATE_SHADOW))
            async with self.looked_at():
                await lay_out(self.connection, self.projection)
        return 0

    async def _begun(self) -> bool:
        """Whether there is a shadow of this very definition."""
        there = await self.connection.fetchval(sql.FIND_SHADOW, f"{self.schema}.projections")
        definition = there and await self.connection.fetchval(
            self.say(sql.SHADOW_DEFINITION), self.projection.name
        )
        return bool(definition == self.projection.definition)

    async def facts(self) -> int:
        """How many facts the shadow has read. Raises BuildHindered when it stands still."""
        row = await self.connection.fetchrow(self.say(sql.SHADOW_PROGRESS), self.projection.name)
        if row["error"]:
            raise BuildHindered(
                f"{self.projection.name} cannot be built: it stops at {row['error']}. "
                "The live one goes on as it was."
            )
        return int(row["facts"])

    @asynccontextmanager
    async def looked_at(self) -> AsyncIterator[None]:
        """Within, names without a schema mean the shadow's, where it has them."""
        await self.connection.execute(sql.LOOK_AT, f"{self.schema}, {self.home}")
        try:
            yield
        except BaseException:
            # A transaction that fails takes the choice of schemas back by itself.
            if not (self.connection.is_closed() or self.connection.is_in_transaction()):
                await self.connection.execute(sql.LOOK_AT, self.home)
            raise
        await self.connection.execute(sql.LOOK_AT, self.home)

    async def fill(
        self, advanced: Callable[[int], object], share: float = 1.0, at_once: int | None = None
    ) -> None:
        """Apply everything there is, at work for at most `share` of the time.

        `at_once` facts are one step; `advanced` is told how many each has read. Raises
        BuildHindered.
        """
        async with self.looked_at():
            while True:
                began = time.monotonic()
                applied = await self._step(advanced, at_once or FACTS_AT_ONCE)
                if not applied.more:
                    return
                await asyncio.sleep((time.monotonic() - began) * (1 / share - 1))

    async def _step(self, advanced: Callable[[int], object], at_once: int) -> Applied:
        applied = await apply(self.connection, self.projection, at_once)
        await self.facts()
        advanced(applied.facts)
        return applied

    async def drop(self) -> None:
        """Leave nothing behind."""
        await self.connection.execute(self.say(sql.DROP_SHADOW))


@asynccontextmanager
async def shadow_of(
    connection: asyncpg.Connection, projection: Projection, kind: str
) -> AsyncIterator[Shadow]:
    """The shadow of a projection, nobody else's. Raises BuildHindered when somebody is at it."""
    if not await connection.fetchval(sql.TRY_REBUILD_LOCK, projection.name):
        raise BuildHindered(
            f"{projection.name} is being rebuilt or verified by another process. Wait for it."
        )
    try:
        await connection.execute(sql.BUILD_SETTINGS)
        home = await connection.fetchval(sql.READ_HOME)
        yield Shadow(connection, projection, kind, home)
    finally:
        if not connection.is_closed():
            await connection.execute(sql.UNLOCK_REBUILD, projection.name)
