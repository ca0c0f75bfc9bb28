"""The page of the posters: a size, a spot, a file; for shops their own; on paper nothing else."""

import re

import pytest
from browsing import DESK, PHONE, ROW, People, check, content
from playwright.async_api import expect
from support import RALLY

from service.sign_in import STAFF_COOKIE

PAGE = f"/r/{RALLY}/posters"


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_size_and_a_spot_are_chosen_and_the_pdf_is_saved(
    people: People, scripts: bool
) -> None:
    page = await (await people.opens(viewport=DESK, java_script_enabled=scripts)).new_page()
    await page.goto(PAGE)
    await expect(page.get_by_role("radio", name="A4")).to_be_checked()
    await page.get_by_role("radio", name="卓上カード").check()
    await page.get_by_label("スポット").select_option(label="秋田ふるさと館")
    async with page.expect_download() as saving:
        await page.get_by_role("button", name="PDFを作成").click()
    saved = await saving.value
    assert saved.suggested_filename == f"{RALLY}-{ROW[1]}-cards.pdf"
    assert (await content(saved)).startswith(b"%PDF-")


async def test_the_pictures_of_all_codes_are_saved(people: People) -> None:
    page = await (await people.opens()).new_page()
    await page.goto(PAGE)
    async with page.expect_download() as saving:
        await page.get_by_role("link", name="画像をダウンロード").click()
    assert (await saving.value).suggested_filename == f"{RALLY}-codes.zip"


async def test_the_page_of_all_posters_is_for_everybody(people: People) -> None:
    for look in ({"viewport": PHONE}, {"viewport": DESK, "color_scheme": "dark"}):
        page = await (await people.opens(**look)).new_page()
        await page.goto(PAGE)
        await check(page, f"posters {look}")


async def test_a_shop_sees_its_own_poster_without_the_organisers_desk(people: People) -> None:
    context = await people.opens(staff=False)
    token = people.site.staff(ROW[0])
    await context.add_cookies([{"name": STAFF_COOKIE, "value": token, "url": people.site.url}])
    page = await context.new_page()
    await page.goto(f"{PAGE}?spot={ROW[0]}")
    await expect(page.locator(".poster")).to_have_count(1)
    await expect(page.locator(".desk-nav, #spot")).to_have_count(0)
    await check(page, "a shop's poster")
    async with page.expect_download() as saving:
        await page.get_by_role("button", name="PDFを作成").click()
    assert re.fullmatch(rf"{RALLY}-{ROW[0]}-a4\.pdf", (await saving.value).suggested_filename)


async def test_on_paper_there_are_posters_alone(people: People) -> None:
    page = await (await people.opens(viewport={"width": 794, "height": 1123})).new_page()
    await page.goto(f"{PAGE}?spot={ROW[0]}")
    await page.emulate_media(media="print")
    shown = page.locator("body > :not(.defs), main > :not(.defs)")
    boxes = [await shown.nth(n).is_visible() for n in range(await shown.count())]
    assert boxes.count(True) == 2, "main, and the poster in it"
