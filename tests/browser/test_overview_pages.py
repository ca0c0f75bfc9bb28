"""The organiser's pictures as people meet them: with their numbers open, in print, on a wall."""

from datetime import date

import pytest
from browsing import DESK, PHONE, People, check
from playwright.async_api import expect
from support import LINE, RALLY

from domain.plan import next_round
from service.sign_in import STAFF_COOKIE, Role

OVERVIEW = f"/r/{RALLY}/organiser"
WALL = {"width": 1920, "height": 1080}


@pytest.mark.parametrize(
    ("size", "language", "theme"),
    [
        pytest.param(PHONE, "ja-JP", "light", id="phone-ja-light"),
        pytest.param(PHONE, "en-GB", "dark", id="phone-en-dark"),
        pytest.param(DESK, "ja-JP", "dark", id="desk-ja-dark"),
        pytest.param(DESK, "en-GB", "light", id="desk-en-light"),
    ],
)
async def test_all_numbers_open_are_accessible_and_fit(
    people: People, size: dict[str, int], language: str, theme: str
) -> None:
    await people.site.engine.follower.catch_up()
    context = await people.opens(
        viewport=size, color_scheme=theme, locale=language, reduced_motion="reduce"
    )
    page = await context.new_page()
    await page.goto(OVERVIEW)
    await page.evaluate("document.querySelectorAll('#live details').forEach((d) => d.open = true)")
    assert await page.locator("#live svg.chart").count() == 6
    await check(page, "overview, all open")
    await _plan_last_round(people)
    everywhere = people.site.engine.people.new(Role.ORGANISER, people.site.clock())[1]
    cookie = {"name": STAFF_COOKIE, "value": everywhere, "url": people.site.url}
    await context.add_cookies([cookie])
    await page.goto(f"{OVERVIEW}/compare")
    await page.evaluate("document.querySelectorAll('main details').forEach((d) => d.open = true)")
    await expect(page.locator("#totals-title")).to_be_visible()
    await check(page, "compare")


async def _plan_last_round(people: People) -> None:
    engine = people.site.engine
    plan = engine.rallies.get(RALLY).plan
    await engine.plan(next_round(plan, "last-summer", date(2025, 7, 1)), "test")


async def test_what_is_open_stays_open_when_the_figures_change(people: People) -> None:
    """A table that somebody reads is not shut by the next visit, and whoever walks through the page
    by keyboard stays where he is."""
    page = await (await people.opens(viewport=DESK)).new_page()
    await page.goto(OVERVIEW)
    await page.locator("#days-table summary").click()
    visits = page.locator("#live [data-n=visits]")
    before = int(await visits.inner_text())
    await people.site.scan(people.site.visitor(), LINE[0])
    await expect(visits).to_have_text(str(before + 1), timeout=15_000)
    await expect(page.locator("#days-table table")).to_be_visible()
    assert await page.evaluate("document.activeElement.parentElement.id") == "days-table"


async def test_what_is_being_copied_stays_until_it_is_copied(people: People) -> None:
    page = await (await people.opens(viewport=DESK)).new_page()
    await page.goto(OVERVIEW)
    await expect(page.locator("#connection [data-when=live]")).to_be_visible()
    visits = page.locator("#live [data-n=visits]")
    before = await visits.inner_text()
    await page.evaluate("getSelection().selectAllChildren(document.querySelector('#all-title'))")
    await people.site.scan(people.site.visitor(), LINE[0])
    await page.wait_for_timeout(2_500)
    assert await visits.inner_text() == before
    await page.evaluate("getSelection().removeAllRanges()")
    await expect(visits).to_have_text(str(int(before) + 1), timeout=15_000)


async def test_a_file_is_had_by_its_link(people: People) -> None:
    page = await (await people.opens(viewport=DESK, locale="en-GB")).new_page()
    await page.goto(OVERVIEW)
    await page.locator("#days-table summary").click()
    async with page.expect_download() as started:
        await page.locator("#days-table a").click()
    download = await started.value
    assert download.suggested_filename == f"{RALLY}-footfall-day.csv"


@pytest.mark.parametrize("size", [PHONE, WALL], ids=["phone", "wall"])
async def test_the_wall_shows_the_last_number_and_needs_no_sign_in(
    people: People, size: dict[str, int]
) -> None:
    """Six visitors come, and whoever looks at the screen sees it; on a wall nothing scrolls."""
    context = await people.opens(visitor=False, staff=False, viewport=size, reduced_motion="reduce")
    page = await context.new_page()
    await page.goto(f"/r/{RALLY}/signage")
    for _ in range(6):
        await people.site.scan(people.site.visitor(), LINE[0])
    today = page.locator("[data-n=today]")
    await expect(today).not_to_have_text("–", timeout=15_000)
    assert int(await today.inner_text()) >= 6
    await check(page, "signage")
    if size == WALL:
        heights = await page.evaluate("[document.documentElement.scrollHeight, innerHeight]")
        assert heights[0] <= heights[1]
