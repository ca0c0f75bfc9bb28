"""A phone on a slow link: from opening a code to the stamp on the screen, in a real Chromium.

The link is a proxy that delays and paces bytes as Lighthouse's "slow 4G" does, rather than the
browser's own emulation, which leaves out connections and whatever the service worker asks for. A
connection costs a round trip (TCP); names are not looked up and nothing is encrypted. The page's
processor is slowed by the browser.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from browsers import FLAGS, chromium
from playwright.async_api import Browser, BrowserContext, CDPSession, async_playwright

from benchmarks.results import Goal, Round, Row, at_most

RTT_S = 0.150
DOWN_BYTES_S = 1_600_000 / 8
UP_BYTES_S = 750_000 / 8
CPU_SLOWED = 4
ROUNDS_MIN = 9
CHUNK_BYTES = 4_096
SCREEN = {"width": 360, "height": 640}
STAMPED_GOAL_MS = 1_500
BYTES_GOAL = 100_000
REQUESTS_GOAL = 6
STAMPED_MS_MAX = 60_000

# After the frame in which the state was changed, a task runs when that frame has been painted.
_WATCH = """
    new MutationObserver(() => {
        if (document.getElementById("scan")?.dataset.state !== "stamped") return;
        requestAnimationFrame(() => setTimeout(() => { window.stampedMs ??= performance.now(); }));
    }).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-state"] });
"""
_PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
_KEPT = "() => caches.keys().then((names) => names.includes('pages'))"


class _Lane:
    """One direction of the link, shared by all connections."""

    def __init__(self, bytes_s: float) -> None:
        self._bytes_s = bytes_s
        self._free_at = 0.0

    def arrival(self, size: int) -> float:
        """When `size` bytes that are sent now have arrived, by the loop's clock."""
        now = asyncio.get_running_loop().time()
        self._free_at = max(now, self._free_at) + size / self._bytes_s
        return self._free_at + RTT_S / 2


async def _carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter, lane: _Lane) -> None:
    """Pass on what comes, each chunk when it has arrived."""
    loop = asyncio.get_running_loop()
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            arrives_at, chunk = await under_way.get()
            await asyncio.sleep(arrives_at - loop.time())
            if not chunk:
                return
            sink.write(chunk)

    delivering = asyncio.create_task(deliver())
    try:
        while chunk := await source.read(CHUNK_BYTES):
            under_way.put_nowait((lane.arrival(len(chunk)), chunk))
        under_way.put_nowait((lane.arrival(0), b""))
        await delivering
    finally:
        delivering.cancel()
        sink.close()


@asynccontextmanager
async def slow_link(url: str) -> AsyncIterator[str]:
    """An address by which `url` is reached slowly, until the block ends."""
    there = urlsplit(url)
    up, down = _Lane(UP_BYTES_S), _Lane(DOWN_BYTES_S)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await asyncio.sleep(RTT_S)
            answers, asks = await asyncio.open_connection(there.hostname, there.port)
            await asyncio.gather(_carry(reader, asks, up), _carry(answers, writer, down))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


class Phone:
    """What was measured on first visits, and on the next one at another spot."""

    def __init__(self, codes: Sequence[str]) -> None:
        self._codes = codes
        self.first = Row(name="phone_first", title="first visit", unit="stamps", kind="phone")
        self.again = Row(name="phone_again", title="next spot", unit="stamps", kind="phone")

    async def measure(self, url: str, rounds: int, advanced: Any) -> list[Row]:
        """Take rounds; a row for each kind of visit. `advanced` is told of each round."""
        async with slow_link(url) as slow, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            await self._round(browser, slow, keeps=False)  # the service's first pages are slower
            for _ in range(max(ROUNDS_MIN, rounds)):
                await self._round(browser, slow, keeps=True)
                advanced()
            await browser.close()
        return [self.first, self.again]

    async def _round(self, browser: Browser, url: str, *, keeps: bool) -> None:
        context = await browser.new_context(base_url=url, viewport=SCREEN, locale="ja-JP")
        first = await _visit(context, self._codes[0])
        again = await _visit(context, self._codes[1])
        await context.close()
        if keeps:
            self.first.rounds.append(first)
            self.again.rounds.append(again)


class _Traffic:
    """What a page has fetched from the network, itself or through the worker: bytes of each. Icons
    are inside the page; what the worker fetches for later is not the page's."""

    def __init__(self, devtools: CDPSession) -> None:
        self.sizes: list[int] = []
        self._answers: dict[str, dict[str, Any]] = {}
        devtools.on("Network.responseReceived", self._received)
        devtools.on("Network.loadingFinished", self._finished)

    def _received(self, event: dict[str, Any]) -> None:
        self._answers[event["requestId"]] = event["response"]

    def _finished(self, event: dict[str, Any]) -> None:
        size = round(event["encodedDataLength"]) or self._passed_on(event["requestId"])
        if size:
            self.sizes.append(size)

    def _passed_on(self, request: str) -> int:
        """Files the worker has; a code's page it passes on, which DevTools shows without bytes."""
        answer = self._answers.get(request, {})
        if not answer.get("fromServiceWorker") or "/s/" not in answer["url"]:
            return 0
        headers = {name.lower(): text for name, text in answer["headers"].items()}
        return int(headers["content-length"])


async def _visit(context: BrowserContext, code: str) -> Round:
    """Open a code until the stamp is there, the card is drawn and the worker has what it keeps."""
    page = await context.new_page()
    await page.add_init_script(_WATCH)
    devtools = await context.new_cdp_session(page)
    await devtools.send("Network.enable")
    await devtools.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWED})
    traffic = _Traffic(devtools)
    await page.goto(f"/s/{code}", wait_until="commit")
    await page.wait_for_function("() => window.stampedMs", timeout=STAMPED_MS_MAX)
    await page.locator("#card .card").wait_for()
    stamped_ms, painted_ms = await page.evaluate(f"[window.stampedMs, {_PAINTED}]")
    requests, size = len(traffic.sizes), sum(traffic.sizes)
    await page.wait_for_function(_KEPT, timeout=STAMPED_MS_MAX)
    await page.close()
    return Round(
        per_second=1e3 / stamped_ms,
        seconds=stamped_ms / 1e3,
        first_paint_ms=painted_ms,
        requests=requests,
        answer_bytes=size,
    )


def phone_goals(rows: list[Row]) -> list[Goal]:
    """The goals that these rows can be held against."""
    goals = []
    for row in rows:
        if row.kind != "phone" or not row.rounds:
            continue
        name = f"phone on slow 4G, {row.title}"
        stamped_ms = (row.median(lambda each: each.seconds) or 0.0) * 1e3
        size = row.median(lambda each: each.answer_bytes) or 0.0
        requests = row.median(lambda each: float(each.requests)) or 0.0
        goals += [
            at_most(f"{name}: ms until stamped", STAMPED_GOAL_MS, round(stamped_ms)),
            at_most(f"{name}: bytes", BYTES_GOAL, round(size)),
            at_most(f"{name}: requests", REQUESTS_GOAL, requests),
        ]
    return goals
