"""A card outlives its cookie: a copy in the browser's storage brings it back."""

import pytest
from browsing import ROW, SPOT, People, shown
from playwright.async_api import BrowserContext, Page, expect
from support import RALLY

from service.sign_in import VISITOR_COOKIE

COPY = "localStorage.getItem('meguri-card')"


async def cookie_of(context: BrowserContext) -> str | None:
    found = [one["value"] for one in await context.cookies() if one["name"] == VISITOR_COOKIE]
    return found[0] if found else None


async def stamped_once(people: People) -> tuple[BrowserContext, Page, str]:
    """A new visitor's phone after its first stamp."""
    context = await people.opens(visitor=False, staff=False, locale="en-GB")
    page = await context.new_page()
    await page.goto(people.scan_page(ROW[0]))
    await shown(page, "stamped").to_be_visible()
    token = await cookie_of(context)
    assert token
    return context, page, token


async def test_the_next_scan_after_the_cookie_was_lost_is_on_the_same_card(people: People) -> None:
    context, page, token = await stamped_once(people)
    await context.clear_cookies()
    await page.goto(people.scan_page(SPOT))
    await shown(page, "stamped").to_be_visible()
    visitor = people.site.engine.people.verify(token).id
    card = await people.site.engine.log.card(visitor, RALLY)
    assert {visit.spot for visit in card.visits} == {ROW[0], SPOT}
    assert people.site.engine.people.verify(await cookie_of(context) or "").id == visitor


async def test_the_card_itself_comes_back(people: People) -> None:
    context, page, token = await stamped_once(people)
    await context.clear_cookies()
    await page.goto(f"/r/{RALLY}")
    await expect(page.locator(f"#spot-{ROW[0]} .when")).to_be_attached()
    assert await cookie_of(context) == token


async def test_a_card_from_before_there_were_copies_gets_one(people: People) -> None:
    context = await people.opens(staff=False)
    page = await context.new_page()
    await page.goto(f"/r/{RALLY}")
    await page.wait_for_function(COPY)
    assert await page.evaluate(COPY) == people.visitor


async def test_a_card_that_was_taken_over_takes_the_place_of_the_copy(people: People) -> None:
    context, page, _ = await stamped_once(people)
    await people.carries_card(context)
    await page.goto(f"/r/{RALLY}")
    await page.wait_for_function(f"(token) => {COPY} === token", arg=people.visitor)
    await context.clear_cookies()
    await page.goto(f"/r/{RALLY}")
    await expect(page.locator(f"#spot-{ROW[1]} .when")).to_be_attached()


async def test_whoever_is_forgotten_leaves_no_copy(people: People) -> None:
    """And so the next scan begins a new card, instead of meeting the erased one."""
    _, page, _ = await stamped_once(people)
    await page.goto(f"/r/{RALLY}/my-data")
    await page.get_by_text("Forget me…").click()
    await page.get_by_role("button", name="Erase my card now").click()
    await expect(page.locator("[data-forgotten]")).to_be_visible()
    await page.wait_for_function(f"{COPY} === null")
    await page.goto(people.scan_page(SPOT))
    await shown(page, "stamped").to_be_visible()


@pytest.mark.parametrize("copy", ["rubbish", "a.b.c"])
async def test_a_copy_that_is_no_good_harms_nothing(people: People, copy: str) -> None:
    context = await people.opens(visitor=False, staff=False)
    await context.add_init_script(
        f"if (!sessionStorage.begun) localStorage.setItem('meguri-card', '{copy}');"
        "sessionStorage.begun = 'yes'"
    )
    page = await context.new_page()
    await page.goto(f"/r/{RALLY}")
    await expect(page.locator(".card")).to_be_visible()
    await page.goto(people.scan_page(SPOT))
    await shown(page, "stamped").to_be_visible()
    assert await page.evaluate(COPY) == await cookie_of(context)
