"""Reads: how long pages wait for what they ask of the projections."""

import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

import asyncpg

from benchmarks.growth import DAYS
from benchmarks.results import Round, Row
from benchmarks.site import Postgres
from domain.rally import Rally
from projections.catalogue import CATALOGUE
from service.config import Config
from service.engine import open_engine

RUNS = 50
_WARM_UP = 5


class Question(NamedTuple):
    """A statement of a projection's folder and what it is asked for."""

    projection: str
    statement: str
    what: str
    arguments: tuple[Any, ...]


async def measure_reads(postgres: Postgres, database: str) -> list[Row]:
    """A row a question, of which each round is one run."""
    async with open_engine(Config(database_url=postgres.url(database))) as engine:
        (rally,) = engine.rallies.all()
        questions = list(_questions(rally, engine.clock().astimezone(rally.course.zone).date()))
    connection = await asyncpg.connect(postgres.url(database))
    try:
        for projection in CATALOGUE.values():
            for table in projection.tables:
                await connection.execute(f"ANALYZE {table}")
        return [await _ask(connection, question) for question in questions]
    finally:
        await connection.close()


def _questions(rally: Rally, today: date) -> Iterator[Question]:
    """What pages and the API ask; a week and a day of the time that was loaded."""
    name, spot = rally.plan.rally, rally.plan.spots[0].id
    first = rally.course.begins(today - timedelta(days=DAYS))
    week = (first, first + timedelta(days=DAYS))
    day = (first + timedelta(days=DAYS // 2), first + timedelta(days=DAYS // 2 + 1))
    yield Question("footfall", "read", "a spot, a week", (name, spot, *week))
    yield Question("footfall", "read", "all spots, a day", (name, None, *day))
    yield Question("footfall", "read", "all spots, a week", (name, None, *week))
    yield Question("footfall", "read_days", "a week", (name, rally.plan.time_zone))
    yield Question("footfall", "read_spots", "a week", (name,))
    yield Question("footfall", "read_languages", "all spots, a week", (name, None, *week))
    yield Question("completion", "read", "", (name,))
    yield Question("flow", "read", "", (name,))
    yield Question("flow", "read_minutes", "", (name,))
    yield Question("prizes", "read", "", (name,))
    yield Question("refusals", "read", "a week", (name, *week))


async def _ask(connection: asyncpg.Connection, question: Question) -> Row:
    statement = CATALOGUE[question.projection].sql(question.statement)
    rounds, found = [], 0
    for _ in range(_WARM_UP + RUNS):
        began = time.perf_counter()
        found = len(await connection.fetch(statement, *question.arguments))
        seconds = time.perf_counter() - began
        rounds.append(
            Round(per_second=1 / seconds, requests=1, seconds=seconds, errors=int(not found))
        )
    where = f"{question.projection}/{question.statement}.sql"
    what = f"{question.what}; {found:,} rows" if question.what else f"{found:,} rows"
    return Row(
        name=f"read_{question.projection}_{question.statement}",
        title=f"{where} ({what})",
        unit="reads",
        kind="read",
        rounds=rounds[_WARM_UP:],
    )
