"""A proxy between service and Postgres that cuts, holds and swallows: a network to be broken."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

from serving import address_of

COMMIT = b"COMMIT"
CUTS = ("before", "during", "unanswered", "after")
"""Where a connection is cut: the COMMIT never goes out; half of it does; all of it does, and the
cut comes at once; the server has answered it, and the answer is swallowed."""
SILENCE = "silence"
"""Not a cut: the COMMIT goes out, and from then on nothing comes back."""


class Proxy:
    """Listens on 127.0.0.1 and hands on to a Postgres; its faults are attributes, set at will."""

    def __init__(self, upstream: tuple[str, int] | str) -> None:
        self.upstream = upstream
        self.port = 0
        self.links: set[Link] = set()
        self.cut_at_commit: Callable[[bytes], str | None] = lambda transaction: None
        """Asked at each COMMIT, with all that was sent since the last one: a cut, or None."""
        self.cuts: Counter[str] = Counter()
        self.going_on = asyncio.Event()
        self.going_on.set()
        self.swallows_new = False
        """Whether new connections fall into the same hole as those of `swallow`."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Proxy"]:
        """Listen; at the end every connection is cut."""
        server = await asyncio.start_server(self._link, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.going_on.set()
            self.cut()
            await asyncio.gather(*(link.ended.wait() for link in self.links))

    def url(self, of: str) -> str:
        """The address of a database, by way of this proxy."""
        parts = urlsplit(of)
        user = parts.netloc.rpartition("@")[0]
        return f"postgresql://{user}@127.0.0.1:{self.port}{parts.path}"

    def cut(self) -> None:
        """Cut every connection, on both sides."""
        for link in self.links:
            link.cut()

    def hold(self) -> None:
        """Keep all bytes, both ways, until `resume`."""
        self.going_on.clear()

    def swallow(self, *, new: bool) -> None:
        """Half-open: whatever is sent on today's connections (and `new` ones) vanishes."""
        self.swallows_new = new
        for link in self.links:
            link.swallows = True

    def resume(self) -> None:
        """Let bytes pass again; what was swallowed stays lost, and so do its connections."""
        self.swallows_new = False
        self.going_on.set()

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Link(self, writer)
        self.links.add(link)
        try:
            await link.run(reader)
        finally:
            self.links.discard(link)
            link.ended.set()


class Link:
    """One connection of the service, and its counterpart to the server."""

    def __init__(self, proxy: Proxy, client: asyncio.StreamWriter) -> None:
        self.proxy = proxy
        self.client = client
        self.server: asyncio.StreamWriter | None = None
        self.swallows = proxy.swallows_new
        self.ended = asyncio.Event()
        self._sent = b""  # by the client, since its last COMMIT
        self._cut_at_answer = False

    async def run(self, from_client: asyncio.StreamReader) -> None:
        """Hand on until either side ends."""
        with suppress(OSError):
            upstream = self.proxy.upstream
            from_server, self.server = await (
                asyncio.open_unix_connection(upstream)
                if isinstance(upstream, str)
                else asyncio.open_connection(*upstream)
            )
            ways = {
                asyncio.create_task(self._pump(from_client, self._from_client)),
                asyncio.create_task(self._pump(from_server, self._from_server)),
            }
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            if (
                not self.swallows
            ):  # in a half-open connection neither side hears that the other ends
                self.cut()
            await asyncio.gather(*ways, return_exceptions=True)
        self.cut()

    def cut(self) -> None:
        """End both sides without a word."""
        for side in (self.client, self.server):
            if side is not None:
                side.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, hand_on: Callable[[bytes], None]) -> None:
        with suppress(OSError):
            while chunk := await reader.read(65_536):
                await self.proxy.going_on.wait()
                if not self.swallows:
                    hand_on(chunk)

    def _from_client(self, chunk: bytes) -> None:
        assert self.server is not None
        self._sent += chunk
        if COMMIT not in chunk:
            self.server.write(chunk)
            return
        where = self.proxy.cut_at_commit(self._sent)
        self._sent = b""
        if where is None:
            self.server.write(chunk)
            return
        self.proxy.cuts[where] += 1
        half = chunk.index(COMMIT) + len(COMMIT) // 2
        self.server.write({"before": b"", "during": chunk[:half]}.get(where, chunk))
        self._cut_at_answer = where == "after"
        self.swallows = where == SILENCE
        if where not in ("after", SILENCE):
            self.client.transport.abort()
            self.server.close()  # what was written still goes out

    def _from_server(self, chunk: bytes) -> None:
        if self._cut_at_answer:
            self.cut()
        else:
            self.client.write(chunk)


@asynccontextmanager
async def proxied(url: str) -> AsyncIterator[Proxy]:
    """A proxy to the Postgres of an address."""
    async with Proxy(address_of(url)).running() as proxy:
        yield proxy


def once(where: str, marker: bytes) -> Callable[[bytes], str | None]:
    """Cut there, once, at the COMMIT of the transaction that carries `marker`."""
    left = [where]
    return lambda transaction: left.pop() if left and marker in transaction else None


def often(rng: random.Random, cuts_max: int, marker: bytes) -> Callable[[bytes], str | None]:
    """Cut every third transaction that carries `marker` somewhere, until there were enough."""
    left = [rng.choice(CUTS) for _ in range(cuts_max)]
    return lambda transaction: (
        left.pop() if left and marker in transaction and rng.random() < 1 / 3 else None
    )
