"""Codes that are more than a poster: on a staff screen, with a question, on a visitor's badge."""

from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
import zxingcpp
from axe_playwright_python.async_playwright import Axe
from msgspec.structs import replace
from PIL import Image
from playwright.async_api import Browser, BrowserContext, Page, expect
from support import RALLY, Site, far_spots

from domain.plan import Near, Question, Spot
from qr.codes import sign_badge
from service.scans import code_in
from service.sign_in import STAFF_COOKIE, VISITOR_COOKIE

PHONE = {"width": 360, "height": 740}
SCREEN, WORD, QUIZ, BOOTH, NEAR = "screen", "word", "quiz", "booth", "near"


class Counter(NamedTuple):
    """A site whose rally has a spot of each kind, and a browser for whoever comes."""

    site: Site
    browser: Browser

    async def opens(
        self, staff_of: str | None = None, visitor: str | None = None
    ) -> BrowserContext:
        context = await self.browser.new_context(
            base_url=self.site.url, viewport=PHONE, locale="en-GB", reduced_motion="reduce"
        )
        tokens = {STAFF_COOKIE: staff_of and self.site.staff(staff_of), VISITOR_COOKIE: visitor}
        await context.add_cookies(
            [
                {"name": name, "value": token, "url": self.site.url}
                for name, token in tokens.items()
                if token
            ]
        )
        return context

    def of(self, visitor: str) -> Any:
        return self.site.engine.people.verify(visitor).id

    async def visits(self, visitor: str) -> list[tuple[str, str]]:
        """Spots and evidences on a visitor's card."""
        card = await self.site.engine.log.card(self.of(visitor), RALLY)
        return [(visit.spot, visit.evidence) for visit in card.visits]


@pytest_asyncio.fixture
async def counter(site: Site, browser: Browser) -> AsyncIterator[Counter]:
    plan = site.engine.rallies.get(RALLY).plan
    area = plan.areas[0].id
    names, shop = {"en": "A spot"}, plan.spots[0]
    choices = [{"en": bird} for bird in ("Ptarmigan", "Copper pheasant", "Ibis", "Crane")]
    more = [
        Spot(SCREEN, names, area, kind="rotating"),
        Spot(WORD, names, area, kind="keyword", question=Question(["Sakura"], attempts=3)),
        Spot(QUIZ, names, area, kind="quiz", question=Question(["2"], {"en": "Which?"}, choices)),
        Spot(BOOTH, names, area, kind="badge"),
        replace(shop, id=NEAR, near=Near(100, "refuse")),
    ]
    await site.engine.plan(replace(plan, spots=[*plan.spots, *more]), "test")
    yield Counter(site, browser)
    for context in browser.contexts:
        await context.close()


async def code_on(page: Page) -> str:
    """The code that a phone reads off the screen."""
    picture = Image.open(BytesIO(await page.locator("#code").screenshot()))
    (found,) = zxingcpp.read_barcodes(picture, zxingcpp.BarcodeFormat.QRCode)
    return code_in(found.text)


async def rotated(page: Page, before: str) -> str:
    """The code once it is another one than `before`."""
    step = await page.locator("#code").get_attribute("data-step")
    await page.clock.fast_forward(15_000)
    await expect(page.locator("#code")).not_to_have_attribute("data-step", step or "")
    code = await code_on(page)
    assert code != before
    return code


def shown(page: Page, state: str) -> Any:
    return expect(page.locator(f"#rotating[data-state={state}]"))


async def test_a_screens_code_goes_on_without_a_network_and_on_a_clock_that_is_wrong(
    counter: Counter,
) -> None:
    """Given a tablet whose clock is hours off, and a network that goes; then its codes are good at
    their time, and of no use a minute later."""
    context = await counter.opens(SCREEN)
    page = await context.new_page()
    await page.clock.install(time=counter.site.clock() - timedelta(hours=7, minutes=3))
    await page.goto(f"/r/{RALLY}/spots/{SCREEN}/screen")
    await shown(page, "live").to_be_attached()
    await expect(page.locator("#skew")).to_contain_text("behind by 7 hours")
    first = await code_on(page)
    visitor, late, other = (counter.site.visitor() for _ in range(3))
    status, _ = await counter.site.check_in(visitor, first)
    assert status == 201

    await context.set_offline(True)
    await shown(page, "alone").to_be_attached()
    code = first
    for _ in range(4):
        code = await rotated(page, code)
        counter.site.clock.forward(seconds=15)
    status, refused = await counter.site.check_in(late, first)
    assert (status, refused["code"]) == (422, "code_stale")
    status, _ = await counter.site.check_in(other, code)
    assert status == 201
    assert await counter.visits(other) == [(SCREEN, "rotating")]

    await context.set_offline(False)
    await shown(page, "live").to_be_attached()


async def test_a_screen_whose_clock_is_set_right_goes_on_with_the_right_code(
    counter: Counter,
) -> None:
    context = await counter.opens(SCREEN)
    page = await context.new_page()
    await page.clock.install(time=counter.site.clock() + timedelta(hours=2))
    await page.goto(f"/r/{RALLY}/spots/{SCREEN}/screen")
    await shown(page, "live").to_be_attached()
    await expect(page.locator("#skew")).to_contain_text("ahead by 2 hours")
    await context.set_offline(True)
    await page.clock.set_system_time(counter.site.clock())
    await rotated(page, await code_on(page))
    counter.site.clock.forward(seconds=15)
    status, _ = await counter.site.check_in(counter.site.visitor(), await code_on(page))
    assert status == 201


async def test_a_phone_that_opens_a_fresh_code_has_time_to_send_it(counter: Counter) -> None:
    """Given a weak signal: the scan is sent a minute after it was made; it is good all the same."""
    screen = await (await counter.opens(SCREEN)).new_page()
    await screen.goto(f"/r/{RALLY}/spots/{SCREEN}/screen")
    await shown(screen, "live").to_be_attached()
    visitor = counter.site.visitor()
    page = await (await counter.opens(visitor=visitor)).new_page()

    async def slowly(route: Any) -> None:
        counter.site.clock.forward(seconds=60)
        await route.continue_()

    await page.route("**/api/check-ins", slowly)
    await page.goto(f"/s/{await code_on(screen)}")
    await expect(page.locator("#scan[data-state=stamped]")).to_be_visible()
    assert await counter.visits(visitor) == [(SCREEN, "rotating")]


async def test_a_keyword_is_asked_for_and_may_be_mistyped(counter: Counter) -> None:
    visitor = counter.site.visitor()
    page = await (await counter.opens(visitor=visitor)).new_page()
    await page.goto(f"/s/{counter.site.code(WORD)}")
    await page.get_by_label("The keyword of this spot").fill("momiji")
    await page.get_by_role("button", name="Answer").click()
    await expect(page.locator("[data-detail]:visible")).to_have_text(
        "That is not the answer. Tries left: 2."
    )
    assert await counter.visits(visitor) == []
    await page.get_by_label("The keyword of this spot").fill("ＳＡＫＵＲＡ ")
    await page.get_by_role("button", name="Answer").click()
    await expect(page.locator("#scan[data-state=stamped]")).to_be_visible()
    assert await counter.visits(visitor) == [(WORD, "keyword")]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
async def test_a_quiz_is_answered_with_and_without_scripts(counter: Counter, scripts: bool) -> None:
    visitor = counter.site.visitor()
    context = await counter.browser.new_context(
        base_url=counter.site.url, viewport=PHONE, locale="en-GB", java_script_enabled=scripts
    )
    await context.add_cookies([{"name": VISITOR_COOKIE, "value": visitor, "url": counter.site.url}])
    page = await context.new_page()
    await page.goto(f"/s/{counter.site.code(QUIZ)}")
    assert "answers" not in await page.content()
    await page.get_by_label("Ptarmigan").check()
    await page.get_by_role("button", name="Answer").click()
    await expect(page.get_by_text("That is not the answer. Tries left: 2.")).to_be_visible()
    if not scripts:
        await page.get_by_role("link", name="Try again").click()
    await page.get_by_label("Copper pheasant").check()
    await page.get_by_role("button", name="Answer").click()
    await expect(page.locator("#scan[data-state=stamped]")).to_be_visible()
    assert await counter.visits(visitor) == [(QUIZ, "quiz")]


async def test_a_spot_that_wants_phones_near_asks_them_where_they_are(counter: Counter) -> None:
    """Given a phone that does not tell; then it is told what to do, and may try again."""
    visitor = counter.site.visitor()
    context = await counter.opens(visitor=visitor)
    page = await context.new_page()
    address = f"/s/{counter.site.code(NEAR)}"
    await page.goto(address)
    await expect(page.locator("[data-detail]:visible")).to_contain_text("allow this page to use")
    place = counter.site.engine.rallies.get(RALLY).course.spots[NEAR].place
    await context.grant_permissions(["geolocation"])
    await context.set_geolocation({"latitude": place.lat + 0.1, "longitude": place.lon})
    await page.get_by_role("button", name="Try now").click()
    await expect(page.locator("[data-detail]:visible")).to_contain_text("too far away")
    await context.set_geolocation({"latitude": place.lat, "longitude": place.lon})
    await page.get_by_role("button", name="Try now").click()
    await expect(page.locator("#scan[data-state=stamped]")).to_be_visible()
    assert await counter.visits(visitor) == [(NEAR, "printed+place")]


async def test_staff_scan_a_badge_with_their_own_phone(counter: Counter) -> None:
    """Given a visitor who shows the badge on the phone; when staff of a booth open what they scan;
    then the visitor has the stamp, once."""
    visitor = counter.site.visitor()
    page = await (await counter.opens(visitor=visitor)).new_page()
    await page.goto(f"/r/{RALLY}/badge")
    picture = Image.open(BytesIO(await page.locator(".qr").screenshot()))
    (found,) = zxingcpp.read_barcodes(picture, zxingcpp.BarcodeFormat.QRCode)
    address = f"/s/{code_in(found.text)}"

    staff = await (await counter.opens(BOOTH)).new_page()
    await staff.goto(address)
    await expect(staff.locator("#scan[data-state=stamped]")).to_be_visible()
    await expect(staff.locator("#told")).to_contain_text("Stamps on the card: 1")
    await staff.goto(address)
    await expect(staff.locator("#scan[data-state=already_stamped]")).to_be_visible()
    assert await counter.visits(visitor) == [(BOOTH, "badge")]

    passer_by = await (await counter.opens(visitor=counter.site.visitor())).new_page()
    await passer_by.goto(address)
    await expect(passer_by.get_by_text("Show it to the staff of a spot")).to_be_visible()
    assert await counter.site.facts() == 1


async def test_these_pages_are_accessible(counter: Counter) -> None:
    """WCAG 2.2 AA as far as axe can see it."""
    site, visitor = counter.site, counter.site.visitor()
    key = site.engine.keyring.newest_code_key(RALLY)
    badge = f"/s/{sign_badge(key, counter.of(visitor))}"
    organiser = await counter.browser.new_context(
        base_url=site.url, viewport=PHONE, locale="ja-JP", color_scheme="dark"
    )
    await organiser.add_cookies(
        [{"name": STAFF_COOKIE, "value": site.organiser(), "url": site.url}]
    )
    for spot in far_spots(site):
        await site.scan(visitor, spot)
    await site.engine.follower.catch_up()
    visiting = await counter.opens(BOOTH, visitor)
    for context, address in [
        (await counter.opens(SCREEN), f"/r/{RALLY}/spots/{SCREEN}/screen"),
        (visiting, f"/s/{site.code(WORD)}"),
        (visiting, f"/s/{site.code(QUIZ)}"),
        (visiting, f"/r/{RALLY}/badge"),
        (await counter.opens(), f"/r/{RALLY}/badge"),
        (visiting, badge),
        (organiser, badge),
        (organiser, f"/r/{RALLY}/signals"),
        (organiser, f"/r/{RALLY}/spots/{SCREEN}/screen"),
    ]:
        page = await context.new_page()
        await page.goto(address)
        await page.wait_for_load_state("networkidle")
        found = (await Axe().run(page)).response
        faults = [(fault["id"], fault["nodes"][0]["html"][:150]) for fault in found["violations"]]
        assert faults == [], address
        width = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1], address
