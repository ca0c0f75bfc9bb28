"""A close-out walked through in the browser, without scripts, and every page of it looked at."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from browsing import DESK, PHONE, People, check
from msgspec.structs import replace
from playwright.async_api import Page, expect
from support import LINE, RALLY, Site

from domain.conditions import Stamps
from domain.plan import Draw, Prize
from domain.rally import close_rally
from service.engine import of_known
from service.sign_in import VISITOR_COOKIE

CLOSE_OUT, WINNERS, PROOF = (f"/r/{RALLY}/{name}" for name in ("close-out", "winners", "draw"))
TRIP = Prize("trip", {"ja": "旅行", "en": "A trip"}, Stamps(1), Draw(1, automatic=True), True)


@pytest_asyncio.fixture
async def ended(people: People) -> AsyncIterator[People]:
    """The rally has two visitors more, of whom one has said where to; one scan came late."""
    site = people.site
    plan = site.engine.rallies.known(RALLY).plan
    await site.engine.plan(replace(plan, prizes=[TRIP]), "test")
    late = site.clock().isoformat()
    site.clock.forward(hours=1)
    for token in (site.visitor(), site.visitor()):
        await site.scan(token, LINE[0], scanned_at=late)
        await site.says_where(token)
    yield people


class Walk:
    """An organiser's browser; each page is checked in passing."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def opens(self, address: str) -> None:
        await self.page.goto(address)
        await check(self.page, address)

    async def presses(self, do: str) -> None:
        """Press a button, the first of its kind; what asks first is opened."""
        button = self.page.locator(f"button[value={do}]").first
        if not await button.is_visible():
            await self.page.locator("details.ask", has=button).first.locator("summary").click()
        await button.click()
        await self.page.wait_for_load_state()
        await check(self.page, f"after {do}")

    async def step(self, name: str, state: str) -> None:
        found = self.page.locator(f"#step-{name}[data-state={state}]")
        await expect(found).to_be_visible()


@pytest.mark.parametrize(
    ("size", "theme", "language"), [(DESK, "light", "ja-JP"), (PHONE, "dark", "en-GB")]
)
async def test_an_organiser_walks_from_the_first_step_to_the_last(
    ended: People, size: dict[str, int], theme: str, language: str
) -> None:
    context = await ended.opens(viewport=size, color_scheme=theme, locale=language)
    walk = Walk(await context.new_page())
    await walk.opens(CLOSE_OUT)
    await walk.presses("commit")
    await walk.opens(PROOF)
    await ended.site.engine.change(RALLY, of_known(close_rally, "test"))
    await walk.opens(CLOSE_OUT)
    await walk.step("freeze", "now")
    await walk.presses("freeze")
    await walk.opens(f"{CLOSE_OUT}/visits")
    await walk.presses("void")
    await walk.presses("reinstate")
    await walk.opens(CLOSE_OUT)
    for do, step in (("review", "fix"), ("fix", "hold")):
        await walk.presses(do)
        await walk.step(step, "now")
    await walk.page.locator("#public").fill("03 11 22")
    await walk.page.locator("#about").fill("Loto 6, no. 2000")
    await walk.presses("hold")
    await walk.step("hand-over", "now")
    await walk.opens(WINNERS)
    while not await walk.page.locator("button[value=give]").count():
        await walk.presses("forfeit")
    await walk.presses("give")
    await expect(walk.page.locator(".winner[data-state=handed] address")).to_be_visible()
    await walk.opens(CLOSE_OUT)
    for step in ("gather", "hand-over", "reconcile"):
        await walk.step(step, "done")
    await walk.opens(WINNERS)
    await walk.presses("erase")
    await expect(walk.page.locator("address")).to_have_count(0)
    await walk.opens(PROOF)


async def test_all_steps_are_taken_without_scripts(ended: People, site: Site) -> None:
    context = await ended.opens(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(CLOSE_OUT)
    await page.locator("button[value=commit]").click()
    await site.engine.change(RALLY, of_known(close_rally, "test"))
    await page.goto(CLOSE_OUT)
    for do in ("freeze", "review", "fix"):
        button = page.locator(f"button[value={do}]")
        if not await button.is_visible():
            await page.locator("details.ask", has=button).locator("summary").click()
        await button.click()
    await page.locator("#public").fill("7")
    await page.locator("#about").fill("x")
    await page.locator("button[value=hold]").click()
    await expect(page.locator("#step-hold[data-state=done]")).to_be_visible()


async def test_a_visitor_finds_the_own_entry_on_the_page_for_everybody(ended: People) -> None:
    organiser = await (await ended.opens(visitor=False)).new_page()
    await organiser.goto(CLOSE_OUT)
    await organiser.locator("button[value=commit]").click()
    visitor = await (await ended.opens(staff=False)).new_page()
    await visitor.goto(f"/r/{RALLY}")
    await visitor.locator(f"a[href='{PROOF}']").click()
    await expect(visitor.locator(".own code")).to_have_count(1)
    await check(visitor, "own entry")
    await visitor.context.clear_cookies(name=VISITOR_COOKIE)
    await visitor.reload()
    await expect(visitor.locator(".own")).to_have_count(0)
    await visitor.locator(".proof-check summary").click()
    await check(visitor, "the script")
