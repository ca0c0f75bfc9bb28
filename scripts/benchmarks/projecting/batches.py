"""Batches: how long it takes to apply what one commit has just added to a large log."""

import time
from itertools import islice

import asyncpg

from benchmarks.append import BUCKET, scans_of
from benchmarks.results import Round, Row
from benchmarks.site import Postgres
from domain.refusals import Refusal
from projections.apply import apply
from projections.catalogue import CATALOGUE
from service.config import Config
from service.engine import open_engine

FACTS = 500
"""Facts a batch: the largest that the service commits."""
BATCHES = 20
_WARM_UP = 2
_WINDOW = 250
"""Visitors about at a time: a batch has two visits of each, and the next batch two more."""


async def measure_batches(postgres: Postgres, database: str) -> list[Row]:
    """A row a projection, of which each round is one batch."""
    rows = {
        name: Row(
            name=f"live_{name}", title=f"{FACTS} facts into {name}", unit="facts", kind="live"
        )
        for name in CATALOGUE
    }
    connection = await asyncpg.connect(postgres.url(database))
    try:
        async with open_engine(Config(database_url=postgres.url(database))) as engine:
            await engine.follower.catch_up()
            scans = await scans_of(engine, _WINDOW)
            for number in range(_WARM_UP + BATCHES):
                outcomes = await engine.log.commit(BUCKET, list(islice(scans, FACTS)))
                errors = sum(isinstance(each, Refusal | Exception) for each in outcomes)
                for name, row in rows.items():
                    taken = await _apply(connection, name)
                    taken.errors += errors
                    if number >= _WARM_UP:
                        row.rounds.append(taken)
    finally:
        await connection.close()
    return list(rows.values())


async def _apply(connection: asyncpg.Connection, name: str) -> Round:
    """Apply the batch to one projection; that it was not applied as a whole is an error."""
    began, cpu = time.perf_counter(), time.process_time()
    applied = await apply(connection, CATALOGUE[name])
    seconds = time.perf_counter() - began
    return Round(
        per_second=FACTS / seconds,
        requests=FACTS,
        seconds=seconds,
        errors=int(applied.facts != FACTS),
        service_cpu_ms=(time.process_time() - cpu) * 1e3 / FACTS,
    )
