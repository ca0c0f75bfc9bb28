"""Without a network: codes are scanned, kept with their own time, sent by themselves, told honestly."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import NamedTuple

import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect
from support import RALLY, Site

from domain.card import Card
from domain.encoding import moment_of
from service.sign_in import VISITOR_COOKIE

FIRST, SECOND = "hokkaido-yurakucho", "akita-yurakucho"
PHONE = {"width": 360, "height": 740}


class Walker(NamedTuple):
    """A visitor who has opened the card once, on a phone that works without a network since."""

    site: Site
    context: BrowserContext
    token: str

    async def card(self) -> Card:
        id_ = self.site.engine.people.verify(self.token).id
        return await self.site.engine.log.card(id_, RALLY)

    async def scans(self, spot: str) -> Page:
        """Open what a poster says."""
        page = await self.context.new_page()
        await page.goto(f"/s/{self.site.code(spot)}")
        return page

    async def looks(self) -> Page:
        page = await self.context.new_page()
        await page.goto(f"/r/{RALLY}")
        return page


@pytest_asyncio.fixture
async def walker(site: Site, browser: Browser) -> AsyncIterator[Walker]:
    context = await browser.new_context(
        base_url=site.url, viewport=PHONE, locale="en-GB", reduced_motion="reduce"
    )
    # As in browsers without Background Sync, whose network is not the one that is cut here.
    await context.add_init_script(
        "Object.defineProperty(ServiceWorkerRegistration.prototype, 'sync', { value: undefined })"
    )
    token = site.visitor()
    await context.add_cookies([{"name": VISITOR_COOKIE, "value": token, "url": site.url}])
    page = await context.new_page()
    await page.goto(f"/r/{RALLY}")
    await page.evaluate("navigator.serviceWorker.ready")
    await page.reload()  # now the worker has seen it
    await page.wait_for_function("navigator.serviceWorker.controller !== null")
    await page.wait_for_function(f"caches.match('/r/{RALLY}').then((kept) => Boolean(kept))")
    await page.close()
    yield Walker(site, context, token)
    await context.close()


def state(page: Page, name: str) -> object:
    return expect(page.locator(f"#scan[data-state={name}]"))


async def test_a_scan_without_a_network_is_kept_and_counts_at_its_own_time(walker: Walker) -> None:
    """Given no network; when two codes are scanned and the pages are closed; then the card that was
    seen last says that they wait, and hours later, with a network, they are stamps of then."""
    site, made = walker.site, walker.site.clock()
    await walker.context.set_offline(True)
    for spot in (FIRST, SECOND):
        page = await walker.scans(spot)
        await state(page, "offline").to_be_visible()
        await expect(page.get_by_text("Your scan is kept on this phone")).to_be_visible()
        await page.close()
    page = await walker.looks()
    await expect(page.get_by_text("2 scans wait for a network")).to_be_visible()
    assert (await walker.card()).visits == ()

    site.clock.forward(hours=3)
    await walker.context.set_offline(False)
    await expect(page.locator("#kept-list .good")).to_have_count(2)
    await expect(page.locator(f"#spot-{FIRST} .when")).to_be_attached()
    visits = (await walker.card()).visits
    assert [visit.spot for visit in visits] == [FIRST, SECOND]
    for visit in visits:
        assert abs(moment_of(visit.occurred_at) - made) < timedelta(minutes=5)
    late = "SELECT count(*) FROM events WHERE (data ->> 'late')::boolean"
    assert await site.engine.pool.fetchval(late) == 2
    await page.reload()
    await expect(page.locator("#kept")).to_be_hidden()
    assert len((await walker.card()).visits) == 2


async def test_a_scan_that_is_kept_and_refused_says_why(walker: Walker) -> None:
    """Given a code that is void meanwhile."""
    await walker.context.set_offline(True)
    page = await walker.scans("hokkaido-yurakucho")
    await state(page, "offline").to_be_visible()
    await page.close()
    walker.site.clock.forward(hours=24 * 10)
    await walker.context.set_offline(False)
    page = await walker.looks()
    await expect(page.locator("#kept-list .bad")).to_contain_text("arrived too late to count")
    assert (await walker.card()).visits == ()


async def test_the_page_of_a_scan_lands_it_as_soon_as_there_is_a_network(walker: Walker) -> None:
    await walker.context.set_offline(True)
    page = await walker.scans(FIRST)
    await state(page, "offline").to_be_visible()
    await walker.context.set_offline(False)
    await state(page, "stamped").to_be_visible(timeout=40_000)
    await expect(page.locator("#card .card")).to_be_visible()
    assert [visit.spot for visit in (await walker.card()).visits] == [FIRST]
    assert await page.evaluate("Kept.all()") == []


async def test_the_card_opens_without_a_network_as_it_was_seen_last(walker: Walker) -> None:
    page = await walker.scans(FIRST)
    await state(page, "stamped").to_be_visible()
    page = await walker.looks()
    await walker.context.set_offline(True)
    await page.reload()
    await expect(page.locator(f"#spot-{FIRST} .when")).to_be_attached()


async def test_staff_pages_and_the_api_are_never_answered_from_what_was_kept(
    walker: Walker,
) -> None:
    page = await walker.looks()
    kept = await page.evaluate(
        "caches.keys().then((names) => Promise.all(names.map(async (name) =>"
        " (await (await caches.open(name)).keys()).map((request) => request.url)))).then("
        "(lists) => lists.flat())"
    )
    paths = sorted(url.removeprefix(walker.site.url).partition("?")[0] for url in kept)
    assert [path for path in paths if not path.startswith("/static/")] == [
        "/offline",
        f"/r/{RALLY}",
    ]
