"""On a Citus cluster: what lies where, and that a batch concerns one node alone."""

import re
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest
from servers import Servers

from domain.buckets import BUCKETS_ON_CITUS
from service.config import Config
from service.database.citus import spread
from service.engine import Engine, open_engine
from service.eventlog import statements as sql

NOON = datetime(2026, 1, 15, 3, tzinfo=UTC)
BUCKET = 5
FACT = [
    *([1], ["CheckInRefused"], ["rally"], [UUID(int=1)], ["spot"], [0], [0], [NOON], [UUID(int=2)]),
    *(["ja"], ["printed"], ["{}"], [1]),
]
CARD = [[UUID(int=1)], ["rally"], [b""]]


@pytest.fixture(autouse=True)
def citus(servers: Servers) -> None:
    if not servers.is_citus:
        pytest.skip(
            "This server is no Citus coordinator: scripts/test-servers runs these on the one that "
            "MEGURI_TEST_CITUS_URL names"
        )


async def test_an_append_is_one_statement_on_one_node(database: str) -> None:
    connection = await asyncpg.connect(database)
    rows = await connection.fetch(
        f"EXPLAIN (COSTS off) {sql.APPEND}", BUCKET, [NOON], 1, *FACT, *CARD
    )
    await connection.close()
    plan = "\n".join(row[0] for row in rows)
    assert set(re.findall(r"Task Count: (\d+)", plan)) == {"1"}, plan
    assert len(set(re.findall(r"Node: (.*)", plan))) == 1, plan
    written = set(re.findall(r"(?:Insert|Update) on (\w+)_\d+", plan))
    assert written == {"events", "cards", "batches", "heads"}, plan


async def test_what_a_batch_touches_lies_together(database: str) -> None:
    connection = await asyncpg.connect(database)
    rows = await connection.fetch(
        "SELECT table_name::text, citus_table_type, colocation_id, distribution_column "
        "FROM citus_tables WHERE citus_table_type <> 'schema'"
    )
    await connection.close()
    kinds = {row["table_name"]: row["citus_table_type"] for row in rows}
    together = {row["colocation_id"] for row in rows if row["distribution_column"] == "bucket"}
    assert len(together) == 1
    assert kinds == dict.fromkeys(("batches", "cards", "events", "heads"), "distributed") | {
        "rallies": "reference",
        "taken": "local",
    }


async def test_a_new_log_has_many_buckets_unless_it_is_said_otherwise(
    engine: Engine, empty_database: str
) -> None:
    assert engine.log.visitor_buckets == BUCKETS_ON_CITUS
    async with open_engine(Config(database_url=empty_database, visitor_buckets=3)) as another:
        assert another.log.visitor_buckets == 3


async def test_spreading_twice_is_once(database: str) -> None:
    connection = await asyncpg.connect(database)
    before = await connection.fetch("SELECT * FROM citus_shards ORDER BY shardid")
    assert await spread(connection)
    after = await connection.fetch("SELECT * FROM citus_shards ORDER BY shardid")
    await connection.close()
    assert [row["shard_name"] for row in after] == [row["shard_name"] for row in before]
