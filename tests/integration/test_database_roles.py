"""Who may do what in the database: the owner migrates, the service serves and rewrites nothing."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from support import RALLY, OpenEngine, SetClock, Site, as_owner, on_server
from test_log import scan, spots

from domain.plan import Plan
from domain.prizes import erase
from domain.rally import open_rally
from projections.catalogue import CATALOGUE
from projections.rebuild import rebuild, verify
from service.config import Config
from service.database.embedded import EmbeddedPostgres
from service.database.migrate import (
    MIGRATIONS,
    MigrationError,
    alone,
    bring_up_to_date,
    migrate,
    outstanding,
)
from service.database.pool import login
from service.database.roles import APPEND_ONLY, SERVICE, missing_grants
from service.engine import Engine, open_engine
from service.eventlog.check import check
from service.failures import BeingRebuilt
from service.figures import read

FOOTFALL = CATALOGUE["footfall"]
OTHERS_HANDS = [
    "UPDATE {table} SET bucket = 1",
    "DELETE FROM {table}",
    "TRUNCATE {table}",
    "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "DROP TABLE {table}",
]


def nothing(_: int) -> None:
    """Nobody watches."""


def as_login(url: str, name: str) -> str:
    """The address for another login."""
    return f"postgresql://{name}@{url.partition('@')[2]}"


async def bring_up(url: str) -> list[str]:
    async with login(url) as connection, alone(connection):
        return await bring_up_to_date(connection)


async def say(url: str, statement: str) -> None:
    async with login(url) as connection:
        await connection.execute(statement)


@pytest_asyncio.fixture
async def app(database: str) -> AsyncIterator[str]:
    """A login that is in the service's role and owns nothing, as the manual has it."""
    name = f"meguri_app_{uuid4().hex[:8]}"
    await bring_up(database)
    await say(database, f"CREATE ROLE {name} LOGIN IN ROLE {SERVICE}")
    yield as_login(database, name)
    await say(database, f"DROP ROLE {name}")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def fresh_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A server on which nobody has made a role yet."""
    postgres = await EmbeddedPostgres.start(tmp_path_factory.mktemp("fresh"))
    yield postgres.url
    await postgres.stop()


@pytest.mark.parametrize("statement", OTHERS_HANDS)
async def test_the_service_cannot_rewrite_what_is_only_appended_to(
    engine: Engine, statement: str
) -> None:
    there = await engine.pool.fetch(
        "SELECT relname FROM pg_class WHERE relname = ANY ($1) AND relkind IN ('r', 'p')",
        APPEND_ONLY,
    )
    assert "events" in [row["relname"] for row in there]
    for row in there:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await engine.pool.execute(statement.format(table=row["relname"]))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await engine.pool.execute("UPDATE migrations SET checksum = ''")


async def test_every_connection_has_the_services_role(engine: Engine) -> None:
    assert await engine.pool.fetchval("SELECT current_user") == SERVICE
    async with engine.own_connection() as connection:
        assert await connection.fetchval("SELECT current_user") == SERVICE
    signals = await engine.signals.connect()
    assert await signals.fetchval("SELECT current_user") == SERVICE
    await signals.close()


async def test_a_login_without_rights_of_its_own_does_all_of_the_services_work(
    app: str, clock: SetClock, tokyo: Plan, tmp_path: Path
) -> None:
    """Check in, follow, rebuild, verify, erase, check the log: as a login that owns nothing."""
    async with open_engine(Config(database_url=app, data=tmp_path), clock) as engine:
        await engine.plan(tokyo, "test")
        await engine.change(RALLY, lambda rally, now: open_rally(rally, now, "test"))
        visitor = uuid4()
        batch = [scan(engine, visitor, spot) for spot in spots(engine)[:3]]
        await engine.log.commit(engine.log.bucket_of(visitor), batch)
        await engine.follower.catch_up()
        async with engine.own_connection() as connection:
            for projection in CATALOGUE.values():
                await rebuild(connection, projection, nothing)
                assert await verify(connection, projection, nothing) == []
        assert await engine.pool.fetchval("SELECT sum(visits) FROM footfall") == 3
        await engine.change_card(
            visitor, RALLY, lambda rally, card, now, _: erase(rally, card, visitor, now, "test")
        )
        assert await check(engine.pool, lambda _: None) == []
        async with login(app) as connection:
            assert await outstanding(connection) == []


async def test_what_is_done_twice_is_done_once(empty_database: str) -> None:
    done = await bring_up(empty_database)
    assert done[0] == "0001_log.sql"
    assert any(each.startswith("GRANT INSERT, SELECT ON public.events ") for each in done), done
    assert await bring_up(empty_database) == []


async def test_a_login_that_may_not_migrate_is_told_who_has_to(app: str, database: str) -> None:
    await say(
        database, "DELETE FROM migrations WHERE number = (SELECT max(number) FROM migrations)"
    )
    with pytest.raises(
        MigrationError, match=r"run `meguri migrate` with .* owner, \w+\.[^.]*\n    \d{4}_"
    ):
        async with open_engine(Config(database_url=app)):
            pass


async def test_rights_that_are_not_meant_are_taken_back(database: str) -> None:
    await bring_up(database)
    await say(database, f"GRANT UPDATE ON events TO PUBLIC; GRANT DELETE ON events TO {SERVICE}")
    assert await bring_up(database) == [
        f"REVOKE DELETE, UPDATE ON public.events FROM PUBLIC, {SERVICE}"
    ]
    await say(database, f"GRANT pg_write_all_data TO {SERVICE}")
    try:
        with pytest.raises(MigrationError, match="Another role gives rights"):
            await bring_up(database)
    finally:
        await say(database, f"REVOKE pg_write_all_data FROM {SERVICE}")


async def test_an_older_release_goes_on_beside_and_what_it_builds_is_taken_over(
    site: Site, open_another: OpenEngine
) -> None:
    """Given a release that serves as the owner and builds a projection anew; then its tables are
    its own until the next start makes them the service's again. Scans land all the while."""
    engine = site.engine
    async with login(engine._dsn) as connection:
        await rebuild(connection, FOOTFALL, nothing)
    await as_owner(engine, "CREATE SCHEMA rebuild_flow; CREATE TABLE rebuild_flow.flow ()")
    with pytest.raises(BeingRebuilt):
        await read(engine.pool, FOOTFALL, "read_spots", RALLY)
    assert (await site.scan(site.visitor(), "nagano-ginza"))[0] == 201
    other = await open_another()
    async with other.own_connection() as connection:
        for name in ("footfall", "flow"):
            await rebuild(connection, CATALOGUE[name], nothing)
            assert await verify(connection, CATALOGUE[name], nothing) == []


async def test_an_owner_that_is_no_superuser_makes_the_role_and_serves(fresh_server: str) -> None:
    """As at a provider of managed databases, where one may make roles."""
    await say(fresh_server, "CREATE ROLE city LOGIN CREATEROLE")
    await say(fresh_server, "CREATE DATABASE city OWNER city TEMPLATE template0")
    url = as_login(on_server(fresh_server, "city"), "city")
    async with open_engine(Config(database_url=url)) as engine:
        assert await engine.pool.fetchval("SELECT current_user") == SERVICE
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await engine.pool.execute("DELETE FROM events")
        async with engine.own_connection() as connection:
            await rebuild(connection, FOOTFALL, nothing)


async def test_what_an_administrator_migrates_is_the_owners(
    fresh_server: str, tmp_path: Path
) -> None:
    await say(fresh_server, "CREATE ROLE ward LOGIN")
    await say(fresh_server, "CREATE DATABASE ward OWNER ward TEMPLATE template0")
    url = on_server(fresh_server, "ward")
    for file in sorted(MIGRATIONS.glob("*.sql"))[:3]:
        (tmp_path / file.name).write_text(file.read_text("utf-8"), "utf-8")
    async with login(as_login(url, "ward")) as connection:
        await migrate(connection, tmp_path)
    assert (await bring_up(url))[0].startswith("0004_")
    async with login(url) as connection:
        assert set(
            await connection.fetch("SELECT tableowner FROM pg_tables WHERE schemaname = 'public'")
        ) == {("ward",)}


async def test_an_owner_that_may_make_no_roles_is_told_what_to_ask_for(fresh_server: str) -> None:
    await say(fresh_server, "CREATE ROLE town LOGIN")
    await say(fresh_server, "CREATE DATABASE town OWNER town TEMPLATE template0")
    url = as_login(on_server(fresh_server, "town"), "town")
    with pytest.raises(MigrationError, match="Ask whoever administers the server") as told:
        await bring_up(url)
    asked = [line.strip() for line in str(told.value).splitlines() if line.startswith("    ")]
    assert asked[-1].startswith("GRANT")
    for statement in asked:
        await say(on_server(fresh_server, "town"), statement)
    async with open_engine(Config(database_url=url)), login(url) as connection:
        assert await missing_grants(connection) == []
