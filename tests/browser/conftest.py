"""A real Chromium; a phone, and a desk."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from browsers import FLAGS, chromium
from browsing import ROW, People
from playwright.async_api import Browser, BrowserContext, async_playwright
from support import Site


@pytest.fixture(scope="session")
def one_chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the Chromium of all tests is spoken to: a start costs as much as most tests do.
    Contexts are each test's own."""
    settings = tmp_path_factory.mktemp("chromium") / "settings.json"
    settings.write_text(json.dumps({"executablePath": chromium(), "args": FLAGS}))
    command = [sys.executable, "-m", "playwright", "launch-server", "--browser", "chromium"]
    with subprocess.Popen(
        [*command, "--config", settings], stdout=subprocess.PIPE, start_new_session=True
    ) as server:
        assert server.stdout is not None
        address = server.stdout.readline().decode().strip()
        assert address.startswith("ws://"), "Chromium does not start: see above"
        yield address
        os.killpg(server.pid, signal.SIGTERM)  # its own processes, too


@pytest_asyncio.fixture
async def browser(one_chromium: str) -> AsyncIterator[Browser]:
    """Chromium, headless."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.connect(one_chromium)
        yield browser
        await browser.close()


@pytest_asyncio.fixture
async def phone(browser: Browser, site: Site) -> AsyncIterator[BrowserContext]:
    """A small phone of a Japanese visitor."""
    context = await browser.new_context(
        base_url=site.url,
        viewport={"width": 360, "height": 640},
        device_scale_factor=2,
        is_mobile=True,
        has_touch=True,
        locale="ja-JP",
        timezone_id="Asia/Tokyo",
    )
    yield context
    await context.close()


@pytest_asyncio.fixture
async def desk(browser: Browser, site: Site) -> AsyncIterator[BrowserContext]:
    """A desktop browser in Japanese."""
    context = await browser.new_context(
        base_url=site.url, viewport={"width": 1280, "height": 900}, locale="ja-JP"
    )
    yield context
    await context.close()


@pytest_asyncio.fixture
async def people(site: Site, browser: Browser) -> AsyncIterator[People]:
    """Who is there: a visitor with the four stamps of ROW, an organiser."""
    visitor = site.visitor()
    for spot in ROW:
        status, _ = await site.scan(visitor, spot)
        assert status == 201
    yield People(site, browser, visitor, site.organiser())
    for context in browser.contexts:
        await context.close()
