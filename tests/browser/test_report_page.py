"""The report and open data as people see them: by eye, by screen reader, and on paper."""

import pytest
from browsing import DESK, PHONE, People, check, content
from msgspec.structs import replace
from playwright.async_api import expect
from support import LINE, RALLY, Site

from domain.rally import close_rally
from service.engine import of_known
from service.sign_in import STAFF_COOKIE, Role

REPORT, DATA = f"/r/{RALLY}/report", f"/r/{RALLY}/open-data"
LOOKS = [
    pytest.param(PHONE, "ja-JP", "light", id="phone-ja-light"),
    pytest.param(PHONE, "en-GB", "dark", id="phone-en-dark"),
    pytest.param(DESK, "ja-JP", "dark", id="desk-ja-dark"),
    pytest.param(DESK, "en-GB", "light", id="desk-en-light"),
]


async def walked(site: Site) -> None:
    """Visitors at several shops of several areas: each part of the report has something."""
    spots = [spot.id for spot in site.engine.rallies.known(RALLY).plan.spots]
    for start in range(12):
        token = site.visitor()
        for spot in [*spots[start : start + 18 : 3], *LINE]:
            assert (await site.scan(token, spot))[0] in (200, 201)
            site.clock.forward(minutes=3)
    await site.engine.follower.catch_up()


@pytest.mark.parametrize(("size", "language", "theme"), LOOKS)
async def test_a_report_with_figures_is_accessible_and_fits(
    people: People, size: dict[str, int], language: str, theme: str
) -> None:
    await walked(people.site)
    plan = people.site.engine.rallies.known(RALLY).plan
    await people.site.engine.plan(replace(plan, rally="another"), "test")
    _, everywhere = people.site.engine.people.new(Role.ORGANISER, people.site.clock())
    desk = people._replace(organiser=everywhere)
    context = await desk.opens(viewport=size, color_scheme=theme, locale=language)
    complaints: list[str] = []
    page = await context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    for address in (f"{REPORT}?with=another", f"/r/{RALLY}/spots/{LINE[0]}/report"):
        answer = await page.goto(address)
        assert answer is not None
        assert answer.ok
        for summary in await page.locator("details.numbers summary").all():
            await summary.click()
        await check(page, address)
    assert complaints == []


async def test_a_report_is_printed_on_a_few_sheets_without_what_is_for_screens(
    people: People,
) -> None:
    await walked(people.site)
    context = await people.opens(viewport=DESK)
    page = await context.new_page()
    await page.goto(REPORT)
    await expect(page.locator("#print")).to_be_visible()
    await page.emulate_media(media="print")
    for hidden in (".desk-nav", ".acts", ".top", ".foot", ".compare"):
        for each in await page.locator(hidden).all():
            await expect(each).to_be_hidden()
    await expect(page.locator(".internal")).to_be_visible()
    paper = await page.pdf(prefer_css_page_size=True)
    sheets = paper.count(b"/Type /Page\n") or paper.count(b"/Type /Page ")
    assert 2 <= sheets <= 8


@pytest.mark.parametrize(("size", "language", "theme"), LOOKS)
async def test_open_data_is_made_published_and_then_everybodys(
    people: People, size: dict[str, int], language: str, theme: str
) -> None:
    """From the button to a download by somebody who has never signed in; without scripts too."""
    site = people.site
    await walked(site)
    await site.engine.change(RALLY, of_known(close_rally, "test"))
    await site.engine.freeze(RALLY, "test")
    look = {"viewport": size, "color_scheme": theme, "locale": language}
    desk = await people.opens(**look, java_script_enabled=True)
    page = await desk.new_page()
    await page.goto(DATA)
    await check(page, "nothing made")
    await page.locator("button[value=make]").click()
    await expect(page.locator(".dictionary")).to_have_count(9)
    await page.locator(".ask summary").click()
    await page.locator("#licence").select_option("CC-BY-4.0")
    await check(page, "made")
    await page.locator("button[value=publish]").click()
    await expect(page.locator(".published")).to_contain_text("CC-BY-4.0")
    anybody = await people.opens(visitor=False, staff=False, **look, java_script_enabled=False)
    assert not [each for each in await anybody.cookies() if each["name"] == STAFF_COOKIE]
    visitor = await anybody.new_page()
    await visitor.goto(DATA)
    await expect(visitor.locator(".publish")).to_have_count(0)
    await expect(visitor.locator(".desk-nav")).to_have_count(0)
    for kind in ("csv", "json", "parquet"):
        async with visitor.expect_download() as begun:
            await visitor.locator(f"a[href$='/footfall_by_spot.{kind}']").click()
        download = await begun.value
        assert download.suggested_filename == f"{RALLY}-footfall_by_spot.{kind}"
        assert len(await content(download)) > 500
    reader = await people.opens(visitor=False, staff=False, **look)
    page = await reader.new_page()
    await page.goto(DATA)
    await check(page, "published")
