"""The open data of a rally: made once of the exact figures, kept as made, published by its digest.

What was made and not published yet is seen by organisers and viewers, who see the exact figures
too. Of a publication there is no second one: `domain/suppression.py` says why.
"""

import asyncio
import secrets
from datetime import datetime
from hashlib import sha256

import msgspec
from msgspec import Struct

from domain.open_data import Counts, Row, blurred, may_make, publish, spoken, tables
from domain.plan import Plan
from domain.rally import NotAllowed, Rally
from projections.completion import COMPLETION
from projections.flow import FLOW
from projections.follow import read_lags
from projections.footfall import FOOTFALL
from service.engine import Engine, of_known
from service.failures import BeingRebuilt
from service.figures import read_funnel, read_moves
from service.footfall import (
    all_time,
    read_days,
    read_hours_of_day,
    read_languages,
    read_spot_days,
    read_spots,
    totals,
)
from service.report import summed
from service.sql import stored

_KEEP = stored("keep_open_data")
_READ = stored("read_open_data")
_DROP = stored("drop_open_data")
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, list[Row]]).decode


class Made(Struct, frozen=True):
    """Tables as they were made: their rows, in the order of their columns."""

    digest: str
    made_at: datetime
    tables: dict[str, list[Row]]


async def make(engine: Engine, name: str) -> Made:
    """Make the tables of a rally that is over, and keep them. Raises RallyUnknown, NotAllowed,
    BeingRebuilt."""
    rally, now = engine.rallies.known(name), engine.clock()
    may_make(rally, now)
    counts = await read_counts(engine, rally)
    async with engine.long_work:  # one at a time: check-ins share the processor with it
        text = await asyncio.to_thread(_made, rally.plan, counts)
    digest = sha256(text).hexdigest()
    await engine.pool.execute(_KEEP, name, digest, now, text)
    return Made(digest, now, _decode(text))


def _made(plan: Plan, exact: Counts) -> bytes:
    return _encode(tables(plan, blurred(plan, exact, secrets.randbelow)))


async def publish_made(
    engine: Engine, name: str, digest: str, licence: str | None, by: str
) -> Rally:
    """Make public the tables of a digest: those that were looked at, also if others were made
    since. Raises RallyUnknown, NotAllowed."""
    row = await engine.pool.fetchrow(_READ, name, digest)
    if row is None:
        raise NotAllowed("open_data_not_made", "Make the tables first, and look at them.")
    after = await engine.change(name, of_known(publish, by, digest, row["made_at"], licence))
    assert after.open_data is not None, "it was just published"
    await engine.pool.execute(_DROP, name, after.open_data.digest)
    return after


async def read_made(engine: Engine, rally: Rally) -> Made | None:
    """What was published of a rally, or else what was made last."""
    published = rally.open_data and rally.open_data.digest
    row = await engine.pool.fetchrow(_READ, rally.plan.rally, published)
    return row and Made(row["digest"], row["made_at"], _decode(row["tables"]))


async def read_counts(engine: Engine, rally: Rally) -> Counts:
    """The exact counts of a rally, up to date, by what organisers see. Raises BeingRebuilt."""
    pool, course = engine.pool, rally.course
    await engine.follower.catch_up()
    lags = await read_lags(pool, [FOOTFALL, FLOW, COMPLETION], engine.clock())
    if behind := [name for name, lag in lags.items() if lag.facts or lag.error]:
        raise BeingRebuilt(f"the whole log was not read yet by: {', '.join(behind)}")
    areas = {spot.id: spot.area for spot in course.plan.spots}
    spot_days = [
        ((row["spot"], row["day"].isoformat()), row) for row in await read_spot_days(pool, course)
    ]
    spots = await read_spots(pool, course)
    days = [((row["day"].isoformat(),), row) for row in await read_days(pool, course)]
    hours = await read_hours_of_day(pool, course)
    languages = await read_languages(pool, course, None, *all_time(course))
    funnel = await read_funnel(pool, course)
    return Counts(
        visits={cell: row["visits"] for cell, row in spot_days},
        headcount={cell: row["headcount"] for cell, row in spot_days},
        spot_headcount={(row["spot"],): row["headcount"] for row in spots},
        spot_visits={(row["spot"],): row["visits"] for row in spots},
        spot_visitors={(row["spot"],): row["visitors"] for row in spots},
        day_visits={cell: row["visits"] for cell, row in days},
        day_visitors={cell: row["visitors"] for cell, row in days},
        hours=summed(
            ((areas.get(row["spot"]), row["hour_of_day"]), row["visits"]) for row in hours
        ),
        languages=summed(((spoken(row.language),), row.visits) for row in languages),
        visitors={(): totals(row for _, row in days).visitors},
        cards={(step.stamps,): step.visitors for step in funnel.at_least},
        moves={
            (move.origin, move.destination): move.moves
            for move in await read_moves(pool, course, "area")
        },
    )
