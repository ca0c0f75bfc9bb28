"""A prize from the card to the counter: entered in one step, shown, handed over once, taken back."""

from collections.abc import AsyncIterator
from io import BytesIO
from typing import NamedTuple

import pytest
import pytest_asyncio
import zxingcpp
from axe_playwright_python.async_playwright import Axe
from msgspec.structs import replace
from PIL import Image
from playwright.async_api import Browser, BrowserContext, Page, expect
from support import RALLY, Site

from domain.conditions import Stamps
from domain.plan import Draw, FirstCome, Prize
from service.sign_in import STAFF_COOKIE, VISITOR_COOKIE

SPOT = "hokkaido-yurakucho"
PHONE = {"width": 360, "height": 740}


class Counter(NamedTuple):
    """A visitor with a stamp, who has reached a towel (one there is) and a draw; and the staff."""

    site: Site
    browser: Browser
    visitor: str

    async def opens(self, cookie: str, token: str) -> BrowserContext:
        context = await self.browser.new_context(
            base_url=self.site.url, viewport=PHONE, locale="en-GB"
        )
        await context.add_cookies([{"name": cookie, "value": token, "url": self.site.url}])
        return context

    async def phone(self, visitor: str | None = None) -> Page:
        return await (await self.opens(VISITOR_COOKIE, visitor or self.visitor)).new_page()

    async def counter(self) -> Page:
        return await (await self.opens(STAFF_COOKIE, self.site.staff(SPOT))).new_page()

    async def handed(self) -> int:
        given = await self.site.facts("PrizeHandedOver")
        return given - await self.site.facts("HandOverReversed")


@pytest_asyncio.fixture
async def counter(site: Site, browser: Browser) -> AsyncIterator[Counter]:
    plan = site.engine.rallies.get(RALLY).plan
    more = [
        Prize("towel", {"en": "A towel"}, Stamps(1), FirstCome(stock=1)),
        Prize("trip", {"en": "A trip"}, Stamps(1), Draw(1)),
    ]
    await site.engine.plan(replace(plan, prizes=[*plan.prizes, *more]), "test")
    visitor = site.visitor()
    await site.scan(visitor, SPOT)
    yield Counter(site, browser, visitor)
    for context in browser.contexts:
        await context.close()


async def shown_at(page: Page) -> str:
    """Where the code leads that the visitor's prize screen shows."""
    await page.get_by_role("link", name="Show it at the counter").click()
    picture = Image.open(BytesIO(await page.locator(".qr").screenshot()))
    (found,) = zxingcpp.read_barcodes(picture, zxingcpp.BarcodeFormat.QRCode)
    return str(found.text)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
async def test_a_draw_is_entered_in_one_step(counter: Counter, scripts: bool) -> None:
    context = await counter.browser.new_context(
        base_url=counter.site.url, viewport=PHONE, locale="en-GB", java_script_enabled=scripts
    )
    await context.add_cookies(
        [{"name": VISITOR_COOKIE, "value": counter.visitor, "url": counter.site.url}]
    )
    page = await context.new_page()
    await page.goto(f"/r/{RALLY}")
    await page.get_by_role("button", name="Take part in the draw").click()
    await expect(page.get_by_text("You take part in the draw.")).to_be_visible()
    await expect(page.get_by_role("button", name="Take part in the draw")).to_have_count(0)
    assert await counter.site.facts("PrizeEntered") == 1


async def test_a_prize_is_handed_over_once_and_can_be_taken_back(counter: Counter) -> None:
    """Given a prize that is shown; when staff scan it; then one press gives it, another gives no
    more, another visitor finds no stock, and a mistake is taken back."""
    phone = await counter.phone()
    await phone.goto(f"/r/{RALLY}")
    address = await shown_at(phone)
    first, second = await counter.counter(), await counter.counter()
    for page in (first, second):
        await page.goto(address)
    assert await counter.handed() == 0, "scanning gives nothing"
    for page in (first, second):
        await page.get_by_role("button", name="Hand it over").click()
    await expect(first.get_by_text("Handed over", exact=True)).to_be_visible()
    await expect(second.get_by_text("Do not hand it over")).to_be_visible()
    assert await counter.handed() == 1
    await phone.goto(f"/r/{RALLY}")
    await expect(phone.get_by_text("You have received it.")).to_be_visible()

    late = counter.site.visitor()
    await counter.site.scan(late, SPOT)
    other = await counter.phone(late)
    await other.goto(f"/r/{RALLY}")
    await second.goto(await shown_at(other))
    await expect(second.get_by_text("All of these prizes have been given.")).to_be_visible()
    await expect(second.get_by_role("button", name="Hand it over")).to_have_count(0)

    await first.get_by_role("button", name="That was a mistake: take it back").click()
    await expect(first.get_by_text("Taken back")).to_be_visible()
    assert await counter.handed() == 0


async def test_the_screen_moves_and_has_nothing_to_press_by_mistake(counter: Counter) -> None:
    page = await counter.phone()
    await page.goto(f"/r/{RALLY}/prizes/towel")
    running = "document.getAnimations().filter((one) => one.playState === 'running').length"
    assert await page.evaluate(running) >= 3
    assert await page.locator("main button").count() == 0


async def test_who_is_not_staff_cannot_hand_over(counter: Counter) -> None:
    phone = await counter.phone()
    await phone.goto(f"/r/{RALLY}")
    address = await shown_at(phone)
    await phone.goto(address)
    await expect(phone.get_by_text("Show it to the staff of a spot")).to_be_visible()
    form = {"visitor": str(counter.site.engine.people.verify(counter.visitor).id), "prize": "towel"}
    form |= {"hand_over_id": form["visitor"], "spot": SPOT}
    answer = await phone.request.post(f"/r/{RALLY}/hand-overs", form=form)
    assert answer.status == 401
    assert await counter.handed() == 0


async def test_these_pages_are_accessible(counter: Counter) -> None:
    phone, staff = await counter.phone(), await counter.counter()
    await phone.goto(f"/r/{RALLY}")
    address = await shown_at(phone)
    await staff.goto(address)
    for page in (phone, staff):
        found = (await Axe().run(page)).response
        faults = [(fault["id"], fault["nodes"][0]["html"][:150]) for fault in found["violations"]]
        assert faults == []
