"""Growth: a log of millions of facts, loaded by set-based SQL as if the service had written it.

How real it is: every fact has a visitor, a spot and a time of the last week, eight to a visitor,
in the order of a busy day; positions are gapless, buckets are the visitors' own, both indexes grow
row by row as they would, the cards are what folding the facts gives (a sample is checked), the
projections have been applied. What differs: nobody earned a prize, nobody was refused or late, all
visitors speak Japanese, and tables were vacuumed and analysed once at the end.

A `varied` log (for projections) has refused scans, prizes earned and entered for, five languages
and walks of many shapes as well, in the same order and with the same cards; still nobody is late,
nobody comes again on another day, and no guests were counted by staff.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import asyncpg
import msgspec

from benchmarks.site import Postgres
from domain.card import Card, evolve
from domain.events import VisitorFact
from domain.rally import Rally
from service.config import Config
from service.engine import Engine, open_engine
from service.eventlog.chain import chain_rest
from service.eventlog.rows import to_fact

VISITS = 8
"""Facts a visitor, nearly all of them visits: a card of the middle of a rally."""
WAVE = 2_000
"""Visitors of a bucket who are about at the same time."""
DAYS = 7
SECONDS_A_FACT = 3e-5
"""About, for the progress bar."""
BYTES_EACH = 450
"""Disk that a fact needs at most while loading: with its share of a card and of the WAL."""
_SAMPLE = 200
_FOLDER = Path(__file__).parent / "sql"
_CROWD, _WAVE, _VARIED_WAVE, _HEADS = (
    (_FOLDER / f"grow_{name}.sql").read_text(encoding="utf-8")
    for name in ("crowd", "wave", "varied_wave", "heads")
)
_CREATE_CROWD = "CREATE TEMP TABLE crowd (visitor uuid, bucket smallint, number bigint)"
_FACTS_OF = """
SELECT position, type::text AS type, version, rally, visitor, spot, period, firsts, occurred_at,
       recorded_at, scan_id, language, evidence, data
FROM events WHERE bucket = $1 AND visitor = $2 AND rally = $3
ORDER BY position
"""


async def grow(
    postgres: Postgres,
    database: str,
    facts: int,
    loaded: Callable[[int], object],
    *,
    varied: bool = False,
    applied: bool = True,
) -> None:
    """Load `facts` facts and their cards into a prepared database without visits.

    `varied`: not only visits of Japanese. `applied`: the projections have read them, too.
    """
    async with open_engine(Config(database_url=postgres.url(database))) as engine:
        (rally,) = engine.rallies.all()
        connection = await asyncpg.connect(postgres.url(database))
        try:
            visitors = facts // VISITS
            wave = _VARIED_WAVE if varied else _WAVE
            await _load(connection, engine, rally, visitors, wave, loaded)
            await connection.execute(_HEADS)
            await chain_rest(connection)
            if applied:
                await engine.follower.catch_up()
            await connection.execute("VACUUM (ANALYZE)")
            await connection.execute("CHECKPOINT")
            await _check(connection, engine, rally, visitors)
        finally:
            await connection.close()


async def _load(
    connection: asyncpg.Connection,
    engine: Engine,
    rally: Rally,
    visitors: int,
    wave_statement: str,
    loaded: Callable[[int], object],
) -> None:
    await connection.execute(_CREATE_CROWD)
    await connection.execute(_CROWD, visitors, engine.log.visitor_buckets, DAYS)
    await connection.execute("CREATE INDEX ON crowd (number)")
    await connection.execute("ANALYZE crowd")
    waves = int(await connection.fetchval("SELECT max(number) / $1 + 1 FROM crowd", WAVE))
    spots = [spot.id for spot in rally.plan.spots]
    packed = [msgspec.msgpack.encode(spot) for spot in spots]
    today = engine.clock().astimezone(rally.course.zone).date()
    for wave in range(waves):
        week = wave * DAYS / waves
        day = today - timedelta(days=DAYS - int(week))
        begins = rally.course.begins(day) + timedelta(hours=9 + 8 * (week % 1))
        number = day.year * 10_000 + day.month * 100 + day.day
        await connection.execute(
            wave_statement, rally.plan.rally, wave, WAVE, VISITS, begins, number, spots, packed
        )
        loaded(visitors * VISITS // waves)


async def _check(
    connection: asyncpg.Connection, engine: Engine, rally: Rally, visitors: int
) -> None:
    """A sample of the cards must be what folding the visitor's facts gives."""
    share = min(100.0, 500 * _SAMPLE / visitors)
    rows = await connection.fetch(
        "SELECT bucket, visitor FROM crowd TABLESAMPLE BERNOULLI ($1) LIMIT $2", share, _SAMPLE
    )
    assert rows, "somebody was loaded"
    for row in rows:
        folded = Card()
        facts = await connection.fetch(_FACTS_OF, row["bucket"], row["visitor"], rally.plan.rally)
        for each in facts:
            fact = to_fact(each)
            assert isinstance(fact, VisitorFact), "nothing else was loaded"
            folded = evolve(folded, fact, each["position"], each["recorded_at"])
        kept = await engine.log.card(row["visitor"], rally.plan.rally)
        if len(facts) != VISITS or kept != folded:
            raise RuntimeError("The loaded cards are not what their facts make: see growth.py")
