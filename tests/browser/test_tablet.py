"""The shop's tablet: a scanner that types, a prize given and taken back, guests counted, the screen;
each without a network for a while, too."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
import zxingcpp
from browsing import check
from msgspec.structs import replace
from PIL import Image
from playwright.async_api import Browser, BrowserContext, Page, expect
from support import RALLY, Site, until

from domain.conditions import Stamps
from domain.plan import Coupon, FirstCome, Prize, Spot
from qr.codes import sign_badge
from service.scans import code_in
from service.sign_in import STAFF_COOKIE

SPOT, BOOTH = "hokkaido-yurakucho", "booth"
TABLET, PHONE = {"width": 1024, "height": 768}, {"width": 360, "height": 740}
HERE = f"/r/{RALLY}/spots/{SPOT}"
NAMES = {"en": "A booth", "ja": "ブース"}
TOWEL = Prize("towel", {"en": "A towel"}, Stamps(1), FirstCome(stock=5, per_day=3))


class Shop(NamedTuple):
    """A site whose rally has a prize to hand over, and a browser for the staff's devices."""

    site: Site
    browser: Browser

    async def tablet(self, spot: str = SPOT, **look: Any) -> BrowserContext:
        """A tablet of a spot's staff: in English and light, unless `look` says otherwise."""
        context = await self.browser.new_context(
            **{"base_url": self.site.url, "viewport": TABLET, "locale": "en-GB"} | look
        )
        token = {"name": STAFF_COOKIE, "value": self.site.staff(spot), "url": self.site.url}
        await context.add_cookies([token])
        return context

    async def walker(self) -> str:
        """The badge of a visitor with a stamp, who has reached the prizes."""
        token = self.site.visitor()
        assert (await self.site.scan(token, "akita-yurakucho"))[0] == 201
        key = self.site.engine.keyring.newest_code_key(RALLY)
        assert key is not None
        return sign_badge(key, self.site.engine.people.verify(token).id)

    async def counted(self) -> list[int]:
        """The headcounts in the log, in the order of their times."""
        rows = await self.site.engine.pool.fetch(
            "SELECT data FROM events WHERE type = 'HeadcountRecorded' ORDER BY occurred_at"
        )
        return [json.loads(row["data"])["count"] for row in rows]


@pytest_asyncio.fixture
async def shop(site: Site, browser: Browser) -> AsyncIterator[Shop]:
    plan = site.engine.rallies.get(RALLY).plan
    drink = Prize("drink", {"en": "A drink"}, Stamps(1), Coupon(uses=2))
    booth = Spot(BOOTH, NAMES, plan.areas[0].id, kind="badge")
    changed = replace(
        plan, prizes=[*plan.prizes, TOWEL, drink], spots=[*plan.spots, booth], ranks_shown=True
    )
    await site.engine.plan(changed, "test")
    yield Shop(site, browser)
    for context in browser.contexts:
        await context.close()


async def types(page: Page, text: str) -> None:
    """A scanner types what it has read, and Enter; it does not look where the cursor is."""
    await page.keyboard.type(text)
    await page.keyboard.press("Enter")


async def test_a_typing_scanner_stamps_one_after_the_other(shop: Shop) -> None:
    """Given a counter that is open; when badges are scanned; then nothing else has to be touched,
    also after the cursor was taken away or a prize's button was pressed."""
    page = await (await shop.tablet(BOOTH)).new_page()
    await page.goto(f"/r/{RALLY}/spots/{BOOTH}/counter")
    for number in range(1, 4):
        await types(page, f"https://rally.example/s/{await shop.walker()}")
        await expect(page.get_by_role("status").get_by_text("Stamped!")).to_be_visible()
        await expect(page.locator("#code")).to_be_focused()
        assert await shop.site.facts() == 2 * number
        await page.locator("h1").click()
    await types(page, "nonsense")
    await expect(page.get_by_role("alert")).to_contain_text("No stamp this time")
    await types(page, f"{await shop.walker()}?prize=towel")
    give = page.get_by_role("button", name="Hand it over")
    await expect(give).to_be_visible()
    await give.focus()
    await types(page, await shop.walker())
    await expect(page.get_by_role("status").get_by_text("Stamped!")).to_be_visible()
    assert await shop.site.facts("PrizeHandedOver") == 0, "a scan presses no button"


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
async def test_a_prize_is_handed_over_and_taken_back(shop: Shop, scripts: bool) -> None:
    page = await (await shop.tablet(java_script_enabled=scripts)).new_page()
    await page.goto(f"{HERE}/counter")
    await page.get_by_label("Scan a badge or a prize screen").fill(await shop.walker())
    await page.get_by_role("button", name="Take it").click()
    await page.get_by_role("button", name="Hand a prize over: A towel").click()
    await expect(page.locator(".stock dd").first).to_contain_text("5 / 5")
    await page.get_by_role("button", name="Hand it over").click()
    await expect(page.get_by_role("heading", name="Handed over")).to_be_visible()
    await expect(page.locator(".stock dd").first).to_contain_text("4 / 5")
    await expect(page.locator(".stock dd").last).to_contain_text("2 / 3")
    await page.get_by_role("button", name="take it back").click()
    await expect(page.get_by_role("heading", name="Taken back")).to_be_visible()
    await expect(page.locator(".stock dd").first).to_contain_text("5 / 5")
    assert await shop.site.facts("PrizeHandedOver") == 1
    assert await shop.site.facts("HandOverReversed") == 1


async def test_the_seconds_to_take_back_run_out(shop: Shop) -> None:
    page = await (await shop.tablet()).new_page()
    await page.clock.install()
    await page.goto(f"/s/{await shop.walker()}?prize=towel")
    await page.get_by_role("button", name="Hand it over").click()
    back = page.get_by_role("button", name="take it back")
    await expect(back).to_be_visible()
    await page.clock.fast_forward(40_000)
    await expect(page.locator("[data-seconds]")).to_have_text("20")
    await page.clock.fast_forward(21_000)
    await expect(back).to_be_hidden()


async def test_a_press_whose_answer_is_lost_is_sent_again_and_gives_once(shop: Shop) -> None:
    """Given a network that takes the request and loses the answer, twice; then one is given, and
    the page says what is going on."""
    page = await (await shop.tablet()).new_page()
    lost = 0

    async def loses(route: Any) -> None:
        nonlocal lost
        lost += 1
        await route.fetch()
        await (route.abort("connectionreset") if lost <= 2 else route.continue_())

    await page.route("**/hand-overs", loses)
    await page.goto(f"/s/{await shop.walker()}?prize=towel")
    await page.get_by_role("button", name="Hand it over").click()
    await expect(page.get_by_text("It is not known whether it has arrived.")).to_be_visible()
    await check(page, "no answer yet")
    await page.get_by_role("button", name="Try now").click()
    await expect(page.get_by_role("heading", name="Handed over")).to_be_visible()
    assert lost == 3
    assert await shop.site.facts("PrizeHandedOver") == 1
    await expect(page.get_by_role("button", name="take it back")).to_be_visible()


async def test_guests_are_counted_without_a_network_and_sent_when_there_is_one(shop: Shop) -> None:
    """Given presses while there is no network, and a page that is opened anew; then each counts
    once, when it was made."""
    context = await shop.tablet()
    page = await context.new_page()
    await page.goto(HERE)
    more = page.get_by_role("button", name="Count one guest")
    await more.click()
    await expect(page.locator("[data-n=heads]")).to_have_text("1")
    await context.set_offline(True)
    for _ in range(3):
        await more.click()
    await page.get_by_role("button", name="Take one guest back").click()
    await expect(page.locator("#unsent")).to_contain_text("Not sent yet: 2.")
    assert await shop.counted() == [1]
    await page.close()

    await context.set_offline(False)
    page = await context.new_page()
    await page.goto(HERE)
    await expect(page.locator("[data-n=heads]")).to_have_text("3")
    await expect(page.locator("#unsent")).to_be_hidden()
    assert sorted(await shop.counted()) == [-1, 1, 1, 1, 1]
    await page.reload()
    await expect(page.locator("[data-n=heads]")).to_have_text("3")


async def test_a_count_whose_answer_is_lost_counts_once(shop: Shop) -> None:
    page = await (await shop.tablet()).new_page()
    tries = 0

    async def loses(route: Any) -> None:
        nonlocal tries
        tries += 1
        await route.fetch()
        await (route.abort("connectionreset") if tries == 1 else route.continue_())

    await page.route("**/headcounts", loses)
    await page.goto(HERE)
    await page.get_by_role("button", name="Count one guest").click()
    await expect(page.locator("#unsent")).to_be_visible()
    await expect(page.locator("#unsent")).to_be_hidden(timeout=15_000)
    assert await shop.counted() == [1]


async def code_on(page: Page) -> str:
    """The code that a phone reads off the screen."""
    await expect(page.locator("#code[data-step]")).to_be_visible()
    picture = Image.open(BytesIO(await page.locator("#code").screenshot()))
    (found,) = zxingcpp.read_barcodes(picture, zxingcpp.BarcodeFormat.QRCode)
    return code_in(found.text)


KEPT = """async () => {
    if (!navigator.serviceWorker.controller) return false;
    const pages = await caches.open("screens");
    return Boolean(await pages.match(location.pathname)) && (await pages.keys()).length > 3;
}"""


async def at_screen(page: Page, shop: Shop, lag: timedelta) -> None:
    """Open the screen on a device with a wrong clock, until it is kept there."""
    await page.clock.install(time=shop.site.clock() - lag)
    await page.goto(f"{HERE}/screen")
    await expect(page.locator("#rotating[data-state=live]")).to_be_attached()
    await until(lambda: page.evaluate(KEPT))


async def test_the_screen_opens_without_a_network_once_it_was_open(shop: Shop) -> None:
    """Given a tablet with a wrong clock that is started anew in the middle of a breakdown; then its
    codes are good; when staff sign out, it has none any more."""
    context = await shop.tablet()
    page = await context.new_page()
    await at_screen(page, shop, timedelta(hours=3))
    await context.set_offline(True)
    await page.reload()
    await expect(page.locator("#rotating[data-state=alone]")).to_be_attached()
    await expect(page.locator("#skew")).to_contain_text("behind by 3 hours")
    await expect(page.locator(".so-far p")).to_be_hidden()
    status, _ = await shop.site.check_in(shop.site.visitor(), await code_on(page))
    assert status == 201

    await context.set_offline(False)
    await page.reload()
    await expect(page.locator("#rotating[data-state=live]")).to_be_attached()
    await page.get_by_role("button", name="Sign out").click()
    await until(lambda: page.evaluate("caches.has('screens').then((there) => !there)"))
    assert (
        await page.evaluate("indexedDB.databases().then((all) => all.map((one) => one.name))") == []
    )


async def test_the_screen_counts_todays_visits(shop: Shop) -> None:
    page = await (await shop.tablet()).new_page()
    await page.goto(f"{HERE}/screen")
    await expect(page.locator("[data-n=visits]")).to_have_text("0")
    await shop.site.scan(shop.site.visitor(), SPOT)
    await expect(page.locator("[data-n=visits]")).to_have_text("1")


async def test_the_screen_fills_the_tablet(shop: Shop) -> None:
    page = await (await shop.tablet()).new_page()
    await page.goto(f"{HERE}/screen")
    await page.get_by_role("button", name="Full screen").click()
    await page.wait_for_function("() => document.fullscreenElement?.id === 'rotating'")
    await page.get_by_role("button", name="Leave full screen").click()
    await page.wait_for_function("() => document.fullscreenElement === null")


LOOKS = [
    ("ja-JP", "light", TABLET),
    ("ja-JP", "dark", PHONE),
    ("en-GB", "light", PHONE),
    ("en-GB", "dark", TABLET),
]
"""Each two of a language, a theme and a size meet."""


@pytest.mark.parametrize(("locale", "theme", "size"), LOOKS)
async def test_these_pages_are_whole(
    shop: Shop, locale: str, theme: Any, size: dict[str, int]
) -> None:
    """Nothing that axe finds and nothing to scroll sideways, on a tablet and on a phone."""
    one, two = await shop.walker(), await shop.walker()
    for _ in range(6):
        visitor = shop.site.visitor()
        for spot in ("wakayama-yurakucho", SPOT, "akita-yurakucho"):
            assert (await shop.site.scan(visitor, spot))[0] == 201
    await shop.site.engine.follower.catch_up()
    context = await shop.tablet(locale=locale, color_scheme=theme, viewport=size)
    page = await context.new_page()

    async def sees(name: str, address: str) -> None:
        await page.goto(address)
        await check(page, name)

    await sees("shop", HERE)
    await context.set_offline(True)
    await page.locator("[data-heads] .button").first.click()
    await expect(page.locator("#unsent")).to_be_visible()
    await check(page, "shop, offline")
    await context.set_offline(False)
    await sees("shop, average", f"{HERE}?against=average")
    await sees("shop, another day", f"{HERE}?day=2026-01-09&against=week")
    await sees("screen", f"{HERE}/screen")
    await sees("counter", f"{HERE}/counter")
    await types(page, one)
    await expect(page.locator(".note.good")).to_be_visible()
    await check(page, "counter, stamped")
    await types(page, "nonsense")
    await expect(page.locator(".note.bad")).to_be_visible()
    await check(page, "counter, refused")
    await sees("coupon", f"/s/{one}?prize=drink")
    await sees("prize", f"/s/{two}?prize=towel")
    await page.locator(".hand button").click()
    await expect(page.locator(".note.good")).to_be_visible()
    await check(page, "handed over")
    await sees("handed over before", f"/s/{two}?prize=towel")
    await until(lambda: _quiet(shop))


async def _quiet(shop: Shop) -> bool:
    return await shop.site.facts("PrizeHandedOver") == 1
