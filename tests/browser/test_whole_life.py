"""A rally's whole life, by three people in browsers of their own: the organiser at a desk, the staff
with a tablet, a visitor with a phone; and two hundred others who walk beside them."""

import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest_asyncio
import zxingcpp
from browsing import DESK, PHONE, check, content, shown
from PIL import Image
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect
from support import Site

from service.sign_in import STAFF_COOKIE, VISITOR_COOKIE, Role
from service.simulate import simulate

RALLY = "harbour-walk"
DESK_OF = f"/r/{RALLY}"
TABLET = {"width": 1024, "height": 768}
CROWD = 200
SPOTS = """\
name,name:ja,area,lat,lon
Lighthouse,灯台,Harbour,35.4437,139.6380
Ferry,渡し船,Harbour,35.4441,139.6391
Fish market,魚市場,Harbour,35.4450,139.6402
Tea house,茶屋,Old town,35.4460,139.6410
Bath house,銭湯,Old town,35.4466,139.6421
Temple,お寺,Old town,35.4471,139.6432
"""
WALKED = ("lighthouse", "ferry", "fish-market", "tea-house", "bath-house")
PRIZES = [
    {"name": "Tea towel", "ja": "手ぬぐい", "stamps": "4", "stock": "150"},
    {"name": "Rice", "ja": "お米", "stamps": "3", "winners": "10", "automatic": "yes"},
    {"name": "Cruise", "ja": "クルーズ", "all": "yes", "winners": "40", "by_post": "yes"},
]


class Trio(NamedTuple):
    """Who lives through it, each at a page of their own, and whose the phone is."""

    site: Site
    organiser: Page
    staff: Page
    visitor: Page
    token: str

    async def scans(self, spot: str) -> None:
        """The visitor opens a poster's code."""
        await self.visitor.goto(f"/s/{self.site.code(spot)}")


@pytest_asyncio.fixture
async def trio(site: Site, browser: Browser) -> AsyncIterator[Trio]:
    site.rally = RALLY
    site.clock.now = datetime(2026, 4, 30, 3, 0, tzinfo=UTC)
    people = site.engine.people
    everywhere = people.new(Role.ORGANISER, site.clock())[1]
    token = people.new(Role.VISITOR, site.clock())[1]
    looks = [
        (DESK, STAFF_COOKIE, everywhere),
        (TABLET, STAFF_COOKIE, None),
        (PHONE, VISITOR_COOKIE, token),
    ]
    pages = [await (await opened(site, browser, *look)).new_page() for look in looks]
    yield Trio(site, *pages, token)
    for context in browser.contexts:
        await context.close()


async def opened(
    site: Site, browser: Browser, size: dict[str, int], cookie: str, token: str | None
) -> BrowserContext:
    context = await browser.new_context(
        base_url=site.url, viewport=size, locale="en-GB", reduced_motion="reduce"
    )
    if token:
        await context.add_cookies([{"name": cookie, "value": token, "url": site.url}])
    return context


async def test_from_the_wizard_to_the_report(trio: Trio) -> None:
    await lays_out(trio)
    await prints_posters(trio)
    await invites_staff(trio)
    await opens(trio)
    await a_crowd_walks(trio)
    await a_typhoon_comes(trio)
    await a_rule_changes(trio)
    await a_towel_is_handed_over(trio)
    await the_visitor_enters_by_post(trio)
    await closes_out(trio)
    await the_draw_is_checked(trio)
    await prizes_are_handed_over(trio)
    await everything_comes_out_even(trio)
    await the_report_says_so(trio)


async def press(page: Page | Locator, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()


async def lays_out(trio: Trio) -> None:
    """From an empty plan, in forms."""
    page = trio.organiser
    await page.goto("/organiser")
    await page.get_by_role("link", name="New rally").click()
    await press(page, "Begin with nothing")
    await page.locator("[name='names.ja']").fill("みなと巡り")
    await page.locator("[name='names.en']").fill("Harbour walk")
    await page.get_by_label("First day").fill("2026-05-01")
    await page.get_by_label("Last day").fill("2026-05-10")
    await press(page, "Save and go on")
    await page.get_by_label("Or paste the cells here").fill(SPOTS)
    await press(page, "Look it over")
    await expect(page.get_by_text("6 rows, no mistakes")).to_be_visible()
    await press(page, "Take these 6 instead of all spots")
    await page.get_by_role("link", name="Go on").click()
    await press(page, "Save and go on")
    for prize in PRIZES:
        await page.get_by_role("link", name="Add a prize").click()
        await fills_in(page, prize)
        await press(page, "Save")
    await page.get_by_role("link", name="Go on").click()
    await expect(page.get_by_text("Everything is there.")).to_be_visible()
    await press(page, "Lay it out")
    await expect(page).to_have_url(re.compile(rf"{DESK_OF}/plan$"))


async def fills_in(page: Page, prize: dict[str, str]) -> None:
    await page.locator("[name='names.ja']").fill(prize["ja"])
    await page.locator("[name='names.en']").fill(prize["name"])
    if "all" in prize:
        await page.get_by_label("Whoever has been to all spots").check()
    else:
        await page.get_by_label("Whoever has so many stamps").check()
        await page.locator("[name='stamps.at_least']").fill(prize["stamps"])
    if "stock" in prize:
        await page.get_by_label("At once, while stock lasts").check()
        await page.locator("[name=stock]").fill(prize["stock"])
    else:
        await page.get_by_label("By a draw that anybody can check").check()
        await page.locator("[name=winners]").fill(prize["winners"])
    for tick in ("automatic", "by_post"):
        if tick in prize:
            await page.locator(f"[name={tick}]").check()


async def prints_posters(trio: Trio) -> None:
    """The bundle's pictures say what the site takes."""
    page = trio.organiser
    await page.get_by_role("link", name="Print the posters").click()
    async with page.expect_download() as coming:
        await page.locator("form[action$='posters.pdf'] button").click()
    pdf = await content(await coming.value)
    assert pdf.startswith(b"%PDF")
    answer = await page.request.get(f"{DESK_OF}/posters.zip")
    with ZipFile(BytesIO(await answer.body())) as bundle:
        (picture,) = [name for name in bundle.namelist() if name.endswith("lighthouse.png")]
        code = zxingcpp.read_barcodes(Image.open(BytesIO(bundle.read(picture))))[0].text
    assert code.endswith(trio.site.code("lighthouse"))


async def invites_staff(trio: Trio) -> None:
    """The tablet opens the link, once, and stays signed in at its spot."""
    page = trio.organiser
    await page.goto(f"{DESK_OF}/people")
    form = page.locator("#invite")
    await form.get_by_label("Name of the person or the device").fill("Tablet")
    await form.get_by_role("combobox", name="Spot").select_option("tea-house")
    await press(form, "Make the invitation")
    link = (await page.locator(".ticket .address").inner_text()).strip()
    await trio.staff.goto(link)
    await press(trio.staff, "Sign in on this device")
    await expect(trio.staff).to_have_url(re.compile("/spots/tea-house$"))
    await expect(trio.staff.get_by_role("heading", name="Tea house")).to_be_visible()


async def opens(trio: Trio) -> None:
    page = trio.organiser
    await page.goto(f"{DESK_OF}/organiser")
    await press(page, "Open the rally")
    await expect(page.locator(".pill.open")).to_be_visible()
    await page.goto(f"{DESK_OF}/close-out")
    await press(page, "Commit now")
    await expect(page.locator("#step-commit")).to_have_attribute("data-state", "done")


async def a_crowd_walks(trio: Trio) -> None:
    """Two hundred walk on the first three days, the visitor scans with the phone, and the tablet's
    number rises by itself."""
    site = trio.site
    site.clock.now = datetime(2026, 5, 3, 6, 0, tzinfo=UTC)
    before = await number(trio.staff)
    rally = site.engine.rallies.known(RALLY)
    told = await simulate(site.engine, rally, site.url, CROWD, 7, lambda _: None)
    assert "stamped" in told
    await trio.scans("lighthouse")
    await shown(trio.visitor, "stamped").to_be_visible()
    await trio.scans("tea-house")
    await shown(trio.visitor, "stamped").to_be_visible()
    await expect(trio.staff.locator("#connection [data-when=live]")).to_be_visible()
    walked = await visits_today(site)
    assert walked > before
    await shows(trio.staff, walked)
    status, _ = await site.scan(site.visitor(), "tea-house")
    assert status == 201
    await shows(trio.staff, walked + 1)
    await site.engine.follower.catch_up()
    await check(trio.staff, "the shop's page")
    await trio.organiser.goto(f"{DESK_OF}/organiser")
    await expect(trio.organiser.locator("[data-n=visitors]")).to_have_text(str(CROWD + 2))
    await check(trio.organiser, "the overview")


async def visits_today(site: Site) -> int:
    """At the tea house, by the log itself."""
    return await site.engine.pool.fetchval(
        """SELECT count(*) FROM events WHERE type = 'VisitRecorded' AND spot = 'tea-house'
           AND (occurred_at AT TIME ZONE 'Asia/Tokyo')::date = $1""",
        site.clock().astimezone(ZoneInfo("Asia/Tokyo")).date(),
    )


async def shows(tablet: Page, visits: int) -> None:
    await expect(tablet.locator("[data-n=visits]").first).to_have_text(str(visits), timeout=30_000)


async def number(page: Page) -> int:
    return int((await page.locator("[data-n=visits]").first.inner_text()).replace(",", ""))


async def a_typhoon_comes(trio: Trio) -> None:
    """The harbour is closed on the day after; its visitors are told, the old town's are stamped."""
    page = trio.organiser
    await page.goto(f"{DESK_OF}/plan")
    form = page.locator(".off-day")
    await form.get_by_label("From").fill("2026-05-04")
    await form.get_by_text("In some areas only").click()
    await form.get_by_label("Harbour").check()
    await press(form, "See what it changes")
    await expect(page.get_by_text("Nobody loses a prize.")).to_be_visible()
    await press(page, "Apply")
    await expect(page.get_by_text("The plan is changed.")).to_be_visible()
    trio.site.clock.now = datetime(2026, 5, 4, 3, 0, tzinfo=UTC)
    await trio.scans("ferry")
    await shown(trio.visitor, "refused").to_be_visible()
    await trio.scans("bath-house")
    await shown(trio.visitor, "stamped").to_be_visible()


async def a_rule_changes(trio: Trio) -> None:
    """Because of the typhoon the towel is given for three stamps: who gains is seen before."""
    trio.site.clock.now = datetime(2026, 5, 5, 3, 0, tzinfo=UTC)
    page = trio.organiser
    await page.goto(f"{DESK_OF}/plan")
    await page.get_by_role("link", name="Edit Prizes").click()
    await page.get_by_role("link", name="Tea towel").click()
    await page.locator("[name='stamps.at_least']").fill("3")
    await press(page, "Save")
    await page.get_by_role("link", name="Look at the changes").first.click()
    row = page.get_by_role("row", name="Tea towel")
    gain = int((await row.locator("ins").inner_text()).lstrip("+").replace(",", ""))
    assert gain > 0
    await check(page, "the preview")
    prizes = trio.site.engine.rallies.known(RALLY).plan.prizes
    assert prizes[0].condition.at_least == 4, "nothing is applied before it is said"
    await press(page, "Apply")
    await expect(page.get_by_text("The plan is changed.")).to_be_visible()


async def a_towel_is_handed_over(trio: Trio) -> None:
    """Three stamps are enough now: the phone shows it, the tablet's scanner types its code."""
    await trio.visitor.goto(f"{DESK_OF}/prizes/tea-towel")
    await hands_over(trio)
    await trio.visitor.goto(DESK_OF)
    await expect(trio.visitor.locator("#prize-tea-towel")).to_contain_text("You have received it.")


async def hands_over(trio: Trio) -> None:
    drawn = await trio.visitor.locator("main .qr").screenshot()
    code = zxingcpp.read_barcodes(Image.open(BytesIO(drawn)))[0].text
    await trio.staff.goto(f"{DESK_OF}/spots/tea-house/counter")
    await trio.staff.locator("#code").fill(code)
    await trio.staff.locator("#code").press("Enter")
    await press(trio.staff, "Hand it over")
    await expect(trio.staff.get_by_role("heading", name="Handed over")).to_be_visible()


async def the_visitor_enters_by_post(trio: Trio) -> None:
    """All six: the phone enters for the cruise, and says where it lives."""
    trio.site.clock.now = datetime(2026, 5, 6, 3, 0, tzinfo=UTC)
    for spot in ("ferry", "fish-market", "temple"):
        await trio.scans(spot)
        await shown(trio.visitor, "stamped").to_be_visible()
    page = trio.visitor
    await page.goto(f"{DESK_OF}/prizes/cruise/address")
    await page.get_by_label("Abroad").check()
    await page.locator("[name=country]").fill("France")
    await page.locator("[name=lines]").fill("1 rue de la Paix\nParis")
    await page.locator("[name=name]:visible").fill("Zoé Martin")
    await page.locator(".post-form > .button").click()
    await expect(page.locator("#prize-cruise")).to_contain_text("You take part in the draw.")


async def closes_out(trio: Trio) -> None:
    """When late scans may come no more: frozen, looked through, fixed, drawn."""
    trio.site.clock.now = datetime(2026, 5, 14, 3, 0, tzinfo=UTC)
    page = trio.organiser
    await page.goto(f"{DESK_OF}/close-out")
    await page.locator("#step-freeze summary.button").click()
    await press(page, "Freeze now")
    await expect(page.locator("#step-freeze")).to_have_attribute("data-state", "done")
    await trio.scans("temple")
    await expect(trio.visitor.locator("#scan")).to_have_attribute(
        "data-state", re.compile("already_stamped|refused")
    )
    await page.get_by_role("link", name="See the visits").click()
    await check(page, "marked visits")
    await page.goto(f"{DESK_OF}/close-out")
    await press(page, "I have looked through them")
    await page.locator("#step-fix summary.button").click()
    await press(page, "Fix them now")
    await expect(page.locator("#step-fix")).to_have_attribute("data-state", "done")
    await page.get_by_label("Public value").fill("03 11 19 27 34 41")
    await page.get_by_label("Where it was published, and when").fill("Loto 6, 14 May 2026")
    await press(page, "Draw the winners")
    await expect(page.locator("#step-hold")).to_have_attribute("data-state", "done")
    await check(page, "the close-out")


async def the_draw_is_checked(trio: Trio) -> None:
    """Anybody works the winners out again with what the proof page offers."""
    page = trio.visitor
    await page.goto(f"{DESK_OF}/draw")
    await expect(page.locator(".own")).to_contain_text("You have won!")
    folder = Path(trio.site.engine.config.data)
    for name, path in (
        ("draw.json", f"/api/rallies/{RALLY}/draw"),
        ("entries.txt", f"/api/rallies/{RALLY}/draw/entries"),
        ("check.py", "/static/check-draw.txt"),
    ):
        (folder / name).write_bytes(await (await page.request.get(path)).body())
    done = subprocess.run(
        [sys.executable, "check.py", "draw.json", "entries.txt"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads((folder / "draw.json").read_text())
    assert len(said["winners"]["rice"]) == 10


async def prizes_are_handed_over(trio: Trio) -> None:
    """The cruise is posted to whom it was won by, and only by them; of the rice, who does not come
    gives way to the next, and the others get theirs."""
    page = trio.organiser
    await page.goto(f"{DESK_OF}/winners?prize=cruise")
    await expect(page.locator("address")).to_contain_text("Zoé Martin")
    await press(page, "It is posted")
    await expect(page.locator(".winner").first).to_have_attribute("data-state", "handed")
    await page.goto(f"{DESK_OF}/winners?prize=rice")
    await page.locator(".winner summary").first.click()
    await press(page.locator(".winner").first, "Let the next one move up")
    await expect(page.locator(".winner[data-state=forfeited]")).to_have_count(1)
    waiting = page.locator(".winner[data-state=waiting]")
    await expect(waiting).to_have_count(10)
    for left in range(9, -1, -1):
        await press(waiting.first, "It is handed over")
        await expect(waiting).to_have_count(left)
    await check(page, "winners")


async def everything_comes_out_even(trio: Trio) -> None:
    page = trio.organiser
    await page.goto(f"{DESK_OF}/close-out")
    await expect(page.get_by_text("Everything comes out even.")).to_be_visible()
    await expect(page.locator(".reconcile .odd")).to_have_count(0)
    assert await page.locator(".reconcile .even").count() >= 6


async def the_report_says_so(trio: Trio) -> None:
    page = trio.organiser
    await page.goto(f"{DESK_OF}/report")
    await expect(page.locator("main")).to_contain_text(str(CROWD + 2))
    await expect(page.locator("main")).to_contain_text("Tea towel")
    await check(page, "the report")
