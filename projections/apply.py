"""Apply: claim a projection, let it take a stretch of each bucket, move its progress; at once.

Because positions are gapless and in commit order, "up to the head" can never pass over a fact
that is still to be committed. Because progress moves with the rows, every fact is counted once.
A fact that cannot be applied is cornered and stopped at: the projection never skips one.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import asyncpg
import msgspec
import structlog

from domain.events import VERSIONS
from projections import statements as sql
from projections.contract import NotUnderstood, Projection, Stretch
from projections.said import said

FACTS_MAX = 20_000
"""Facts that are applied in one transaction at most, of all buckets together: a follower that was
away catches up in steps, each of them visible."""

NOT_BUILT = "not built yet"
"""The definition of tables that are still to be made."""

POISON = (
    NotUnderstood,
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    msgspec.MsgspecError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
"""What a fact that cannot be understood looks like, as against a database in trouble."""

log = structlog.get_logger()


class Applied(NamedTuple):
    """How many facts were applied, and whether there were more than one pass takes."""

    facts: int
    more: bool


NOTHING = Applied(0, more=False)


async def prepare(connection: asyncpg.Connection, projection: Projection) -> None:
    """Create the projection's tables and progress where the search path says, unless they are.

    Tables of another definition are left as they are: they serve until ours are built aside. A
    projection that is new to a log that is not is noted as not built and has no tables yet, so
    that nobody is shown it half full.
    """
    if await connection.fetchval(sql.READ_DEFINITION, projection.name) is not None:
        return
    if await connection.fetchval(sql.HAS_GROWN):
        await connection.execute(sql.CREATE_PROJECTION, projection.name, NOT_BUILT)
        await connection.execute(sql.CREATE_PROGRESS, projection.name)
    else:
        await lay_out(connection, projection)


async def lay_out(connection: asyncpg.Connection, projection: Projection) -> None:
    """Create the projection's tables and progress where the search path says."""
    await connection.execute(projection.sql("table"))
    await connection.execute(sql.CREATE_PROJECTION, projection.name, projection.definition)
    await connection.execute(sql.CREATE_PROGRESS, projection.name)


async def apply(
    connection: asyncpg.Connection, projection: Projection, facts_max: int = FACTS_MAX
) -> Applied:
    """Apply what is new in every bucket, at most `facts_max` facts in all.

    Nothing is applied while another process is at it, or when the tables are of another
    definition. What cannot be applied is noted with the progress of its bucket; the others go on.
    """
    try:
        return await _pass(connection, projection, facts_max)
    except POISON as error:
        log.warning("projection_hindered", projection=projection.name, why=said(error))
        return await _corner(connection, projection, facts_max)


async def _pass(
    connection: asyncpg.Connection,
    projection: Projection,
    facts_max: int,
    bucket: int | None = None,
) -> Applied:
    async with connection.transaction():
        if not await connection.fetchval(
            sql.LOCK_PROJECTION, projection.name, projection.definition
        ):
            return NOTHING
        behind = await connection.fetch(sql.READ_BEHIND, projection.name, bucket)
        if not behind:
            return NOTHING
        share = max(1, facts_max // len(behind))
        stretches = [
            Stretch(each["bucket"], each["position"], min(each["head"], each["position"] + share))
            for each in behind
        ]
        await _check_versions(connection, stretches)
        await projection.take(connection, stretches)
        buckets, _, positions = zip(*stretches, strict=True)
        await connection.execute(sql.MOVE_PROGRESS, projection.name, list(buckets), list(positions))
    return Applied(
        sum(stretch.until - stretch.after for stretch in stretches),
        any(stretch.until < each["head"] for stretch, each in zip(stretches, behind, strict=True)),
    )


async def _check_versions(connection: asyncpg.Connection, stretches: Sequence[Stretch]) -> None:
    """Raise NotUnderstood at a fact that a later release has written: we would misread it."""
    for stretch in stretches:
        for row in await connection.fetch(sql.READ_LATER_VERSIONS, *stretch):
            if row["version"] > VERSIONS.get(row["type"], 1):
                raise NotUnderstood(f"version {row['version']} is of a later release")


async def _corner(
    connection: asyncpg.Connection, projection: Projection, facts_max: int
) -> Applied:
    """Bring each bucket as far as it goes; stop it at the fact that cannot be applied."""
    facts = 0
    for each in await connection.fetch(sql.READ_BEHIND, projection.name, None):
        bucket = each["bucket"]
        for step in _halves(facts_max):
            try:
                applied = await _pass(connection, projection, step, bucket)
            except POISON as error:
                if step == 1:
                    await _stop(connection, projection, bucket, error)
                    break
            else:
                facts += applied.facts
                if not applied.more:  # it has come through, or somebody else is at it
                    break
    return Applied(facts, more=False)


def _halves(most: int) -> Iterator[int]:
    """Steps that end at whatever is among the next `most`: most, its half, …, 2, 1, 1."""
    while most > 1:
        yield most
        most = (most + 1) // 2
    yield from (1, 1)


async def _stop(
    connection: asyncpg.Connection, projection: Projection, bucket: int, error: Exception
) -> None:
    """Note at which fact a bucket stands still, and why."""
    behind = await connection.fetchrow(sql.READ_BEHIND, projection.name, bucket)
    if behind is None:
        return
    position = behind["position"] + 1
    fact = await connection.fetchrow(sql.DESCRIBE_FACT, bucket, position)
    what = f"{fact['type']} of {fact['rally']}" if fact else "a fact that is not there"
    why = f"bucket {bucket}, position {position} ({what}): {said(error)}"
    log.error("projection_stopped", projection=projection.name, why=why)
    await connection.execute(sql.STOP_PROGRESS, projection.name, bucket, behind["position"], why)
