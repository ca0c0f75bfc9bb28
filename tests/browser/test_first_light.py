"""One scan, all the way: a poster's picture, a phone, a stamp, and the shop's number."""

import re
from io import BytesIO

import zxingcpp
from PIL import Image
from playwright.async_api import BrowserContext, Page, expect
from support import RALLY, Site

SHOP = "nagano-ginza"


async def signed_in(context: BrowserContext, token: str) -> Page:
    """A page of somebody who opened a sign-in address."""
    page = await context.new_page()
    await page.goto(f"/sign-in#{token}")
    await page.wait_for_url(re.compile(r"/r/"))
    return page


async def decoded(page: Page, spot: str) -> str:
    """What the QR on a spot's poster says, read from a picture of the poster."""
    await page.goto(f"/r/{RALLY}/posters?spot={spot}")
    picture = Image.open(BytesIO(await page.screenshot(full_page=True)))
    found = zxingcpp.read_barcodes(picture)
    assert len(found) == 1
    return str(found[0].text)


async def visits_shown(page: Page) -> int:
    """The visits of today that the shop's page shows."""
    text = await page.locator("[data-n=visits]").first.inner_text()
    return int(re.sub(r"\D", "", text))


async def test_a_scanned_poster_stamps_and_the_shop_sees_it_without_a_reload(
    site: Site, phone: BrowserContext, desk: BrowserContext
) -> None:
    """Given a shop's page that is open; when a phone opens what the poster's picture says."""
    shop = await signed_in(desk, site.staff(SHOP))
    before = await visits_shown(shop)
    await shop.evaluate("window.notReloaded = true")
    poster = await desk.new_page()
    address = await decoded(poster, SHOP)
    assert address == f"{site.url}/s/{site.code(SHOP)}"

    visitor = await phone.new_page()
    await visitor.goto(address)
    scan = visitor.locator("#scan[data-state=stamped]")
    await expect(scan).to_be_visible()
    await expect(scan).to_contain_text("NAGANO")
    await expect(scan.get_by_role("status")).to_contain_text("スタンプを押しました")

    await expect(shop.locator("[data-n=visits]").first).to_have_text(
        re.compile(rf"^\s*{before + 1}\s*$"), timeout=20_000
    )
    assert await shop.evaluate("window.notReloaded")
    assert await site.facts() == 1
