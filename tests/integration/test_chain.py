"""The chain of digests: what is changed afterwards is found, where; earlier releases may append."""

import json
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from msgspec import msgpack
from msgspec.structs import replace
from support import LINE, RALLY, OpenEngine, as_owner
from test_log import scan

from domain.events import PrizeHandedOver
from service.commands import CommandError
from service.commands.log import _check
from service.engine import Engine
from service.eventlog import chain
from service.eventlog import statements as sql
from service.eventlog.check import check

AS_EARLIER = """
WITH appended AS (
    INSERT INTO events SELECT (jsonb_populate_record(event, jsonb_build_object(
        'position', $2::bigint, 'scan_id', gen_random_uuid(), 'visitor', $3::uuid))).*
    FROM events AS event WHERE bucket = $1 AND position = 1
)
UPDATE heads SET position = $2 WHERE bucket = $1
"""
"""What a release before the chain does: a fact, and the head's position."""


async def five_batches(engine: Engine) -> int:
    """A visitor's bucket with five batches of a visit each."""
    visitor = uuid4()
    bucket = engine.log.bucket_of(visitor)
    for spot in LINE:
        await engine.log.commit(bucket, [scan(engine, visitor, spot)])
    assert await faults(engine) == []
    return bucket


async def faults(engine: Engine) -> list[str]:
    return await check(engine.pool, lambda _: None)


async def test_a_batch_carries_the_digest_of_the_one_before(engine: Engine) -> None:
    bucket = await five_batches(engine)
    rows = await engine.pool.fetch(
        "SELECT position, digest FROM batches WHERE bucket = $1 ORDER BY position", bucket
    )
    assert [row["position"] for row in rows] == [1, 2, 3, 4, 5]
    assert len({row["digest"] for row in rows}) == 5
    head = await engine.pool.fetchrow("SELECT * FROM heads WHERE bucket = $1", bucket)
    assert (head["chained"], head["digest"]) == (5, rows[-1]["digest"])


@pytest.mark.parametrize(
    ("done", "where"),
    [
        ("UPDATE events SET language = 'en' WHERE bucket = $1 AND position = 3", "3 to 3"),
        ("UPDATE events SET recorded_at = recorded_at + interval '1 us' "
         "WHERE bucket = $1 AND position = 2", "2 to 2"),
        ("DELETE FROM events WHERE bucket = $1 AND position = 5", "5 to 5"),
        ("UPDATE events SET position = CASE position WHEN 2 THEN -4 ELSE -2 END "
         "WHERE bucket = $1 AND position IN (2, 4)", "2 to 2"),
        ("UPDATE batches SET digest = sha256(digest) WHERE bucket = $1 AND position = 4", "4 to 4"),
        ("DELETE FROM batches WHERE bucket = $1 AND position = 3", "3 to 4"),
    ],
)  # fmt: skip
async def test_what_was_changed_is_found_and_where(engine: Engine, done: str, where: str) -> None:
    """A fact, or its moment; one taken away; two that are swapped; a digest."""
    bucket = await five_batches(engine)
    await as_owner(engine, done, bucket)
    await as_owner(engine, "UPDATE events SET position = -position WHERE position < 0")
    (fault,) = [each for each in await faults(engine) if "chain is broken" in each]
    assert fault.startswith(f"bucket {bucket}, positions {where}:")


async def test_a_fact_that_was_added_is_found(engine: Engine) -> None:
    bucket = await five_batches(engine)
    await engine.pool.execute(AS_EARLIER, bucket, 6, uuid4())
    await engine.pool.execute("UPDATE heads SET chained = 6 WHERE bucket = $1", bucket)
    assert any("its chain ends at 5, its head says 6" in fault for fault in await faults(engine))


async def test_facts_of_an_earlier_release_are_taken_in_by_the_next_batch(engine: Engine) -> None:
    """Given a release without the chain that appends beside this one, whoever comes next."""
    bucket = await five_batches(engine)
    await engine.pool.execute(AS_EARLIER, bucket, 6, uuid4())
    assert len(await chain.unchained(engine.pool)) == 1
    visitor = await someone(engine, bucket)
    await engine.log.commit(bucket, [scan(engine, visitor, LINE[0])])
    assert await chain.unchained(engine.pool) == []
    assert not [fault for fault in await faults(engine) if "chain" in fault]
    rows = await engine.pool.fetch("SELECT position FROM batches WHERE bucket = $1", bucket)
    assert {6, 7} <= {row["position"] for row in rows}


async def someone(engine: Engine, bucket: int) -> UUID:
    """Somebody of the bucket."""
    while engine.log.bucket_of(visitor := uuid4()) != bucket:
        pass
    return visitor


async def test_a_log_from_before_the_chain_is_chained_in_stretches(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await five_batches(engine)
    await unchain(engine)
    monkeypatch.setattr(chain, "STRETCH", 2)
    async with engine.own_connection() as connection:
        assert await chain.chain_rest(connection) == await engine.log.size()
        assert await chain.chain_rest(connection) == 0
    assert await chain.unchained(engine.pool) == []
    assert await faults(engine) == []


async def unchain(engine: Engine) -> None:
    """Leave the log as a release before the chain has."""
    await as_owner(engine, "TRUNCATE batches; UPDATE heads SET chained = 0, digest = ''")


async def test_cards_of_earlier_releases_learn_where_something_was_handed_over(
    engine: Engine,
) -> None:
    """Given a card that was kept when cards did not say so yet; then chaining mends it."""
    visitor = uuid4()
    bucket = engine.log.bucket_of(visitor)
    await engine.log.commit(bucket, [scan(engine, visitor, spot) for spot in LINE])
    await engine.change_card(visitor, RALLY, lambda _rally, _card, now, _taken: given(visitor, now))
    card = await engine.log.card(visitor, RALLY)
    assert card.handed[0].spot == LINE[0]
    earlier = replace(card, handed=(replace(card.handed[0], at=0, spot=None),))
    state = msgpack.encode(earlier)
    await engine.pool.execute(sql.WRITE_CARD, bucket, visitor, RALLY, state)
    await unchain(engine)
    assert any("card" in fault for fault in await faults(engine))
    async with engine.own_connection() as connection:
        await chain.chain_rest(connection)
    assert await faults(engine) == []


def given(visitor: UUID, now: datetime) -> PrizeHandedOver:
    """A prize that was handed over at a spot."""
    return PrizeHandedOver(
        rally=RALLY,
        visitor=visitor,
        prize="complete",
        spot=LINE[0],
        hand_over_id=uuid4(),
        occurred_at=now,
        by="test",
    )


async def test_digests_that_were_noted_tell_when_the_chain_was_made_anew(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given somebody who changes a fact and all digests after it; only a note tells."""
    bucket = await five_batches(engine)
    await _check(engine)
    noted = tmp_path / "noted"
    noted.write_text(capsys.readouterr().out)
    await engine.log.commit(bucket, [scan(engine, await someone(engine, bucket), LINE[0])])
    await _check(engine, noted)
    await as_owner(engine, "UPDATE events SET language = 'en' WHERE bucket = $1", bucket)
    await unchain(engine)
    async with engine.own_connection() as connection:
        await chain.chain_rest(connection)
    assert await faults(engine) == []
    with pytest.raises(CommandError, match="faults"):
        await _check(engine, noted)
    assert f"bucket {bucket}: position 5" in capsys.readouterr().out
    noted.write_text("nothing of the kind")
    with pytest.raises(CommandError, match="has no digests"):
        await _check(engine, noted)


async def test_the_chain_does_not_depend_on_a_sessions_settings(engine: Engine) -> None:
    await five_batches(engine)
    async with engine.own_connection() as connection:
        await connection.execute(
            "SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'; SET bytea_output = 'escape';"
            "SET IntervalStyle = 'sql_standard'; SET extra_float_digits = 0"
        )
        heads = await connection.fetch(sql.READ_HEADS)
        assert [await chain.broken(connection, head) for head in heads] == [[]] * len(heads)


async def test_two_processes_go_on_with_one_chain(engine: Engine, open_another: OpenEngine) -> None:
    engines = [engine, await open_another()]
    visitor = uuid4()
    bucket = engine.log.bucket_of(visitor)
    for number, spot in enumerate(LINE):
        one = engines[number % 2]
        await one.log.commit(bucket, [scan(one, visitor, spot)])
    assert await faults(engine) == []


async def test_the_digest_is_what_the_documents_say(engine: Engine) -> None:
    """Anybody can work it out from the rows (docs/log.md)."""
    bucket = await five_batches(engine)
    digest = b""
    rows = await engine.pool.fetch(
        "SELECT *, type::text AS type, extract(epoch FROM occurred_at)::text AS occurred, "
        "extract(epoch FROM recorded_at)::text AS recorded "
        "FROM events WHERE bucket = $1 ORDER BY position",
        bucket,
    )
    for row in rows:
        said = [row[name] for name in ("bucket", "position", "type", "version", "rally")]
        said += [str(row["visitor"]), row["spot"], row["period"], row["firsts"], "o", "r"]
        said += [str(row["scan_id"]), row["language"], row["evidence"], None]
        line = json.dumps(said, ensure_ascii=False)
        line = line.replace('"o", "r"', f"{row['occurred']}, {row['recorded']}")
        if row["data"] is not None:
            line = f"{line.removesuffix('null]')}{row['data']}]"
        digest = sha256(digest + line.encode()).digest()
    head = await engine.pool.fetchrow("SELECT * FROM heads WHERE bucket = $1", bucket)
    assert digest == head["digest"]
