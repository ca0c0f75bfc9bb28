"""The organiser's wizard and the plan's pages: every step held to axe, in two languages, on a phone
and at a desk, light and dark; and a rally laid out by hand in a browser without scripts."""

import os
from pathlib import Path
from typing import Any

import pytest
from browsing import DESK, PHONE, People, check
from playwright.async_api import BrowserContext, Page, expect
from support import RALLY, Site

from service.sign_in import STAFF_COOKIE, Role

TABLE = """\
名前\t英語名\tエリア\t緯度\t経度\t開店\t閉店
灯台\tLighthouse\t港\t35.4437\t139.6380\t9:30\t17:00
渡し船\tFerry\t港\t95.4\t139.6391\t\t
市場\tMarket\t町\t35.4450\t139.6402\t8:00\t12:00
"""
LEFT = "".join(f"{line}\n" for line in TABLE.splitlines()[::2][:2])
"""The heading and the row with a mistake."""
LOOKS: list[dict[str, Any]] = [
    {"locale": "ja-JP", "viewport": PHONE, "color_scheme": "light"},
    {"locale": "en-GB", "viewport": PHONE, "color_scheme": "dark"},
    {"locale": "ja-JP", "viewport": DESK, "color_scheme": "dark"},
    {"locale": "en-GB", "viewport": DESK, "color_scheme": "light"},
]
PICTURES = os.environ.get("MEGURI_PICTURES")


def called(look: dict[str, Any]) -> str:
    """A look's name."""
    return f"{look['locale'][:2]}-{look['viewport']['width']}-{look['color_scheme']}"


async def signed_in(people: People, **look: Any) -> BrowserContext:
    """The browser of an organiser of all rallies."""
    context = await people.opens(visitor=False, staff=False, **look)
    token = people.site.engine.people.new(Role.ORGANISER, people.site.clock())[1]
    await context.add_cookies([{"name": STAFF_COOKIE, "value": token, "url": people.site.url}])
    return context


async def look_at(page: Page, name: str) -> None:
    """Hold the page to axe; keep its picture, if somebody wants to look."""
    await check(page, name)
    if PICTURES:
        await page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


@pytest.mark.parametrize("look", LOOKS, ids=called)
async def test_every_step_can_be_used_by_everybody(people: People, look: dict[str, Any]) -> None:
    context = await signed_in(people, **look)
    page = await context.new_page()
    of = called(look)
    await page.goto("/organiser")
    await look_at(page, f"rallies-{of}")
    await page.goto("/organiser/new")
    await look_at(page, f"start-{of}")
    await page.locator("form:has([value=empty]) button").click()
    await look_at(page, f"basics-empty-{of}")
    base = page.url.rpartition("/")[0]
    await page.locator('[name="names.ja"]').fill("みなと巡り")
    await page.locator('[name="names.en"]').fill("Harbour walk")
    await page.locator('[name="first_day"]').fill("2026-05-05")
    await page.locator('[name="last_day"]').fill("2026-05-01")
    await page.locator('[name="time_zone"]').fill("Asia/Tokio")
    await page.locator('[name="day"]').fill("2026-05-03")
    await page.locator("main form .acts button").click()
    await page.goto(f"{base}/spots")
    await page.locator("#in-pasted").fill(TABLE)
    await page.locator("button[value=look]").click()
    await look_at(page, f"spots-look-{of}")
    await page.locator("button[value=replace]").click()
    await expect(page.locator("#in-pasted")).to_have_value(LEFT)
    await page.goto(f"{base}/basics?look")
    await look_at(page, f"basics-wrong-{of}")
    await page.goto(f"{base}/spots/0")
    await look_at(page, f"spot-{of}")
    await page.goto(f"{base}/rules")
    await look_at(page, f"rules-{of}")
    await page.goto(f"{base}/prizes/new")
    await page.locator('[name="giving"][value="draw"]').check()
    await page.locator('[name="winners"]').fill("many")
    await page.locator("button[value=save]").click()
    await look_at(page, f"prize-wrong-{of}")
    await page.goto(f"{base}/prizes")
    await look_at(page, f"prizes-{of}")
    await page.goto(f"{base}/summary?look")
    await look_at(page, f"summary-{of}")


@pytest.mark.parametrize("look", LOOKS, ids=called)
async def test_the_plan_and_its_preview_can_be_used_by_everybody(
    people: People, look: dict[str, Any]
) -> None:
    context = await signed_in(people, **look)
    page = await context.new_page()
    of = called(look)
    await page.goto(f"/r/{RALLY}/plan")
    await look_at(page, f"plan-{of}")
    await page.goto(f"/r/{RALLY}/plan/prizes/0")
    await page.locator('[name="bingo_lines.at_least"]').fill("2")
    await page.locator("button[value=save]").click()
    await page.goto(f"/r/{RALLY}/plan/preview")
    await look_at(page, f"preview-{of}")
    await page.goto(f"/r/{RALLY}/plan")
    await page.locator('.off-day [name="day"]').fill("2026-01-20")
    await page.locator(".off-day form .button:not(.small)").first.click()
    await look_at(page, f"day-{of}")


async def test_a_rally_is_laid_out_in_a_browser_without_scripts(people: People, site: Site) -> None:
    context = await signed_in(people, locale="en-GB", viewport=DESK, java_script_enabled=False)
    page = await context.new_page()
    await page.goto("/organiser")
    await page.get_by_role("link", name="New rally").click()
    await page.locator('form:has([value="old-town-treasure-hunt"]) button').click()
    await page.get_by_label("English", exact=True).first.fill("Harbour hunt")
    await page.get_by_label("Id optional").fill("")
    await page.get_by_role("button", name="Save and go on").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Spots")
    await page.get_by_role("link", name="Go on").click()
    await page.get_by_role("button", name="Save and go on").click()
    await page.get_by_role("link", name="Go on").click()
    await page.get_by_role("button", name="Lay it out").click()
    await expect(page.get_by_text("It is laid out. What next?")).to_be_visible()
    assert site.engine.rallies.known("harbour-hunt").plan.names["en"] == "Harbour hunt"
