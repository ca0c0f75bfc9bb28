"""Without a network: codes are scanned, kept with their own time, sent by themselves, told honestly."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pytest
import pytest_asyncio
from browsers import FLAGS, chromium
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect
from support import RALLY, Site

from domain.card import Card
from domain.close_out import thaw
from domain.encoding import moment_of
from domain.rally import close_rally
from qr.codes import sign, sign_badge
from qr.keyring import CodeKey
from service.engine import of_known
from service.sign_in import VISITOR_COOKIE

FIRST, SECOND, THIRD = "hokkaido-yurakucho", "akita-yurakucho", "okinawa-yurakucho"
LOOK = {
    "viewport": {"width": 360, "height": 740},
    "locale": "en-GB",
    "reduced_motion": "reduce",
}


class Walker(NamedTuple):
    """A visitor who has opened the card once, on a phone that works without a network since."""

    site: Site
    context: BrowserContext
    token: str

    async def gets_ready(self) -> None:
        """Open the card, and stay until the worker has seen it."""
        # As in browsers without Background Sync, whose network is not the one that is cut here.
        await self.context.add_init_script(
            "Object.defineProperty(ServiceWorkerRegistration.prototype, 'sync',"
            " { value: undefined })"
        )
        later = (datetime.now(UTC) + timedelta(days=1)).timestamp()
        cookie = {"name": VISITOR_COOKIE, "value": self.token, "url": self.site.url}
        await self.context.add_cookies([{**cookie, "expires": later}])
        page = await self.looks()
        await page.evaluate("navigator.serviceWorker.ready")
        await page.reload()
        await page.wait_for_function("() => navigator.serviceWorker.controller !== null")
        await kept(page, f"/r/{RALLY}", f"/r/{RALLY}/names")
        await page.close()

    async def card(self) -> Card:
        id_ = self.site.engine.people.verify(self.token).id
        return await self.site.engine.log.card(id_, RALLY)

    async def scans(self, spot: str) -> Page:
        """Open what a poster says."""
        page = await self.context.new_page()
        await page.goto(f"/s/{self.site.code(spot)}")
        return page

    async def looks(self, language: str | None = None) -> Page:
        """Open the card, perhaps by choosing a language."""
        page = await self.context.new_page()
        await page.goto(f"/r/{RALLY}" + (f"?lang={language}" if language else ""))
        return page


@pytest_asyncio.fixture
async def walker(site: Site, browser: Browser) -> AsyncIterator[Walker]:
    context = await browser.new_context(base_url=site.url, **LOOK)
    walker = Walker(site, context, site.visitor())
    await walker.gets_ready()
    yield walker
    await context.close()


@asynccontextmanager
async def profile(site: Site, folder: Path) -> AsyncIterator[BrowserContext]:
    """A browser of its own that keeps everything in `folder`, until the block ends."""
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            folder, executable_path=chromium(), args=FLAGS, base_url=site.url, **LOOK
        )
        yield context
        await context.close()


async def kept(page: Page, *addresses: str) -> None:
    """Wait until the worker keeps all of these."""
    for address in addresses:
        await page.wait_for_function(f"() => caches.match('{address}').then(Boolean)")


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


@pytest.mark.parametrize(
    ("language", "rally", "spot"),
    [
        ("ja", "アンテナショップ周遊", "どさんこプラザ"),
        ("en", "Tokyo antenna", "Hokkaido"),
    ],
)
async def test_without_a_network_the_page_says_whose_code_it_is(
    walker: Walker, language: str, rally: str, spot: str
) -> None:
    """In the language that was chosen last; the card lists where the scans were made."""
    page = await walker.looks(language)
    answer = f"caches.match('/r/{RALLY}/names').then((kept) => kept.text())"
    await page.wait_for_function(f"() => {answer}.then((text) => text.includes('{spot}'))")
    await page.wait_for_function(
        f"() => caches.match('/offline').then((kept) => kept.text()).then("
        f"(text) => text.includes('<html lang=\"{language}\">'))"
    )
    await page.close()
    await walker.context.set_offline(True)
    page = await walker.scans(FIRST)
    await state(page, "offline").to_be_visible()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(spot)
    await expect(page.locator(".kicker")).to_contain_text(rally)
    await expect(page).to_have_title(re.compile(spot))
    await page.locator("#to-card").click()
    await expect(page.locator("#kept-list .where")).to_contain_text(spot)


async def test_without_a_network_an_unknown_code_stays_nameless(walker: Walker) -> None:
    """A badge, somebody else's code, a spot that this phone has never heard of."""
    key = walker.site.engine.keyring.newest_code_key(RALLY)
    codes = [
        sign_badge(key, uuid4()),
        sign(CodeKey(key.id + 1, "other", key.secret), FIRST),
        sign(key, "new-here"),
        "NOTACODE",
    ]
    await walker.context.set_offline(True)
    for code in codes:
        page = await walker.context.new_page()
        await page.goto(f"/s/{code}")
        await state(page, "offline").to_be_visible()
        assert await page.evaluate(f"Kept.named('{code}')") is None
        await expect(page.get_by_role("heading", level=1)).to_have_text("Your scan")
        await page.close()


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


async def test_a_kept_scan_that_came_after_the_freeze_is_sent_again_after_a_thaw(
    walker: Walker,
) -> None:
    """Given results that were frozen while it waited."""
    site, engine = walker.site, walker.site.engine
    await walker.context.set_offline(True)
    page = await walker.scans(FIRST)
    await state(page, "offline").to_be_visible()
    await page.close()
    site.clock.forward(hours=3)
    await engine.change(RALLY, of_known(close_rally, "test"))
    await engine.freeze(RALLY, "test")
    await walker.context.set_offline(False)
    for _ in range(2):
        page = await walker.looks()
        await expect(page.locator("#kept-list .bad")).to_contain_text("final")
        await page.close()
    assert (await walker.card()).visits == ()
    await engine.change(RALLY, of_known(thaw, "test"))
    page = await walker.looks()
    await expect(page.locator("#kept-list .good")).to_have_count(1)
    assert [visit.spot for visit in (await walker.card()).visits] == [FIRST]
    await page.reload()
    await expect(page.locator("#kept")).to_be_hidden()


async def test_three_scans_outlive_the_browser_and_arrive_with_their_times(
    walker: Walker, tmp_path: Path
) -> None:
    """Given three codes scanned without a network; when the browser ends and a new one of the same
    profile finds a network; then each is a stamp of its own moment, and nothing is kept any more."""
    site = walker.site
    async with profile(site, tmp_path) as context:
        user = Walker(site, context, walker.token)
        await user.gets_ready()
        await context.set_offline(True)
        for spot in (FIRST, SECOND, THIRD):
            page = await user.scans(spot)
            await state(page, "offline").to_be_visible()
        moments = await page.evaluate("Kept.all().then((scans) => scans.map((scan) => scan.at))")
    assert len(set(moments)) == 3
    assert (await walker.card()).visits == ()

    site.clock.forward(hours=3)
    async with profile(site, tmp_path) as context:
        page = await Walker(site, context, walker.token).looks()
        await expect(page.locator("#kept-list .good")).to_have_count(3)
        for spot in (FIRST, SECOND, THIRD):
            await expect(page.locator(f"#spot-{spot} .when")).to_have_text("Stamped Jan 15 12:00")
        await page.wait_for_function("() => Kept.all().then((scans) => scans.length === 0)")
    visits = (await walker.card()).visits
    assert [visit.spot for visit in visits] == [FIRST, SECOND, THIRD]
    made = [datetime.fromisoformat(moment) for moment in moments]
    assert [moment_of(visit.occurred_at) for visit in visits] == made


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
        f"/r/{RALLY}/names",
    ]


async def scanned_without_cookie(walker: Walker) -> None:
    """A scan is kept; then the cookie is lost, and there is a network again."""
    await walker.context.set_offline(True)
    page = await walker.scans(FIRST)
    await state(page, "offline").to_be_visible()
    await page.wait_for_function("() => Kept.all().then((scans) => scans.length === 1)")
    await page.close()
    await walker.context.clear_cookies()
    await walker.context.set_offline(False)


async def is_copied(page: Page, token: str) -> None:
    await page.wait_for_function(
        "(token) => localStorage.getItem('meguri-card') === token", arg=token
    )


async def test_a_kept_scan_goes_to_the_card_of_the_copy(walker: Walker) -> None:
    """Given a card that is open when its cookie is lost."""
    card = await walker.looks()
    await is_copied(card, walker.token)
    await scanned_without_cookie(walker)
    await expect(card.locator("#kept-list .good")).to_have_count(1)
    assert [visit.spot for visit in (await walker.card()).visits] == [FIRST]


async def test_the_worker_begins_no_card(walker: Walker) -> None:
    """It cannot see the copy: what it finds nobody for waits for a page."""
    page = await walker.looks()
    await is_copied(page, walker.token)
    await page.goto("/")
    await scanned_without_cookie(walker)
    (worker,) = walker.context.service_workers
    await worker.evaluate("() => Kept.send().catch(() => {})")
    assert await walker.site.facts() == 0
    page = await walker.looks()
    await expect(page.locator(f"#spot-{FIRST} .when")).to_be_attached()
    assert [visit.spot for visit in (await walker.card()).visits] == [FIRST]


async def test_a_card_seen_last_does_not_say_whose_phone_it_is(walker: Walker) -> None:
    """Another card may have been taken over since."""
    page = await walker.looks()
    await is_copied(page, walker.token)
    other = walker.site.visitor()
    await page.evaluate("(token) => localStorage.setItem('meguri-card', token)", other)
    await page.close()
    await walker.context.set_offline(True)
    page = await walker.context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"/r/{RALLY}")
    await expect(page.locator(".card")).to_be_visible()
    await page.wait_for_timeout(500)
    assert not [url for url in asked if url.endswith("/api/visitors")]
