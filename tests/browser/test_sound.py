"""The thump of the stamp: heard by whoever pressed for it, and never by itself."""

from typing import Any

import pytest
from browsing import ROW, People, shown
from playwright.async_api import Page, expect

SPY = """
    window.contexts = 0;
    window.thumps = 0;
    window.AudioContext = class extends AudioContext {
        constructor() { super(); window.contexts += 1; }
        createOscillator() {
            const tone = super.createOscillator();
            const start = tone.start.bind(tone);
            tone.start = (when) => { window.thumps += 1; start(when); };
            return tone;
        }
    };
"""
MOTION = pytest.mark.parametrize("motion", ["no-preference", "reduce"])


async def listened(people: People, **look: Any) -> Page:
    """A page whose sounds are counted."""
    page = await (await people.opens(**look)).new_page()
    await page.add_init_script(SPY)
    return page


async def heard(page: Page) -> list[int]:
    """Audio contexts made, and thumps."""
    return await page.evaluate("[window.contexts, window.thumps]")


@MOTION
async def test_a_page_that_stamps_by_itself_is_silent_until_the_seal_is_tapped(
    people: People, motion: str
) -> None:
    """Sound is not motion: whoever wants less of that hears the same."""
    page = await listened(people, reduced_motion=motion)
    await page.goto(people.scan_page())
    await shown(page, "stamped").to_be_visible()
    await expect(page.locator("#card .card")).to_be_visible()
    assert await heard(page) == [0, 0]
    await page.locator(".stage").click()
    assert await heard(page) == [1, 1]
    await page.locator(".stage").click()
    assert await heard(page) == [1, 2]


async def test_a_stamp_that_was_pressed_for_thumps_once(people: People) -> None:
    """The press alone makes no sound; the stamp that lands does."""
    page = await listened(people)
    busy = {"status": 503, "headers": {"Retry-After": "60"}}
    await page.route("**/api/check-ins", lambda route: route.fulfill(**busy), times=1)
    await page.goto(people.scan_page())
    await shown(page, "busy").to_be_visible()
    await page.locator(".stage").click()  # nothing has landed there yet
    assert await heard(page) == [0, 0]
    await page.get_by_role("button", name="いますぐ試す").click()
    await shown(page, "stamped").to_be_visible()
    assert await heard(page) == [1, 1]


async def test_a_stamp_of_another_day_does_not_thump_again(people: People) -> None:
    """Nothing lands; the seal that is there can be tapped."""
    page = await listened(people)
    await page.goto(people.scan_page(ROW[0]))
    await shown(page, "already_stamped").to_be_visible()
    assert await heard(page) == [0, 0]
    await page.locator(".stage").click()
    assert await heard(page) == [1, 1]


async def test_the_seal_is_a_picture_to_keyboards_and_screen_readers(people: People) -> None:
    """It says nothing that the words beside it do not, and takes no focus."""
    page = await listened(people)
    await page.goto(people.scan_page())
    await shown(page, "stamped").to_be_visible()
    stage = page.locator(".stage")
    await expect(stage).to_have_attribute("aria-hidden", "true")
    assert await stage.locator("a, button, [tabindex], [role=button]").count() == 0
