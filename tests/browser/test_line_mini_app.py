"""The worked example of a mini-app, in a real browser, from an origin of its own, with a stand-in
for LINE's `liff`: everything else is what a developer would put on the web."""

from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio
from aiohttp import web
from browsing import check
from playwright.async_api import Browser, Page, Route, expect
from support import LINE, NOON, PLANS, RALLY, OpenEngine, SetClock, Site

from domain.plan import Plan
from domain.rally import open_rally
from service.commands.serve import address_of, listener_of, listening
from service.config import Config

MINI = PLANS.parent / "examples" / "line-mini-app"
SDK = "https://static.line-scdn.net/liff/edge/2/sdk.js"
LIFF = """
globalThis.liff = {
  init: async ({ liffId }) => { globalThis.signedInWith = liffId; },
  scanCodeV2: async () => ({ value: globalThis.seen }),
  openWindow: ({ url }) => { location.href = url; },
};
"""


@pytest_asyncio.fixture
async def mini() -> AsyncIterator[str]:
    """The address of the example's files; another site than 127.0.0.1, as a browser sees it."""
    app = web.Application()
    app.router.add_static("/", MINI)
    runner = web.AppRunner(app)
    await runner.setup()
    listener = listener_of(Config(port=0))
    await web.SockSite(runner, listener).start()
    yield address_of(listener).replace("127.0.0.1", "localhost")
    await runner.cleanup()


@pytest_asyncio.fixture
async def served(
    mini: str, open_another: OpenEngine, tokyo: Plan, clock: SetClock
) -> AsyncIterator[Site]:
    """A service whose operator has named the mini-app's origin."""
    engine = await open_another(allowed_origins=mini)
    await engine.plan(tokyo, "test")
    await engine.change(RALLY, lambda rally, _: open_rally(rally, NOON, "test"))
    async with listening(engine) as url, aiohttp.ClientSession(url) as session:
        yield Site(engine, clock, url, session)


async def opened(browser: Browser, mini: str, site: Site, language: str = "ja-JP") -> Page:
    """The mini-app on a phone, with the three things in its config that a developer fills in."""
    context = await browser.new_context(
        viewport={"width": 360, "height": 740}, locale=language, timezone_id="Asia/Tokyo"
    )
    mine = f'export const LIFF_ID = "1-A", MEGURI = "{site.url}", RALLY = "{RALLY}";'
    javascript = "text/javascript"
    await context.route(SDK, lambda route: route.fulfill(body=LIFF, content_type=javascript))
    await context.route(
        "**/config.js", lambda route: route.fulfill(body=mine, content_type=javascript)
    )
    page = await context.new_page()
    await page.clock.install(time=site.clock())
    await page.goto(f"{mini}/index.html")
    await expect(page.locator("#scan")).to_be_enabled()
    return page


async def scans(page: Page, site: Site, spot: str) -> None:
    """Point LINE's scanner at a spot's poster."""
    await page.evaluate("seen => { globalThis.seen = seen; }", f"{site.url}/s/{site.code(spot)}")
    await page.locator("#scan").click()


def test_the_example_holds_nothing_that_is_line_s() -> None:
    """Their SDK is loaded from them, by the address that LINE documents."""
    assert SDK in (MINI / "index.html").read_text(encoding="utf-8")
    known = {"app.js", "config.js", "index.html", "meguri.js", "style.css", "words.js"}
    assert {path.name for path in MINI.iterdir()} == known | {"README.md", "README.ja.md"}


async def test_a_scan_in_line_stamps_and_the_card_shows_it(
    browser: Browser, mini: str, served: Site
) -> None:
    page = await opened(browser, mini, served)
    assert await page.evaluate("globalThis.signedInWith") == "1-A"
    await expect(page.locator("h1")).to_contain_text("アンテナショップ")
    await expect(page.locator("#stamps")).to_contain_text("スタンプはまだありません")
    await scans(page, served, LINE[0])
    await expect(page.locator("#said")).to_contain_text("のスタンプを押しました")
    await expect(page.locator("#title")).to_have_text("スタンプ 1個")
    await check(page, "mini-app")
    await scans(page, served, LINE[0])
    await expect(page.locator("#said")).to_contain_text("すでに押してあります")
    assert await served.facts() == 1
    await page.reload()
    await expect(page.locator("#title")).to_have_text("スタンプ 1個")


async def test_a_lost_answer_is_asked_for_again_and_stamps_once(
    browser: Browser, mini: str, served: Site
) -> None:
    page = await opened(browser, mini, served)
    lost: list[str] = []

    async def lose_the_first(route: Route) -> None:
        if lost:
            await route.continue_()
            return
        lost.append(route.request.post_data or "")
        await route.fetch()  # the service has taken it
        await route.abort()  # and nobody hears of it

    await page.route("**/api/check-ins", lose_the_first)
    await scans(page, served, LINE[0])
    await expect(page.locator("#waiting")).to_contain_text("1件の読み取りを保存しました")
    assert await served.facts() == 1
    await page.clock.run_for(2_000)
    await expect(page.locator("#said")).to_contain_text("のスタンプを押しました")
    await expect(page.locator("#waiting")).to_be_hidden()
    assert (await served.facts(), len(lost)) == (1, 1)


async def test_without_a_network_scans_wait_for_the_next_opening(
    browser: Browser, mini: str, served: Site
) -> None:
    page = await opened(browser, mini, served, "en-GB")
    await page.route("**/api/**", lambda route: route.abort())
    for spot in LINE[:2]:
        await scans(page, served, spot)
    await expect(page.locator("#waiting")).to_contain_text("Scans kept: 2")
    assert await served.facts() == 0
    await page.unroute("**/api/**")
    await page.reload()
    await expect(page.locator("#title")).to_have_text("Stamps: 2")
    await expect(page.locator("#waiting")).to_be_hidden()
    await check(page, "mini-app in English")


async def test_the_whole_card_opens_on_the_service_s_own_pages(
    browser: Browser, mini: str, served: Site
) -> None:
    """There is one card: what was stamped in LINE is shown, and handed out, there."""
    page = await opened(browser, mini, served)
    await scans(page, served, LINE[0])
    await expect(page.locator("#title")).to_have_text("スタンプ 1個")
    await page.locator("#whole").click()
    await page.get_by_role("button", name="スタンプ帳を引き継ぐ").click()
    await page.wait_for_url(f"{served.url}/r/{RALLY}")
    await expect(page.get_by_role("main")).to_contain_text("スタンプ")
    cookies = {each["name"] for each in await page.context.cookies(served.url)}
    assert "meguri_visitor" in cookies


async def test_why_there_is_no_stamp_is_said_by_the_service(
    browser: Browser, mini: str, served: Site
) -> None:
    page = await opened(browser, mini, served)
    await page.evaluate("globalThis.seen = 'https://elsewhere.example.org/menu'")
    await page.locator("#scan").click()
    await expect(page.locator("#said")).to_contain_text("コード")
    await expect(page.locator("#waiting")).to_be_hidden()
