"""There is a limit on everything that a request may be: size, headers, depth, time, number."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from support import LINE, RALLY, Site

from service import answers, patience
from service.limits import Limit

ASK = b"POST /api/visitors HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"


@asynccontextmanager
async def connected(
    site: Site,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A bare connection to the service."""
    address = urlsplit(site.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    yield reader, writer
    writer.close()


async def told(site: Site, text: bytes) -> bytes:
    """What the service says to bytes, as far as the end of the connection or its headers."""
    async with connected(site) as (reader, writer):
        writer.write(text)
        async with asyncio.timeout(30):
            return await reader.readuntil(b"\r\n\r\n")


@pytest.mark.parametrize(
    "headers",
    [
        b"".join(b"X-%d: y\r\n" % n for n in range(patience.HEADERS_MAX + 10)),
        b"X: " + b"y" * (patience.FIELD_BYTES_MAX + 10) + b"\r\n",
    ],
    ids=["many", "long"],
)
async def test_headers_are_few_and_short(site: Site, headers: bytes) -> None:
    assert (
        (await told(site, ASK + headers + b"\r\n{}")).split(b"\r")[0].endswith(b" 400 Bad Request")
    )
    assert (await told(site, ASK + b"X: y\r\n\r\n{}")).startswith(b"HTTP/1.1 201 ")


async def test_a_connection_that_asks_nothing_is_closed_and_one_that_has_asked_is_not(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "HEADERS_SECONDS_MAX", 0.0)
    async with connected(site) as (heard, says), connected(site) as (silent, trickles):
        says.write(ASK + b"\r\n{}")
        await heard.readuntil(b"\r\n\r\n")
        trickles.write(ASK)
        async with asyncio.timeout(60):
            assert await silent.read() == b""
        says.write(ASK + b"\r\n{}")
        assert b"201 Created" in await heard.readuntil(b"\r\n\r\n")


async def test_a_body_that_trickles_in_is_not_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "BODY_SECONDS_MAX", 0.05)
    async with connected(site) as (reader, writer):
        writer.write(ASK + b"\r\n{")
        async with asyncio.timeout(60):
            said = await reader.readuntil(b"}")
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"body_too_slow"' in said


async def test_what_is_nested_too_deep_is_refused(site: Site) -> None:
    deep = "[" * 100_000
    status, problem = await site.ask("POST", "/api/visitors", data=deep)
    assert (status, problem["code"]) == (400, "body_invalid")
    status, problem = await site.ask("PUT", f"/api/rallies/{RALLY}", site.organiser(), data=deep)
    assert (status, problem["code"]) == (422, "plan_invalid")


async def test_counts_of_guests_are_not_taken_without_end(site: Site) -> None:
    site.engine.heads = Limit(2, 60, monotonic)
    staff, spot = site.staff(LINE[0]), f"/api/rallies/{RALLY}/spots/{LINE[0]}/headcounts"
    said = [
        await site.ask("POST", spot, staff, json={"count": 1, "headcount_id": str(uuid4())})
        for _ in range(3)
    ]
    assert [status for status, _ in said] == [201, 201, 429]
    assert said[2][1]["code"] == "too_many_requests"
