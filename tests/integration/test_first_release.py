"""A log that the first release wrote is read, checked and counted by this one."""

import json
import shutil
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from datetime import datetime
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import pytest
import pytest_asyncio
from support import SetClock

from domain.card import Card, evolve
from domain.encoding import spot_tag
from domain.events import RallyFact
from domain.plan import Plan
from domain.rally import Rally, evolve_rally
from domain.rules import Answer
from domain.scan import Scan
from projections.catalogue import CATALOGUE
from projections.rebuild import rebuild, verify
from service.config import Config
from service.database.migrate import alone, migrate
from service.database.migration import MIGRATIONS
from service.engine import Engine, open_engine
from service.eventlog.check import check
from service.eventlog.rows import to_fact

FILE = Path(__file__).parent.parent / "data" / "log_of_release_0_1.jsonl"
SHA256 = "197cbbef616ebc8f823a1da9aa43408d59ab3bc6c050c026323be2c9bc330910"
TYPES = {
    *("VisitRecorded", "CheckInRefused", "CodeRevoked", "RallyPlanned", "RallyReplanned"),
    *("RallyOpened", "RallyClosed", "RallyCancelled"),
}
FIRST_MIGRATIONS = 2
"""So many the first release had."""

Row = dict[str, Any]


def read_file() -> tuple[list[Row], list[Row]]:
    """The heads and the rows, as JSON has them."""
    first, *rest = FILE.read_text(encoding="utf-8").splitlines()
    return json.loads(first)["heads"], [json.loads(line) for line in rest]


HEADS, ROWS = read_file()
VISITS = [row for row in ROWS if row["type"] == "VisitRecorded"]
REFUSALS = [row for row in ROWS if row["type"] == "CheckInRefused"]
PLANS = {row["rally"]: row["data"]["plan"] for row in ROWS if "plan" in (row["data"] or {})}
"""Each rally's newest plan."""


def as_kept(row: Row) -> Row:
    """A row with the values that Postgres holds."""
    kept = dict(row)
    for column in ("occurred_at", "recorded_at"):
        kept[column] = datetime.fromisoformat(row[column])
    for column in ("visitor", "scan_id"):
        kept[column] = UUID(row[column]) if row[column] else None
    kept["data"] = json.dumps(row["data"]) if row["data"] is not None else None
    return kept


def local(row: Row) -> datetime:
    """When a row's fact happened, by the clocks of its rally."""
    zone = ZoneInfo(PLANS[row["rally"]]["time_zone"])
    return datetime.fromisoformat(row["occurred_at"]).astimezone(zone)


def hour(row: Row) -> datetime:
    return local(row).replace(minute=0, second=0, microsecond=0)


async def load(connection: asyncpg.Connection) -> None:
    """Put the log into a database of the first release, with the states its facts make."""
    rows = [as_kept(row) for row in ROWS]
    heads = [tuple(head.values()) for head in HEADS]
    await connection.copy_records_to_table("heads", records=heads, columns=list(HEADS[0]))
    columns = list(ROWS[0])
    events = [tuple(row[column] for column in columns) for row in rows]
    await connection.copy_records_to_table("events", records=events, columns=columns)
    cards: dict[tuple[int, UUID, str], Card] = {}
    rallies: dict[str, Rally] = {}
    positions: dict[str, int] = {}
    for row in rows:
        fact = to_fact(row)
        if isinstance(fact, RallyFact):
            rallies[fact.rally] = evolve_rally(rallies.get(fact.rally), fact)
            positions[fact.rally] = row["position"]
        else:
            key = (row["bucket"], fact.visitor, fact.rally)
            cards[key] = evolve(cards.get(key, Card()), fact, row["position"], row["recorded_at"])
    await connection.copy_records_to_table(
        "cards",
        # Two fields are what a card had then.
        records=[(*k, msgspec.msgpack.encode((c.visits, c.refused))) for k, c in cards.items()],
    )
    await connection.copy_records_to_table(
        "rallies",
        records=[
            (name, positions[name], rally.plan.time_zone, msgspec.json.encode(rally).decode())
            for name, rally in rallies.items()
        ],
    )


@pytest_asyncio.fixture
async def upgraded(empty_database: str, clock: SetClock, tmp_path: Path) -> AsyncIterator[Engine]:
    """An engine of today on a database that the first release has left."""
    for path in sorted(MIGRATIONS.glob("*.sql"))[:FIRST_MIGRATIONS]:
        shutil.copy(path, tmp_path)
    connection = await asyncpg.connect(empty_database)
    async with alone(connection):
        await migrate(connection, tmp_path)
    await load(connection)
    await connection.close()
    clock.now = max(datetime.fromisoformat(row["recorded_at"]) for row in ROWS)
    async with open_engine(Config(database_url=empty_database, port=0), clock) as engine:
        yield engine


@pytest_asyncio.fixture
async def rebuilt(upgraded: Engine) -> Engine:
    """The same, its projections made from the log."""
    async with upgraded.own_connection() as connection:
        for projection in CATALOGUE.values():
            await rebuild(connection, projection, lambda _: None)
    return upgraded


def test_the_file_is_as_it_was_written() -> None:
    assert sha256(FILE.read_bytes()).hexdigest() == SHA256
    assert {row["type"] for row in ROWS} == TYPES
    assert {row["version"] for row in ROWS} == {1}
    assert len({row["data"]["code"] for row in REFUSALS}) == 9
    assert any((row["data"] or {}).get("late") for row in VISITS)


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_every_row_is_read_as_the_fact_it_was(kind: str) -> None:
    for row in (as_kept(row) for row in ROWS if row["type"] == kind):
        fact = to_fact(row)
        assert type(fact).__name__ == kind
        columns = fact.__struct_fields__ & row.keys()
        assert {c: getattr(fact, c) for c in columns} == {c: row[c] for c in columns}
        for name, value in json.loads(row["data"] or "{}").items():
            holder = fact.refusal if kind == "CheckInRefused" else fact
            read = getattr(holder, name)
            if name == "plan":  # its defaults are not written any more
                assert read == msgspec.convert(value, Plan)
            else:
                assert json.loads(msgspec.json.encode(read)) == value


async def test_the_check_finds_no_fault(upgraded: Engine) -> None:
    read: list[int] = []
    assert await check(upgraded.pool, read.append) == []
    assert sum(read) == len(ROWS) == await upgraded.log.size()
    assert upgraded.log.visitor_buckets == len(HEADS) - 1


async def test_a_scan_that_the_first_release_took_is_answered_again_and_counted_once(
    upgraded: Engine,
) -> None:
    batches: dict[int, list[Row]] = defaultdict(list)
    for row in VISITS:
        batches[row["bucket"]].append(row)
    for bucket, rows in batches.items():
        scans = [
            Scan(
                rally=row["rally"],
                spot_tag=spot_tag(row["spot"]),
                key_id=1,
                visitor=UUID(row["visitor"]),
                scan_id=UUID(row["scan_id"]),
                language="ja",
                evidence="printed",
                card_since=upgraded.clock(),
            )
            for row in rows
        ]
        for row, answer in zip(rows, await upgraded.log.commit(bucket, scans), strict=True):
            assert isinstance(answer, Answer)
            earned = (row["data"] or {}).get("earned", [])
            assert (answer.position, list(answer.earned)) == (row["position"], earned)
    assert await upgraded.log.size() == len(ROWS)


@pytest.mark.parametrize("name", list(CATALOGUE))
async def test_every_projection_is_rebuilt_and_verified_without_a_difference(
    upgraded: Engine, name: str
) -> None:
    projection = CATALOGUE[name]
    async with upgraded.own_connection() as connection:
        await rebuild(connection, projection, lambda _: None)
        assert await upgraded.pool.fetchval(f"SELECT count(*) FROM {name}")
        assert await verify(connection, projection, lambda _: None) == []


async def test_footfall_is_a_plain_count_over_the_file(rebuilt: Engine) -> None:
    rows = await rebuilt.pool.fetch("SELECT * FROM footfall")
    visits: Counter[Any] = Counter()
    for row in rows:
        visits[row["rally"], row["spot"], row["hour"], row["language"]] += row["visits"]
    assert visits == Counter(
        (row["rally"], row["spot"], hour(row), row["language"]) for row in VISITS
    )
    # Distinct visitors, each counted as a set.
    expected = {
        "visitors_of_rally": {(r["rally"], r["visitor"]) for r in VISITS},
        "visitors_of_spot": {(r["rally"], r["visitor"], r["spot"]) for r in VISITS},
        "visitors_today": {(r["rally"], r["visitor"], local(r).date()) for r in VISITS},
        "visitors_of_day": {(r["rally"], r["visitor"], r["spot"], local(r).date()) for r in VISITS},
        "visitors_of_hour": {(r["rally"], r["visitor"], r["spot"], hour(r)) for r in VISITS},
    }
    for column, distinct in expected.items():
        counted: Counter[str] = Counter()
        for row in rows:
            counted[row["rally"]] += row[column]
        assert counted == Counter(rally for rally, *_ in distinct), column


async def test_refusals_are_a_plain_count_over_the_file(rebuilt: Engine) -> None:
    rows = await rebuilt.pool.fetch("SELECT * FROM refusals")
    counted = {(row["rally"], row["spot"], row["hour"], row["code"]): row for row in rows}
    assert {key: row["refusals"] for key, row in counted.items()} == Counter(
        (row["rally"], row["spot"], hour(row), row["data"]["code"]) for row in REFUSALS
    )


async def test_completion_is_what_the_newest_plan_makes_of_the_visits(rebuilt: Engine) -> None:
    stamps: Counter[Any] = Counter()
    met: Counter[Any] = Counter()
    for rally, visited in visits_of_everybody():
        plan = PLANS[rally]
        worth = {spot["id"]: spot.get("stamps", 1) for spot in plan["spots"]}
        planned = visited & worth.keys()
        if not planned:
            continue
        had = sum(worth[spot] for spot in planned)
        stamps[rally, had] += 1
        for prize in plan.get("prizes", []):
            need = prize["condition"].get("at_least")
            match prize["condition"]["kind"]:
                case "stamps":
                    is_met = had >= need
                case "all_spots":
                    is_met = planned == worth.keys()
                case _:  # on a sheet of two by two every pair of squares is a line
                    squares = {spot for row in plan["sheets"][0]["rows"] for spot in row}
                    count = len(squares & planned)
                    is_met = count * (count - 1) // 2 >= need
            met[rally, prize["id"]] += is_met
    rows = await rebuilt.pool.fetch("SELECT * FROM completion_totals")
    totals: Counter[Any] = Counter()
    for row in rows:
        key = row["value"] if row["measure"] == "stamps" else row["item"]
        totals[row["measure"], row["rally"], key] += row["visitors"]
    assert totals == Counter(
        {("stamps", *key): count for key, count in stamps.items()}
        | {("met", *key): count for key, count in met.items()}
    )
    assert await rebuilt.pool.fetchval("SELECT count(*) FROM completion") == len(
        list(visits_of_everybody())
    )


async def test_prizes_reached_are_those_that_the_visits_say(rebuilt: Engine) -> None:
    rows = await rebuilt.pool.fetch("SELECT * FROM prizes")
    counted: Counter[Any] = Counter()
    for row in rows:
        counted[row["rally"], row["prize"], row["hour"]] += row["reached"]
        assert (row["entries"], row["handed_over"], row["reversed"]) == (0, 0, 0)
    assert counted == Counter(
        (row["rally"], prize, hour(row))
        for row in VISITS
        for prize in (row["data"] or {}).get("earned", [])
    )


async def test_flow_is_the_way_from_each_visit_to_the_days_next(rebuilt: Engine) -> None:
    ways: dict[Any, list[Row]] = defaultdict(list)
    for row in VISITS:
        ways[row["rally"], row["visitor"], local(row).date()].append(row)
    moves: Counter[Any] = Counter()
    for (rally, *_), way in ways.items():
        way.sort(key=lambda row: (local(row), row["position"]))
        for origin, destination in pairwise(row["spot"] for row in way):
            if origin != destination:
                moves[rally, origin, destination] += 1
    rows = await rebuilt.pool.fetch("SELECT * FROM flow")
    assert {
        (row["rally"], row["origin"], row["destination"]): row["moves"] for row in rows
    } == moves


def visits_of_everybody() -> list[tuple[str, set[str]]]:
    """Each rally's visitors, as the spots they were at."""
    everybody: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in VISITS:
        everybody[row["rally"], row["visitor"]].add(row["spot"])
    return [(rally, spots) for (rally, _), spots in everybody.items()]
