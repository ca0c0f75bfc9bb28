"""The log under concurrency: gapless positions, nothing twice, no neighbour harmed."""

import asyncio
import random
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from support import NOON, RALLY, OpenEngine, as_owner

from domain.encoding import spot_tag
from domain.refusals import Refusal
from domain.rules import Answer
from domain.scan import Scan
from service.engine import Engine
from service.eventlog.check import check


def scan(engine: Engine, visitor: UUID, spot: str, scan_id: UUID | None = None) -> Scan:
    """A good scan."""
    key = engine.keyring.newest_code_key(RALLY)
    return Scan(
        rally=RALLY,
        spot_tag=spot_tag(spot),
        key_id=key.id,
        visitor=visitor,
        scan_id=scan_id or uuid4(),
        language="ja",
        evidence="printed",
        card_since=NOON - timedelta(days=7),
    )


def spots(engine: Engine) -> list[str]:
    return [spot.id for spot in engine.rallies.get(RALLY).plan.spots]


async def test_writers_of_one_bucket_in_several_processes_leave_no_gap_and_no_double(
    engine: Engine, open_another: OpenEngine
) -> None:
    """Given three engines; when all scan for the same few visitors; then each visit is once."""
    engines = [engine, await open_another(), await open_another()]
    visitors = [uuid4() for _ in range(6)]
    chosen = spots(engine)[:10]
    rng = random.Random(4)
    jobs = []
    for _ in range(900):
        visitor, spot = rng.choice(visitors), rng.choice(chosen)
        one = rng.choice(engines)
        # Often the very same scan id reaches several processes at the same moment.
        scan_id = UUID(int=visitor.int ^ (chosen.index(spot) + rng.choice([0, 0, 1 << 64])))
        jobs.append(
            one.check_ins.submit(one.log.bucket_of(visitor), scan(one, visitor, spot, scan_id))
        )
    answers = await asyncio.gather(*jobs)
    assert all(isinstance(answer, Answer) for answer in answers)
    walked = {(answer.card.visitor, answer.spot) for answer in answers}
    visits = await engine.pool.fetch(
        "SELECT visitor, spot FROM events WHERE type = 'VisitRecorded'"
    )
    assert len(visits) == len(walked)
    assert {(visit["visitor"], visit["spot"]) for visit in visits} == walked
    assert await check(engine.pool, lambda _: None) == []


async def test_duplicates_inside_one_batch_are_one_visit(engine: Engine) -> None:
    visitor, scan_id = uuid4(), uuid4()
    bucket = engine.log.bucket_of(visitor)
    batch = [scan(engine, visitor, "nagano-ginza", scan_id) for _ in range(5)]
    batch += [scan(engine, visitor, "nagano-ginza") for _ in range(5)]
    answers = await engine.log.commit(bucket, batch)
    assert [answer.outcome for answer in answers] == ["stamped"] * 5 + ["already_stamped"] * 5
    assert {answer.position for answer in answers} == {1}
    assert (await engine.pool.fetchval("SELECT position FROM heads WHERE bucket = $1", bucket)) == 1


async def test_a_poisoned_scan_fails_alone_when_deciding(engine: Engine) -> None:
    """A scan that breaks the rules' own code must not fail its neighbours."""
    visitor = uuid4()
    good = scan(engine, visitor, "nagano-ginza")
    poisoned = Scan(
        **{f: getattr(good, f) for f in good.__struct_fields__} | {"scanned_at": "soon"}
    )
    bucket = engine.log.bucket_of(visitor)
    futures = [engine.check_ins.submit(bucket, one) for one in (poisoned, good)]
    results = await asyncio.gather(*futures, return_exceptions=True)
    assert isinstance(results[0], TypeError)
    assert results[1].outcome == "stamped"


async def test_a_poisoned_scan_fails_alone_when_storing(engine: Engine) -> None:
    """A scan that Postgres will not store (NUL in a text) must not fail its neighbours."""
    visitors = [uuid4() for _ in range(40)]
    bucket = engine.log.bucket_of(visitors[0])
    neighbours = [visitor for visitor in visitors if engine.log.bucket_of(visitor) == bucket]
    scans = [scan(engine, visitor, "nagano-ginza") for visitor in neighbours]
    bad = scan(engine, visitors[0], "hiroshima-ginza")
    poisoned = Scan(**{f: getattr(bad, f) for f in bad.__struct_fields__} | {"evidence": "\0"})
    futures = [engine.check_ins.submit(bucket, one) for one in (*scans, poisoned)]
    results = await asyncio.gather(*futures, return_exceptions=True)
    assert [result.outcome for result in results[:-1]] == ["stamped"] * len(scans)
    assert isinstance(results[-1], Exception)
    assert await check(engine.pool, lambda _: None) == []


async def test_a_full_queue_says_so_at_once(open_another: OpenEngine, engine: Engine) -> None:
    from service.failures import Busy

    small = await open_another(waiting_max=3)
    visitor = uuid4()
    bucket = small.log.bucket_of(visitor)
    taken = [
        small.check_ins.submit(bucket, scan(small, visitor, spot)) for spot in spots(small)[:3]
    ]
    with pytest.raises(Busy):
        small.check_ins.submit(bucket, scan(small, visitor, spots(small)[3]))
    assert [answer.outcome for answer in await asyncio.gather(*taken)] == ["stamped"] * 3


async def test_refusals_are_logged_up_to_a_limit_for_each_visitor(engine: Engine) -> None:
    visitor = uuid4()
    bucket = engine.log.bucket_of(visitor)
    late = NOON - timedelta(days=9)
    scans = [scan(engine, visitor, "nagano-ginza") for _ in range(50)]
    old = [
        Scan(**{f: getattr(s, f) for f in s.__struct_fields__} | {"scanned_at": late})
        for s in scans
    ]
    answers = await engine.log.commit(bucket, old)
    assert all(isinstance(answer, Refusal) for answer in answers)
    assert await engine.pool.fetchval("SELECT count(*) FROM events WHERE bucket = $1", bucket) == 20


async def test_the_check_finds_what_was_tampered_with(engine: Engine) -> None:
    visitor = uuid4()
    bucket = engine.log.bucket_of(visitor)
    await engine.log.commit(bucket, [scan(engine, visitor, spot) for spot in spots(engine)[:5]])
    assert await check(engine.pool, lambda _: None) == []
    await as_owner(engine, "DELETE FROM events WHERE bucket = $1 AND position = 3", bucket)
    faults = await check(engine.pool, lambda _: None)
    assert any("a gap, 3 was expected" in fault for fault in faults)
    assert any("card" in fault for fault in faults)


async def test_the_check_finds_what_was_counted_twice(engine: Engine) -> None:
    visitor = uuid4()
    bucket = engine.log.bucket_of(visitor)
    await engine.log.commit(bucket, [scan(engine, visitor, "nagano-ginza")])
    await engine.pool.execute(
        "INSERT INTO events SELECT (jsonb_populate_record(event, '{\"position\": 2}')).* "
        "FROM events AS event WHERE bucket = $1",
        bucket,
    )
    await engine.pool.execute("UPDATE heads SET position = 2 WHERE bucket = $1", bucket)
    faults = await check(engine.pool, lambda _: None)
    assert sum("counted twice, first at 1" in fault for fault in faults) == 2


async def test_two_writers_that_are_not_held_apart_meet_in_the_primary_key(engine: Engine) -> None:
    visitor = uuid4()
    bucket = engine.log.bucket_of(visitor)
    await engine.log.commit(bucket, [scan(engine, visitor, "nagano-ginza")])
    await engine.pool.execute("UPDATE heads SET position = 0 WHERE bucket = $1", bucket)
    with pytest.raises(asyncpg.UniqueViolationError):
        await engine.log.commit(bucket, [scan(engine, visitor, "hiroshima-ginza")])


async def test_the_hot_statements_use_their_indexes_on_an_empty_database(engine: Engine) -> None:
    from service.eventlog import statements

    plans = {
        "cards_pkey": await engine.pool.fetch(
            f"EXPLAIN {statements.READ_CARDS}", 1, [uuid4() for _ in range(100)]
        ),
        "events_pkey": await engine.pool.fetch(f"EXPLAIN {statements.READ_EVENTS}", 1, 0, 100),
    }
    for index, plan in plans.items():
        text = "\n".join(row[0] for row in plan)
        assert index in text, text
        assert "Seq Scan" not in text, text
