"""All of one's cards, and a master's card with its members: on a phone and at a desk, in two languages."""

from datetime import UTC, datetime

import pytest
from browsing import DESK, PHONE, check
from playwright.async_api import Browser, expect
from support import PLANS, Site

from domain.rally import open_rally
from service.plan_files import read_plan
from service.sign_in import STAFF_COOKIE, VISITOR_COOKIE, Role

NORTH, SOUTH, GRAND = "north-shore-walk", "south-shore-walk", "two-shores"


@pytest.fixture
async def walked(site: Site) -> str:
    """A visitor who has come far enough in one of the master's members."""
    site.clock.now = datetime(2026, 5, 1, 1, 0, tzinfo=UTC)
    for name in (NORTH, SOUTH, GRAND):
        await site.engine.plan(read_plan(PLANS / name / "plan.yaml"), "test")
        await site.engine.change(name, lambda rally, now: open_rally(rally, now, "test"))
    token = site.visitor()
    for rally, spots in ((NORTH, ("lighthouse", "chapel", "ropeworks")), (SOUTH, ("ferry",))):
        site.rally = rally
        for spot in spots:
            site.clock.forward(minutes=5)
            assert (await site.scan(token, spot))[0] == 201
    return token


@pytest.mark.parametrize(("look", "locale"), [(PHONE, "ja-JP"), (DESK, "en-GB")])
async def test_one_sees_all_cards_and_what_the_master_still_wants(
    site: Site, browser: Browser, walked: str, look: dict[str, int], locale: str
) -> None:
    context = await browser.new_context(base_url=site.url, viewport=look, locale=locale)
    await context.add_cookies([{"name": VISITOR_COOKIE, "value": walked, "url": site.url}])
    page = await context.new_page()
    await page.goto(f"/r/{NORTH}")
    await page.click("a[href='/cards']")
    await expect(page.locator(".own-cards > li")).to_have_count(3)
    await check(page, f"cards {locale}")
    await page.click(f".own-cards h2 a[href='/r/{GRAND}']")
    south = page.locator("#spot-south a")
    await expect(south).to_contain_text("2")
    await check(page, f"master {locale}")
    await south.click()
    await expect(page.locator(f"a[href='/r/{GRAND}']")).to_be_visible()
    await check(page, f"member {locale}")
    await context.close()


async def test_the_cards_are_there_without_a_network(
    site: Site, browser: Browser, walked: str
) -> None:
    context = await browser.new_context(base_url=site.url, viewport=PHONE, locale="en-GB")
    await context.add_cookies([{"name": VISITOR_COOKIE, "value": walked, "url": site.url}])
    page = await context.new_page()
    await page.goto(f"/r/{NORTH}")
    await page.evaluate("navigator.serviceWorker.ready")
    await page.reload()
    await page.goto("/cards")
    await expect(page.locator(".own-cards > li")).to_have_count(3)
    await page.wait_for_function("caches.match('/cards').then((kept) => !!kept)")
    await context.set_offline(True)
    await page.goto("/cards")
    await expect(page.locator(".own-cards > li")).to_have_count(3)
    await context.close()


async def test_an_organiser_sees_which_rally_a_spot_is(
    site: Site, browser: Browser, walked: str
) -> None:
    """And changes how many stamps are asked for; a mistake is told at its field."""
    _, token = site.engine.people.new(Role.ORGANISER, site.clock(), GRAND)
    context = await browser.new_context(base_url=site.url, viewport=DESK, locale="en-GB")
    await context.add_cookies([{"name": STAFF_COOKIE, "value": token, "url": site.url}])
    page = await context.new_page()
    await page.goto(f"/r/{GRAND}/plan/spots/0")
    await expect(page.locator("[name=rally]")).to_have_value(NORTH)
    await check(page, "a spot that is a rally")
    await page.fill("[name=rally]", "nowhere")
    await page.fill("[name=complete_stamps]", "2")
    await page.click("button[value=save]")
    await expect(page.get_by_text("The id of another one of your rallies.")).to_be_visible()
    await page.fill("[name=rally]", NORTH)
    await page.click("button[value=save]")
    await page.goto(f"/r/{GRAND}/plan/preview")
    await expect(page.locator("main")).to_contain_text("2")
    await context.close()
