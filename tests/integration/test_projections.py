"""The contract of projections: live equals rebuilt equals a plain fold, however it came about."""

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import Iterator
from uuid import uuid4

import asyncpg
import msgspec
import pytest
from histories import History, steps
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import RALLY, OpenEngine, SetClock, Site, as_owner, until
from test_log import scan, spots

import projections.completion
import projections.rebuild
import projections.shadow
from projections.apply import apply
from projections.catalogue import CATALOGUE
from projections.contract import Projection
from projections.follow import read_lag
from projections.rebuild import rebuild, verify
from projections.shadow import BuildHindered, Shadow, shadow_of
from projections.status import read_statuses
from service.engine import Engine, running

EXAMPLES = int(os.environ.get("PROJECTION_EXAMPLES", "30"))
ALL = pytest.mark.parametrize("projection", CATALOGUE.values(), ids=list(CATALOGUE))


COVERED: Counter[str] = Counter()
"""In how many rallies of all histories a table had rows."""


def nothing(_: int) -> None:
    """Whoever is told of progress and does not care."""


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=steps, at_once=st.integers(1, 40))
async def test_live_equals_rebuilt_equals_a_plain_fold(
    engine: Engine, clock: SetClock, history: list[tuple], at_once: int
) -> None:
    """Given any history, applied live in any pieces; then every table is what plain Python makes of
    the facts, and what building it aside in pieces of any other size gives."""
    walks = History(engine, clock)
    await walks.begin()
    for step in history:
        await walks.take(step)
    await engine.follower.catch_up()
    for rally in walks.rallies:
        expected, tables = await walks.expected(rally), await walks.tables(rally)
        assert set(expected) == {table for each in CATALOGUE.values() for table in each.tables}
        for table in expected:
            assert tables[table] == expected[table], table
            COVERED[table] += len(expected[table]) > 0
        COVERED["all"] += 1
    with at_a_time(at_once):
        for projection in CATALOGUE.values():
            async with engine.own_connection() as connection:
                assert await verify(connection, projection, nothing) == []


@pytest.fixture(scope="module", autouse=True)
def _histories_have_something_in_every_table() -> Iterator[None]:
    """A property that holds of empty tables would say nothing."""
    COVERED.clear()
    yield
    for table, examples in COVERED.items():
        assert examples >= COVERED["all"] / 3, (table, COVERED)


@contextlib.contextmanager
def at_a_time(facts: int) -> Iterator[None]:
    """Build aside in pieces of so many facts a bucket."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(projections.shadow, "FACTS_AT_ONCE", facts)
        patch.setattr(projections.completion, "ROWS_AT_ONCE", 2)
        yield


async def rows_of(engine: Engine, projection: Projection) -> list[str]:
    """All rows of a projection's tables, as text, in order."""
    rows = []
    for table in projection.tables:
        rows += await engine.pool.fetch(f"SELECT t::text AS row FROM {table} AS t ORDER BY 1")
    return [row["row"] for row in rows]


async def visit(engine: Engine, number: int) -> None:
    """Some visits of new visitors, three spots each."""
    for _ in range(number):
        visitor = uuid4()
        batch = [scan(engine, visitor, spot) for spot in spots(engine)[:3]]
        await engine.log.commit(engine.log.bucket_of(visitor), batch)


# --- facts that cannot be applied ---------------------------------------------------------------


_POISONS = {
    "an unknown rally": "UPDATE events SET rally = 'nowhere' WHERE (bucket, position) = ($1, $2)",
    "a later release's fact": "UPDATE events SET version = 9 WHERE (bucket, position) = ($1, $2)",
}


@pytest.mark.parametrize("poison", _POISONS.values(), ids=list(_POISONS))
async def test_a_fact_that_cannot_be_applied_stops_its_projection_there_and_nothing_else(
    site: Site, poison: str
) -> None:
    """Given a poisoned fact in the middle; then what is before it is counted, nothing behind it in
    its bucket is, the other bucket goes on, everybody is told; and once mended, it goes on."""
    engine = site.engine
    await visit(engine, 12)
    heads = dict(await engine.pool.fetch("SELECT bucket, position FROM heads WHERE bucket > 0"))
    bucket, position = max(heads, key=heads.__getitem__), 5
    async with engine.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM projections FOR UPDATE")
        await as_owner(engine, poison, bucket, position)
        await connection.execute("UPDATE progress SET reached = 0")
        for projection in CATALOGUE.values():
            await connection.execute(f"TRUNCATE {', '.join(projection.tables)}")
    await engine.follower.catch_up()

    footfall = CATALOGUE["footfall"]
    lag = await read_lag(engine.pool, footfall, engine.clock())
    assert f"bucket {bucket}, position {position} " in lag.error
    assert lag.facts == heads[bucket] - (position - 1)
    counted = await engine.pool.fetchval("SELECT sum(visits) FROM footfall")
    assert counted == sum(heads.values()) - lag.facts
    for name in ("completion", "flow"):
        assert (await read_lag(engine.pool, CATALOGUE[name], engine.clock())).facts == lag.facts
    await engine.follower.catch_up()  # trying again changes nothing
    assert await engine.pool.fetchval("SELECT sum(visits) FROM footfall") == counted

    status, ready = await site.ask("GET", "/readyz")
    assert (status, ready["status"]) == (200, "impaired")
    assert {each["code"] for each in ready["troubles"]} == {"projection_stands_still"}
    assert f"footfall: {lag.error}" in [each["what"] for each in ready["troubles"]]
    async with site.session.get("/metrics") as answer:
        assert 'meguri_projection_stands_still{projection="footfall"} 1.0' in await answer.text()
    headers = {"Cookie": f"meguri_staff={site.organiser()}"}
    async with site.session.get(f"/r/{RALLY}/organiser", headers=headers) as answer:
        assert lag.error in (await answer.text()).replace("&#39;", "'").replace("&#34;", '"')
    assert (await site.scan(site.visitor(), "nagano-ginza"))[0] == 201

    await as_owner(
        engine,
        "UPDATE events SET rally = $3, version = 1 WHERE (bucket, position) = ($1, $2)",
        bucket,
        position,
        RALLY,
    )
    await engine.pool.execute("UPDATE progress SET tried_at = tried_at - interval '1 minute'")
    await engine.follower.catch_up()
    for projection in CATALOGUE.values():
        assert (await read_lag(engine.pool, projection, engine.clock()))[:2] == (0, 0.0)
        async with engine.own_connection() as connection:
            assert await verify(connection, projection, nothing) == []
    assert (await site.ask("GET", "/readyz"))[1]["status"] == "ready"


@ALL
async def test_a_poisoned_fact_stops_a_rebuild_loudly_and_the_live_one_stays(
    engine: Engine, projection: Projection
) -> None:
    await visit(engine, 5)
    await engine.follower.catch_up()
    before = await rows_of(engine, projection)
    await as_owner(engine, "UPDATE events SET version = 9 WHERE position = 4 AND bucket > 0")
    async with engine.own_connection() as connection:
        with pytest.raises(BuildHindered, match=r"position 4 .*later release"):
            await rebuild(connection, projection, nothing)
    assert await rows_of(engine, projection) == before


# --- rebuilding ---------------------------------------------------------------------------------


@ALL
async def test_verify_finds_every_kind_of_difference(
    engine: Engine, projection: Projection
) -> None:
    await visit(engine, 4)
    await engine.log.commit(1, [])
    await make_one_of_each(engine)
    await engine.follower.catch_up()
    table = projection.tables[0]
    copy = await engine.pool.fetch(f"SELECT ctid, t::text AS row FROM {table} AS t")
    assert copy, "there is something to lose"
    await engine.pool.execute(f"DELETE FROM {table} WHERE ctid = $1", copy[0]["ctid"])
    async with engine.own_connection() as connection:
        (missing,) = await verify(connection, projection, nothing)
        assert missing == f"{table}: {copy[0]['row']} is missing"
        await rebuild(connection, projection, nothing)
        assert await verify(connection, projection, nothing) == []
        await engine.pool.execute(f"UPDATE {table} SET rally = 'other' WHERE rally = $1", RALLY)
        found = await verify(connection, projection, nothing)
    assert any("is there, but the log does not give it" in each for each in found)


async def make_one_of_each(engine: Engine) -> None:
    """A refusal, and a visitor who reaches a prize and is given it."""
    visitor = uuid4()
    gone = scan(engine, visitor, "no-such-spot")
    all_spots = [scan(engine, visitor, spot) for spot in spots(engine)]
    await engine.log.commit(engine.log.bucket_of(visitor), [gone, *all_spots])


async def test_readers_see_no_error_no_half_and_nothing_older_while_it_is_rebuilt_under_load(
    engine: Engine, open_another: OpenEngine
) -> None:
    """Given writers, followers and readers at work; when all five are rebuilt again and again; then
    no reader meets an error or a sum that is smaller than one it has seen."""
    other = await open_another()
    await visit(engine, 60)
    async with running(engine), running(other):
        await until(lambda: _caught_up(engine))
        done = asyncio.Event()
        seen = [0, 0, 0]

        async def write() -> None:
            while not done.is_set():
                await visit(engine, 5)

        async def look(statement: str) -> None:
            newest = 0
            while not done.is_set():
                value = await other.pool.fetchval(statement)
                seen[0] += 1
                seen[1] += value < newest
                newest = max(newest, value)
                await asyncio.sleep(0)

        async def read_long() -> None:
            """A reader who holds on to a table for longer than the swap cares to wait."""
            while not done.is_set():
                async with other.pool.acquire() as connection, connection.transaction():
                    await connection.fetchval("SELECT count(*) FROM footfall")
                    await asyncio.sleep(0.4)
                    seen[2] += 1
                await asyncio.sleep(0.3)

        work = [
            asyncio.create_task(each)
            for each in (
                write(),
                read_long(),
                look("SELECT coalesce(sum(visits), 0) FROM footfall"),
                look("SELECT coalesce(sum(moves), 0) FROM flow"),
                look("SELECT count(*) FROM completion"),
                look(
                    "SELECT coalesce(sum(visitors), 0) FROM completion_totals "
                    "WHERE measure = 'stamps'"
                ),
            )
        ]
        async with engine.own_connection() as connection:
            for _ in range(3):
                for projection in CATALOGUE.values():
                    await rebuild(connection, projection, nothing)
        done.set()
        await asyncio.gather(*work)
        assert seen[0] > 50
        assert seen[1] == 0
        assert seen[2] > 0
        await until(lambda: _caught_up(engine))
    for projection in CATALOGUE.values():
        async with engine.own_connection() as connection:
            assert await verify(connection, projection, nothing) == []


async def _caught_up(engine: Engine) -> bool:
    lags = [await read_lag(engine.pool, each, engine.clock()) for each in CATALOGUE.values()]
    return all(lag.facts == 0 for lag in lags)


@ALL
async def test_a_rebuild_goes_on_where_one_that_was_killed_has_come_to(
    engine: Engine, projection: Projection
) -> None:
    await visit(engine, 20)
    await engine.follower.catch_up()
    steps_taken: list[int] = []

    def stop_at_once(facts: int) -> None:
        steps_taken.append(facts)
        if sum(steps_taken) > 20:
            raise KeyboardInterrupt

    with at_a_time(7):
        async with engine.own_connection() as connection:
            with pytest.raises(KeyboardInterrupt):
                await rebuild(connection, projection, stop_at_once)
            connection.terminate()
        (status,) = await read_statuses(engine.pool, [projection], engine.clock())
        assert status.rebuilt == sum(steps_taken)
        again: list[int] = []
        async with engine.own_connection() as connection:
            await rebuild(connection, projection, again.append)
    assert again[0] == sum(steps_taken), "what was done is not done again"
    (status,) = await read_statuses(engine.pool, [projection], engine.clock())
    size = await engine.log.size()
    assert (status.facts, status.total, status.rebuilt) == (size, size, None)
    assert sum(again) == await engine.log.size()
    async with engine.own_connection() as connection:
        assert await verify(connection, projection, nothing) == []


async def test_one_rebuild_at_a_time(engine: Engine) -> None:
    flow = CATALOGUE["flow"]
    async with engine.own_connection() as one, engine.own_connection() as two:
        async with shadow_of(one, flow, "rebuild"):
            with pytest.raises(BuildHindered, match="by another process"):
                await rebuild(two, flow, nothing)
        await rebuild(two, flow, nothing)


async def test_a_changed_definition_is_rebuilt_at_the_start_while_the_old_one_serves(
    site: Site, open_another: OpenEngine
) -> None:
    """Given tables of another release; then nobody of this release writes to them, a question that
    they cannot answer is answered so, and a service that starts makes them anew."""
    engine = site.engine
    await visit(engine, 6)
    await until(lambda: _caught_up(engine))
    await engine.pool.execute(
        "UPDATE projections SET definition = 'of another release' WHERE projection = 'flow'"
    )
    await engine.pool.execute("ALTER TABLE flow RENAME COLUMN median_minutes TO typical_minutes")
    moves = await engine.pool.fetchval("SELECT sum(moves) FROM flow")
    await visit(engine, 2)
    assert await engine.pool.fetchval("SELECT sum(moves) FROM flow") == moves
    status, problem = await site.ask("GET", f"/api/rallies/{RALLY}/flow", site.organiser())
    assert (status, problem["code"]) == (503, "being_rebuilt")
    async with running(await open_another()):
        await until(lambda: _caught_up(engine))
    status, answer = await site.ask("GET", f"/api/rallies/{RALLY}/flow", site.organiser())
    assert status == 200
    assert sum(row["moves"] for row in answer["moves"]) == 16


async def test_another_process_takes_over_when_the_one_that_follows_is_gone(
    engine: Engine, open_another: OpenEngine
) -> None:
    """Given a follower that claimed and hangs; then the claim is given back, and others go on."""
    other = await open_another()
    await visit(engine, 3)
    holder = await asyncpg.connect(engine._dsn)
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute("SELECT FROM projections FOR UPDATE")
    async with other.pool.acquire() as connection:
        assert (await apply(connection, CATALOGUE["footfall"])).facts == 0
    holder.terminate()  # as the kernel does for a process that was killed
    async with running(other):
        await until(lambda: _caught_up(other), seconds=5)


# --- what stands in the way of building aside ---------------------------------------------------


async def test_a_rebuild_that_met_poison_goes_on_once_it_is_mended(engine: Engine) -> None:
    footfall = CATALOGUE["footfall"]
    await visit(engine, 5)
    await engine.follower.catch_up()
    poison = "UPDATE events SET version = $1 WHERE position = 4 AND bucket > 0"
    async with engine.own_connection() as connection:
        await as_owner(engine, poison, 9)
        with pytest.raises(BuildHindered):
            await rebuild(connection, footfall, nothing)
        await as_owner(engine, poison, 1)
        await rebuild(connection, footfall, nothing)
        assert await verify(connection, footfall, nothing) == []


async def test_the_builder_tries_again_and_says_meanwhile_what_hinders_it(
    site: Site, open_another: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given that somebody else holds on to a projection; then /readyz says so, and it is built as
    soon as they let go."""
    monkeypatch.setattr("service.builder.AGAIN_S", 0.05)
    engine, flow = site.engine, CATALOGUE["flow"]
    await visit(engine, 2)
    await until(lambda: _caught_up(engine))
    await engine.pool.execute("UPDATE projections SET definition = 'x' WHERE projection = 'flow'")
    other = await open_another()
    async with engine.own_connection() as connection, shadow_of(connection, flow, "rebuild"):
        builder = asyncio.create_task(other.builder.run())
        await until(lambda: _is(bool(other.builder.troubles)))
        _, ready = await site.ask("GET", "/readyz")
        assert ready["status"] == "impaired"
        assert "flow: its tables are of another release" in ready["troubles"][0]["what"]
    async with asyncio.timeout(30):
        await builder
    assert other.builder.troubles == {}
    assert (await read_lag(engine.pool, flow, engine.clock())).error is None


async def _is(value: bool) -> bool:
    return value


async def test_a_projection_that_is_new_to_an_old_log_is_shown_when_it_is_whole(
    site: Site, open_another: OpenEngine
) -> None:
    """Given a log from before there was flow; then nobody is shown it empty or half full."""
    await visit(site.engine, 6)
    await site.engine.pool.execute(
        "DELETE FROM projections WHERE projection = 'flow'; "
        "DELETE FROM progress WHERE projection = 'flow'; DROP TABLE flow"
    )
    other = await open_another()
    path = f"/api/rallies/{RALLY}/flow"
    status, problem = await site.ask("GET", path, site.organiser())
    assert (status, problem["code"]) == (503, "being_rebuilt")
    await other.builder.run()
    status, answer = await site.ask("GET", path, site.organiser())
    assert (status, sum(row["moves"] for row in answer["moves"])) == (200, 12)


async def test_what_is_told_of_a_fact_holds_nothing_of_its_data(engine: Engine) -> None:
    await engine.count_heads(RALLY, spots(engine)[0], 3, uuid4(), "test")
    await as_owner(
        engine,
        """UPDATE events SET data = '{"count": "Taro 090-1234"}' WHERE type = 'HeadcountRecorded'""",
    )
    await engine.follower.catch_up()
    lag = await read_lag(engine.pool, CATALOGUE["footfall"], engine.clock())
    assert "InvalidTextRepresentationError" in lag.error
    assert "Taro" not in lag.error


async def test_a_headcount_without_a_number_is_no_visit_and_is_not_skipped(engine: Engine) -> None:
    for _ in range(2):
        await engine.count_heads(RALLY, spots(engine)[0], 3, uuid4(), "test")
    await as_owner(
        engine,
        "UPDATE events SET data = '{}' WHERE type = 'HeadcountRecorded' AND position % 2 = 0",
    )
    await engine.follower.catch_up()
    assert (await read_lag(engine.pool, CATALOGUE["footfall"], engine.clock())).error
    assert not await engine.pool.fetchval("SELECT coalesce(sum(visits), 0) FROM footfall")


async def test_a_plan_that_changes_while_it_is_read_is_not_remembered_wrongly(
    engine: Engine,
) -> None:
    """Given a plan that is changed and changed back; then the first one holds again."""
    rally = engine.rallies.get(RALLY)
    await visit(engine, 3)
    without = msgspec.structs.replace(rally.plan, prizes=[])
    for plan in (without, rally.plan):
        await engine.plan(plan, "test")
        await engine.follower.catch_up()
    async with engine.own_connection() as connection:
        assert await verify(connection, CATALOGUE["completion"], nothing) == []


async def test_the_swap_passes_whatever_was_applied_live_since_the_shadow_was_filled(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given visits that are appended and followed between filling and swapping; then the swap
    catches up with them first."""
    analyze = projections.rebuild._analyze

    async def meanwhile(shadow: Shadow) -> None:
        await analyze(shadow)
        await visit(engine, 4)
        await engine.follower.catch_up()

    await visit(engine, 2)
    await engine.follower.catch_up()
    monkeypatch.setattr(projections.rebuild, "_analyze", meanwhile)
    for number, projection in enumerate(CATALOGUE.values(), start=1):
        async with engine.own_connection() as connection:
            await rebuild(connection, projection, nothing)
        lag = await read_lag(engine.pool, projection, engine.clock())
        assert lag == (0, 0.0, None), number
