"""The servers that tests make databases on: one Postgres, or a Citus coordinator and its workers.

On Citus a database is one on every node, so that is how it is copied and dropped: what a node
knows of the others, and its own shards, are in its part of the database.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
from support import on_server

IS_CITUS = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')"
WORKERS = "SELECT node_name, node_port FROM citus_get_active_worker_nodes() ORDER BY 1, 2"

GRANT_IN_COPY = """
DO $$ BEGIN
    IF to_regrole('meguri_service') IS NOT NULL THEN
        GRANT CREATE ON DATABASE "{name}" TO meguri_service;
    END IF;
END $$
"""


class Servers:
    """`urls`: the server that is asked, then the workers, if it is a coordinator."""

    def __init__(self, urls: list[str], blank: str = "template0") -> None:
        self.urls = urls
        self.blank = blank

    @property
    def is_citus(self) -> bool:
        return len(self.urls) > 1

    async def create(self, name: str, template: str) -> str:
        """A copy of a database; returns its address."""
        await self._everywhere(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        if (
            self.is_citus
        ):  # in a copy, Citus does not know the database as its own: it passes no grant on
            await self._everywhere(GRANT_IN_COPY.format(name=name))
        return on_server(self.urls[0], name)

    async def close(self, name: str) -> None:
        """Let nobody use a database, Citus' own processes too, so that it can be copied."""
        if self.is_citus:
            await self._everywhere(
                f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false',
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                f"WHERE datname = '{name}'",
            )

    async def drop(self, name: str) -> None:
        """Drop a database, whoever uses it; a coordinator's before the workers', which it asks."""
        for url in self.urls:
            await execute(url, f'DROP DATABASE "{name}" WITH (FORCE)')

    async def _everywhere(self, *statements: str) -> None:
        await asyncio.gather(*(execute(url, *statements) for url in self.urls))


@asynccontextmanager
async def servers_of(url: str) -> AsyncIterator[Servers]:
    """The servers behind a database's address. A blank database of Citus has the extension and
    the nodes, as an operator would have prepared it."""
    workers = await _workers(url)
    if workers is None:
        yield Servers([url])
        return
    servers = Servers([url, *(_at(url, *worker) for worker in workers)])
    servers.blank = f"meguri_blank_{uuid4().hex[:8]}"
    blank = await servers.create(servers.blank, "template0")
    for each in servers.urls:
        await execute(on_server(each, servers.blank), "CREATE EXTENSION citus")
    own = urlsplit(url)
    await execute(
        blank,
        f"SELECT citus_set_coordinator_host('{own.hostname}', {own.port})",
        *(f"SELECT citus_add_node('{host}', {port})" for host, port in workers),
    )
    await servers.close(servers.blank)
    yield servers
    await servers.drop(servers.blank)


async def _workers(url: str) -> list[tuple[str, int]] | None:
    connection = await asyncpg.connect(url)
    try:
        if not await connection.fetchval(IS_CITUS):
            return None
        found = [(row["node_name"], row["node_port"]) for row in await connection.fetch(WORKERS)]
    finally:
        await connection.close()
    assert found, f"{url} has no worker nodes: citus_add_node adds them"
    return found


def _at(url: str, host: str, port: int) -> str:
    """The same database on another node, with the same user and password."""
    parts = urlsplit(url)
    login, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{login}{at}{host}:{port}").geturl()


async def execute(url: str, *statements: str) -> None:
    """Run statements, each in a transaction of its own."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
