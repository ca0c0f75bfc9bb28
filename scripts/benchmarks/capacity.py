"""`scripts/capacity`: what visits cost on a server, and what a country's rally would take of it.

Visitors walk to `VISITS` spots each, in batches, by the very path of a check-in
(`EventLog.commit`) without HTTP; then the projections catch up, and sizes are read. Tables are
rewritten before, as a walk of minutes leaves old versions of cards behind that autovacuum would
have taken back in a walk of weeks: real tables need room for some. The log stays in its database.
"""

import argparse
import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from uuid import UUID, uuid4

import structlog
import uvloop
from msgspec import Struct
from tqdm import tqdm

from benchmarks.append import codes_of
from benchmarks.site import lay_out
from domain.refusals import Refusal
from domain.scan import Scan
from projections.catalogue import CATALOGUE
from qr.codes import Code
from service.config import Config
from service.database.pool import login
from service.engine import Engine, open_engine
from service.ids import new_id
from service.scans import ScanBody, scan_of
from service.sign_in import Person, Role
from service.sql import stored

VISITS = 20
"""Visits a visitor: 200 million of 10 million."""
VISITORS_OF_COUNTRY = 10_000_000
SECONDS_OF_COUNTRY = 60 * 10 * 3600
"""Sixty days of ten hours."""
PEAK = 4
"""How much more comes in the busiest hour than in the average one."""
_SIZES = {False: "SELECT pg_total_relation_size($1::text::regclass)",
          True: "SELECT citus_total_relation_size($1::text::regclass)"}  # fmt: skip


class Found(Struct, frozen=True):
    """What was measured; sizes are in bytes, with indexes."""

    visits: int
    visits_per_second: float
    service_cpu_us: float
    """The service's CPU a visit."""
    applied_per_second: float
    """Facts into all projections."""
    event_bytes: float
    """A visit's in the log, with its share of the chain."""
    card_bytes: float
    """A visitor's card."""
    projection_bytes: float
    """What projections keep, a visitor."""


async def measure(config: Config, visitors: int, batch: int) -> Found:
    """Let `visitors` walk on the configured database, which must have no log yet."""
    async with open_engine(config) as engine:
        if engine.rallies.all():
            raise RuntimeError("There is a log in this database already: name an empty one.")
        await lay_out(engine)
        began, cpu = time.perf_counter(), time.process_time()
        await _walk(engine, visitors, batch)
        walked, cpu = time.perf_counter() - began, time.process_time() - cpu
        began = time.perf_counter()
        await engine.follower.catch_up()
        applied = time.perf_counter() - began
        visits = visitors * VISITS
        tables = [table for each in CATALOGUE.values() for table in each.tables]
        await _rewrite(config, ["cards", *tables])
        return Found(
            visits=visits,
            visits_per_second=visits / walked,
            service_cpu_us=cpu / visits * 1e6,
            applied_per_second=visits / applied,
            event_bytes=await _bytes(engine, ["events", "batches"]) / visits,
            card_bytes=await _bytes(engine, ["cards"]) / visitors,
            projection_bytes=await _bytes(engine, tables) / visitors,
        )


async def _rewrite(config: Config, tables: Sequence[str]) -> None:
    async with login(str(config.database_url)) as connection:
        for table in tables:
            await connection.execute(f"VACUUM FULL {table}")


async def _bytes(engine: Engine, tables: Sequence[str]) -> int:
    spread = await engine.pool.fetchval(stored("is_spread"))
    return sum([await engine.pool.fetchval(_SIZES[spread], table) for table in tables])


async def _walk(engine: Engine, visitors: int, batch: int) -> None:
    """All buckets at a time, as far as there are connections; each its batches in turn."""
    codes = await codes_of(engine)
    crowd: dict[int, list[UUID]] = defaultdict(list)
    for _ in range(visitors):
        visitor = new_id(engine.clock())
        crowd[engine.log.bucket_of(visitor)].append(visitor)
    with tqdm(total=visitors * VISITS, unit="visit", leave=False) as bar:

        async def walk(bucket: int) -> None:
            for scans in _batches(engine, codes, crowd[bucket], batch):
                for outcome in await engine.log.commit(bucket, scans):
                    if isinstance(outcome, Refusal | Exception):
                        raise RuntimeError(f"A scan was not accepted: {outcome}")
                bar.update(len(scans))

        await asyncio.gather(*map(walk, crowd))


def _batches(
    engine: Engine, codes: list[Code], visitors: list[UUID], batch: int
) -> Iterator[list[Scan]]:
    since = engine.clock()
    people = [Person(role=Role.VISITOR, id=visitor, since=since) for visitor in visitors]
    for first in range(0, len(people), batch):
        for visit in range(VISITS):
            yield [
                scan_of(
                    codes[(number + visit) % len(codes)],
                    person,
                    ScanBody(code="", scan_id=uuid4()),
                    "ja",
                )
                for number, person in enumerate(people[first : first + batch])
            ]


def told(found: Found) -> str:
    """The figures, and the arithmetic of a country's rally."""
    people, visits = VISITORS_OF_COUNTRY, VISITORS_OF_COUNTRY * VISITS
    busiest = visits / SECONDS_OF_COUNTRY * PEAK
    cpu = f"{found.service_cpu_us:.0f} µs of the service's CPU each"
    events, cards, projections = (
        visits * found.event_bytes / 1e9,
        people * found.card_bytes / 1e9,
        people * found.projection_bytes / 1e9,
    )
    return f"""\
measured on {found.visits:,} visits
  appended            {found.visits_per_second:10,.0f} visits/s, {cpu}
  applied             {found.applied_per_second:10,.0f} facts/s, into all projections
  in the log          {found.event_bytes:10,.0f} bytes a visit
  cards               {found.card_bytes:10,.0f} bytes a visitor
  projections         {found.projection_bytes:10,.0f} bytes a visitor

{people:,} visitors, {visits:,} visits in {SECONDS_OF_COUNTRY / 3600:.0f} open hours
  log                 {visits:,} × {found.event_bytes:.0f} bytes = {events:.0f} GB
  cards               {people:,} × {found.card_bytes:.0f} bytes = {cards:.0f} GB
  projections         {people:,} × {found.projection_bytes:.0f} bytes = {projections:.0f} GB
  together            {events + cards + projections:.0f} GB, without WAL and backups
  the busiest hour    {visits:,} ÷ {SECONDS_OF_COUNTRY:,} s × {PEAK} = {busiest:.0f} visits/s
  appending takes     {busiest / found.visits_per_second:.0%} of what was measured here
  applying takes      {busiest / found.applied_per_second:.0%} of what was measured here
  a rebuild of all    {visits / found.applied_per_second / 3600:.1f} h at the pace of following
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all was measured."""
    parser = argparse.ArgumentParser(
        prog="scripts/capacity",
        description="Measures what visits cost on a server; estimates a country's rally from it.",
    )
    parser.add_argument("--database", required=True, metavar="URL", help="an empty database")
    parser.add_argument("--visitors", type=int, default=5_000, metavar="N", help="(5000)")
    parser.add_argument("--batch", type=int, default=100, metavar="N", help="scans a batch (100)")
    args = parser.parse_args(arguments)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("warning"),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    config = Config(database_url=args.database)
    try:
        found = uvloop.run(measure(config, max(1, args.visitors), max(1, args.batch)))
    except RuntimeError as error:
        sys.stderr.write(f"capacity: {error}\n")
        return 1
    sys.stdout.write(told(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
