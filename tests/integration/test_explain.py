"""Which index serves each statement that is asked often: Postgres says so itself."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest_asyncio
from support import RALLY

from projections import statements as shared
from projections.catalogue import CATALOGUE
from service.engine import Engine
from service.eventlog import statements as log
from service.sql import stored

START, UNTIL = datetime(2026, 1, 14, tzinfo=UTC), datetime(2026, 1, 15, tzinfo=UTC)
VISITOR = UUID(int=7)

_FILL = (
    """INSERT INTO cards
       SELECT 1, md5(n::text)::uuid, $1, repeat('x', 300)::bytea
       FROM generate_series(1, 20000) AS n""",
    # 40,000 visits of 5,000 visitors in bucket 1, six rallies' worth of rows in every table
    """INSERT INTO events (bucket, position, occurred_at, recorded_at, type, period, version,
                           firsts, visitor, scan_id, rally, spot, language, evidence)
       SELECT 1, n, '2026-01-08'::timestamptz + n * interval '30 s', now(), 'VisitRecorded', 0, 1,
              CASE WHEN n % 8 = 0 THEN 31 ELSE 26 END, md5((n / 8)::text)::uuid,
              gen_random_uuid(), $1, 'spot-' || n % 43, 'ja', 'printed'
       FROM generate_series(1, 40000) AS n""",
    """INSERT INTO footfall
       SELECT CASE r WHEN 0 THEN $1 ELSE 'rally-' || r END, 'spot-' || s,
              '2026-01-08'::timestamptz + h * interval '1 hour', 'ja', 1, 1, 1, 1, 1, 1, 0
       FROM generate_series(0, 5) AS r, generate_series(1, 20) AS s, generate_series(1, 300) AS h""",
    """INSERT INTO refusals
       SELECT CASE r WHEN 0 THEN $1 ELSE 'rally-' || r END, 'spot-' || s,
              '2026-01-08'::timestamptz + h * interval '1 hour', 'rally_over', 1
       FROM generate_series(0, 5) AS r, generate_series(1, 20) AS s, generate_series(1, 300) AS h""",
    """INSERT INTO flow
       SELECT CASE r WHEN 0 THEN $1 ELSE 'rally-' || r END, 'spot-' || a, 'spot-' || b, 1, 1, '[]'
       FROM generate_series(0, 5) AS r, generate_series(1, 43) AS a, generate_series(1, 43) AS b""",
    """INSERT INTO prizes
       SELECT CASE r WHEN 0 THEN $1 ELSE 'rally-' || r END, 'prize-' || p,
              '2026-01-08'::timestamptz + h * interval '1 hour', 1, 1, 1, 1
       FROM generate_series(0, 5) AS r, generate_series(1, 9) AS p, generate_series(1, 500) AS h""",
    """INSERT INTO batches
       SELECT 1, n, sha256(convert_to($1, 'UTF8')) FROM generate_series(1, 40000) AS n""",
    """INSERT INTO draw_entries
       SELECT $1, 'prize-' || p, e::text, 1, md5(e::text)::uuid
       FROM generate_series(1, 3) AS p, generate_series(1, 5000) AS e""",
    """INSERT INTO completion
       SELECT CASE v % 6 WHEN 0 THEN $1 ELSE 'rally-' || v % 6 END, md5(v::text)::uuid,
              0, 1, 1, 1, 0, 0, 0, false, '{}', '{}'
       FROM generate_series(1, 30000) AS v""",
    """INSERT INTO completion_totals
       SELECT CASE r WHEN 0 THEN $1 ELSE 'rally-' || r END, 'met', 'prize-' || p, m, 1
       FROM generate_series(0, 5) AS r, generate_series(1, 9) AS p, generate_series(1, 500) AS m""",
)


@pytest_asyncio.fixture
async def full(engine: Engine) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a database with something in every table."""
    async with engine.own_connection() as connection:
        for statement in _FILL:
            await connection.execute(statement, RALLY)
        await connection.execute("ANALYZE")
        yield connection


def _of(name: str, part: str) -> str:
    return CATALOGUE[name].sql(part)


STRETCH = (1, 30_000, 30_500)
ASKED = {
    "lock_head": (log.LOCK_HEAD, (1,), "heads"),
    "read_cards": (log.READ_CARDS, (1, [VISITOR]), "cards_pkey"),
    "read_events": (log.READ_EVENTS, (1, 30_000, 500), "events_pkey"),
    "has_headcount": (log.HAS_HEADCOUNT, (0, VISITOR), "events_headcount_once"),
    "later_versions": (shared.READ_LATER_VERSIONS, STRETCH, "events_of_later_versions"),
    "footfall/gather": (_of("footfall", "gather"), STRETCH, "events_pkey"),
    "completion/gather": (_of("completion", "gather"), STRETCH, "events_pkey"),
    "flow/gather": (_of("flow", "gather"), STRETCH, "events_of_visitor"),
    "prizes/gather": (_of("prizes", "gather"), STRETCH, "events_pkey"),
    "refusals/gather": (_of("refusals", "gather"), STRETCH, "events_pkey"),
    "marked": (stored("count_marked_visits"), (RALLY, START), "events_of_marked_visits"),
    "marked/visits": (
        stored("read_marked_visits"),
        (RALLY, ["late"], True, 50, 0),
        "events_of_marked_visits",
    ),
    "given": (stored("count_hand_overs"), (RALLY,), "events_of_hand_overs"),
    "given/to": (stored("read_hand_overs"), (RALLY, ["p"]), "events_of_hand_overs"),
    "own": (stored("read_own_entries"), (RALLY, ["prize-1"], "7"), "draw_entries_pkey"),
    "won": (stored("read_winners"), (RALLY, "prize-1", ["7", "8"]), "draw_entries_pkey"),
    "footfall/read": (_of("footfall", "read"), (RALLY, "spot-3", START, UNTIL), "footfall_pkey"),
    "footfall/read_all": (_of("footfall", "read"), (RALLY, None, START, UNTIL), "footfall_"),
    "footfall/languages": (
        _of("footfall", "read_languages"),
        (RALLY, "spot-3", START, UNTIL),
        "footfall_pkey",
    ),
    "footfall/days": (_of("footfall", "read_days"), (RALLY, "Asia/Tokyo"), "footfall_"),
    "footfall/spots": (_of("footfall", "read_spots"), (RALLY,), "footfall_"),
    "footfall/spots_between": (
        _of("footfall", "read_spots_between"),
        (RALLY, START, UNTIL),
        "footfall_of_hours",
    ),
    "flow/spot": (_of("flow", "read_spot"), (RALLY, "spot-3"), "flow_pkey"),
    "footfall/spot_days": (
        _of("footfall", "read_spot_days"),
        (RALLY, "Asia/Tokyo", "spot-3"),
        "footfall_pkey",
    ),
    "footfall/hours_of_day": (
        _of("footfall", "read_hours_of_day"),
        (RALLY, "Asia/Tokyo", None),
        "footfall_",
    ),
    "completion/areas": (_of("completion", "read_areas"), (RALLY,), "completion_pkey"),
    "chain": (log.CHAIN, (1, 500), "events_pkey"),
    "batches": (log.CHECK_BATCHES, (1, 30_000, b"", 30_500), "batches_pkey"),
    "batches/facts": (log.CHECK_BATCHES, (1, 30_000, b"", 30_500), "events_pkey"),
    "handed": (log.READ_HANDED, (1,), "events_of_hand_overs"),
    "export_events": (log.EXPORT_EVENTS, (1, 30_000, 30_500, RALLY, None), "events_pkey"),
    "refusals/read": (_of("refusals", "read"), (RALLY, START, UNTIL), "refusals_of_hours"),
    "flow/read": (_of("flow", "read"), (RALLY,), "flow_pkey"),
    "flow/minutes": (_of("flow", "read_minutes"), (RALLY,), "flow_pkey"),
    "flow/pairs": (_of("flow", "read_pairs"), ([RALLY], ["spot-1"], ["spot-2"]), "flow_pkey"),
    "prizes/read": (_of("prizes", "read"), (RALLY,), "prizes_pkey"),
    "completion/read": (_of("completion", "read"), (RALLY,), "completion_totals_pkey"),
    "completion/visitors": (
        _of("completion", "read_visitors"),
        (RALLY, [VISITOR] * 40),
        "completion_pkey",
    ),
    "completion/more": (
        _of("completion", "read_more_visitors"),
        (RALLY, VISITOR, 0, 100),
        "completion_pkey",
    ),
    "completion/cards": (
        _of("completion", "read_cards"),
        (RALLY, VISITOR, 0, 100),
        "completion_pkey",
    ),
}


async def test_each_statement_is_served_by_its_index(full: asyncpg.Connection) -> None:
    wrong = []
    for name, (statement, values, index) in ASKED.items():
        plan = "\n".join(row[0] for row in await full.fetch(f"EXPLAIN {statement}", *values))
        table = "heads" if index == "heads" else name.split("/")[0]
        scanned = any(f"Seq Scan on {each}" in plan for each in ("events", table))
        if index not in plan or (scanned and index != "heads"):
            wrong.append(f"{name}:\n{plan}")
    assert not wrong, "\n\n".join(wrong)


async def test_every_read_of_a_projection_is_asked_about_here() -> None:
    statements = {statement for statement, _, _ in ASKED.values()}
    for projection in CATALOGUE.values():
        for path in projection.folder.glob("*.sql"):
            if path.stem.startswith("read") or path.stem == "gather":
                known = path.read_text(encoding="utf-8") in statements
                assert known or path.stem in ("read_digest", "read_rally"), path


async def test_on_a_database_without_statistics_a_batch_is_read_by_key(engine: Engine) -> None:
    """Postgres guesses about new tables; the hot path must not depend on its guess."""
    async with engine.own_connection() as connection:
        for statement, values, index in (
            (log.READ_CARDS, (1, [VISITOR] * 100), "cards_pkey"),
            (_of("flow", "gather"), (1, 0, 500), "events_of_visitor"),
            (log.CHAIN, (1, 500), "events_pkey"),
            (log.CHECK_BATCHES, (1, 0, b"", 500), "events_pkey"),
        ):
            plan = "\n".join(r[0] for r in await connection.fetch(f"EXPLAIN {statement}", *values))
            assert index in plan, plan
