"""Live parts: what many watch is drawn once, and nobody waits for anybody else."""

import asyncio
import json
import secrets
import zlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest
from support import RALLY, Site

from service import boards
from service.boards import deflated
from service.pages import organiser

SPOT = "miyagi-yurakucho"
LIVE = f"/r/{RALLY}/organiser/live"
WATCHERS = 40
PATIENCE_S = 30


@asynccontextmanager
async def watching(
    site: Site, path: str = LIVE, **headers: str
) -> AsyncIterator[aiohttp.ClientResponse]:
    headers = {"Authorization": f"Bearer {site.organiser()}"} | headers
    async with site.session.get(path, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        yield answer


async def next_event(answer: aiohttp.ClientResponse) -> dict[str, str]:
    """The next event that carries data: its fields."""
    while True:
        async with asyncio.timeout(PATIENCE_S):
            text = (await answer.content.readuntil(b"\n\n")).decode()
        fields: dict[str, str] = {}
        for line in text.strip().splitlines():
            name, _, value = line.partition(": ")
            fields[name] = f"{fields[name]}\n{value}" if name in fields else value
        if "data" in fields:
            return fields


async def until_shown(answer: aiohttp.ClientResponse, shown: str) -> dict[str, str]:
    while shown not in (event := await next_event(answer))["data"]:
        pass
    return event


def visits(n: int) -> str:
    return f'data-n="visits">{n}<'


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """An item for each time that the overview was drawn."""
    times: list[None] = []
    true_part = organiser.part

    def counted(*args: object, **more: object) -> str:
        times.append(None)
        return true_part(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(organiser, "part", counted)
    return times


async def test_many_watch_one_drawing(site: Site, drawn: list[None]) -> None:
    """Given many dashboards, when people check in, then all see the last number, and the part was
    drawn for all of them together."""
    async with AsyncExitStack() as stack:
        answers = [await stack.enter_async_context(watching(site)) for _ in range(WATCHERS)]
        for answer in answers:
            await until_shown(answer, visits(0))
        for _ in range(3):
            await site.scan(site.visitor(), SPOT)
        ids = {(await until_shown(answer, visits(3)))["id"] for answer in answers}
    assert len(ids) == 1
    assert 2 <= len(drawn) < WATCHERS


async def test_whoever_never_reads_delays_nobody(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given drawings larger than what systems keep for a connection, when one client reads nothing
    of them, then the others see the last number all the same."""
    true_part = organiser.part
    padding = f"<!--{secrets.token_hex(4_000_000)}-->"
    monkeypatch.setattr(organiser, "part", lambda *args, **more: true_part(*args, **more) + padding)
    headers = {"Authorization": f"Bearer {site.organiser()}"}
    async with site.session.get(LIVE, headers=headers) as silent:
        assert silent.status == 200
        async with watching(site, **{"Accept-Encoding": "identity"}) as answer:
            for n in range(1, 4):
                await site.scan(site.visitor(), SPOT)
                await _read_until(answer, visits(n))


async def _read_until(answer: aiohttp.ClientResponse, shown: str) -> None:
    """Read on, without keeping what is large."""
    tail = b""
    async with asyncio.timeout(PATIENCE_S):
        while shown.encode() not in tail:
            tail = tail[-100:] + await answer.content.readany()


async def test_a_browser_that_comes_again_is_sent_what_it_has_missed(site: Site) -> None:
    """It says which drawing it has, and is sent the one there is now, once."""
    async with watching(site) as answer:
        had = (await until_shown(answer, visits(0)))["id"]
    await site.scan(site.visitor(), SPOT)
    await site.engine.follower.catch_up()
    async with watching(site, **{"Last-Event-ID": had}) as answer:
        assert await answer.content.readuntil(b"\n") == b"retry: 2000\n"
        event = await next_event(answer)
        assert visits(1) in event["data"]
    async with watching(site, **{"Last-Event-ID": event["id"]}) as answer:
        await site.scan(site.visitor(), SPOT)
        assert visits(2) in (await next_event(answer))["data"], "the first one is not sent twice"


async def test_each_language_and_each_address_has_its_own_drawing(site: Site) -> None:
    async with (
        watching(site, **{"Accept-Language": "ja"}) as japanese,
        watching(site, **{"Accept-Language": "en"}) as english,
        watching(site, f"/r/{RALLY}/spots/{SPOT}/live") as shop,
    ):
        assert "来訪" in (await next_event(japanese))["data"]
        assert "Visits" in (await next_event(english))["data"]
        assert 'data-n="first"' in (await next_event(shop))["data"]


async def test_boards_end_with_their_last_watcher(site: Site) -> None:
    before = len(asyncio.all_tasks())
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await next_event(await stack.enter_async_context(watching(site)))
    await site.scan(site.visitor(), SPOT)  # the next frame finds that they have gone

    async with asyncio.timeout(PATIENCE_S):
        while len(asyncio.all_tasks()) > before:
            await asyncio.sleep(0.05)


async def test_a_failed_drawing_lets_its_watchers_come_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watching(site) as answer:
        await next_event(answer)

        def fails(*_: object, **__: object) -> str:
            raise RuntimeError("no ink")

        with monkeypatch.context() as patch:
            patch.setattr(organiser, "part", fails)
            await site.scan(site.visitor(), SPOT)
            async with asyncio.timeout(PATIENCE_S):
                assert await answer.content.read() == b"", "the stream ends"
    async with watching(site) as answer:
        await until_shown(answer, visits(1))


async def test_more_than_a_process_bears_are_told_to_come_later(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boards, "WATCHERS_MAX", 1)
    async with watching(site) as answer:
        await next_event(answer)
        token = {"Authorization": f"Bearer {site.organiser()}"}
        async with site.session.get(LIVE, headers=token) as refused:
            assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
            assert json.loads(await refused.text())["code"] == "busy"


async def test_strangers_leave_room_for_who_is_signed_in(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody asks for in an address makes no drawing of its own; other languages do."""
    monkeypatch.setattr(boards, "PUBLIC_BOARDS_MAX", 1)
    public = f"/r/{RALLY}/signage/live"
    async with site.session.get(public) as first, site.session.get(f"{public}?x=1") as same:
        assert (first.status, same.status) == (200, 200)
        async with site.session.get(f"{public}?lang=ko") as refused:
            assert refused.status == 503
        async with watching(site) as answer:
            await next_event(answer)


async def test_what_is_packed_once_opens_in_any_order() -> None:
    """Frames that were deflated alone follow each other in anybody's stream."""
    pieces = [deflated(f"data: {n} {'x' * n}\n\n".encode()) for n in (1, 2_000, 3)]
    for order in (pieces, pieces[::-1], pieces[1:] * 2):
        opened = zlib.decompressobj(-zlib.MAX_WBITS)
        text = b"".join(map(opened.decompress, order))
        assert text.count(b"data: ") == len(order)


async def test_a_stream_is_packed_for_those_who_take_it(site: Site) -> None:
    """The same events, whether packed or not."""
    async with (
        watching(site, **{"Accept-Encoding": "gzip"}) as packed,
        watching(site, **{"Accept-Encoding": "identity"}) as plain,
    ):
        assert packed.headers["Content-Encoding"] == "gzip"
        assert "Content-Encoding" not in plain.headers
        assert await next_event(packed) == await next_event(plain)
