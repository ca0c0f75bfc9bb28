"""Signing in: with a passkey that the device keeps, or as a spot's device by an invitation."""

import re
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import pytest
import pytest_asyncio
import zxingcpp
from browsing import DESK, PHONE, check
from PIL import Image
from playwright.async_api import Browser, BrowserContext, Page, expect
from support import LINE, RALLY, Site, until

from service import people
from service.invitations import Invited, invite
from service.sign_in import STAFF_COOKIE, Role

SPOT = LINE[0]
KEYS = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest_asyncio.fixture
async def office(site: Site, browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser at a desk. Passkeys belong to a name, and 127.0.0.1 is none."""
    context = await browser.new_context(
        base_url=site.url.replace("127.0.0.1", "localhost"), viewport=DESK, locale="en-GB"
    )
    yield context
    await context.close()


async def with_keys(page: Page) -> Any:
    """Give a page's browser a device that keeps passkeys; returns what counts its uses."""
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    made = await session.send("WebAuthn.addVirtualAuthenticator", {"options": KEYS})

    async def kept() -> list[dict[str, Any]]:
        said = await session.send("WebAuthn.getCredentials", made)
        return list(said["credentials"])

    return kept


async def invited(site: Site, role: Role, *spots: str, name: str = "Sato") -> str:
    made = await invite(site.engine.pool, Invited(role, RALLY, spots, name), "test", site.clock())
    return made.path


async def test_an_organiser_joins_makes_a_passkey_and_signs_in_with_it(
    site: Site, office: BrowserContext
) -> None:
    """Given an invitation; then a passkey is made, and signs in after the cookie has gone, again and
    again; and no more once its person is revoked."""
    page = await office.new_page()
    kept = await with_keys(page)
    await page.goto(await invited(site, Role.ORGANISER))
    await page.get_by_role("button", name="Sign in on this device").click()
    await page.get_by_role("button", name="Make a passkey").click()
    await expect(page).to_have_url(re.compile(rf"/r/{RALLY}/organiser$"))
    (credential,) = await kept()
    assert (credential["rpId"], credential["isResidentCredential"]) == ("localhost", True)
    await page.goto("/passkey")
    await page.get_by_role("button", name="Make a passkey").click()
    await expect(page.get_by_text("a passkey of yours already")).to_be_visible()

    for _ in range(2):
        await office.clear_cookies()
        await page.goto("/sign-in")
        await page.get_by_role("button", name="Sign in with a passkey").click()
        await expect(page).to_have_url(re.compile(rf"/r/{RALLY}/organiser$"))
    rows = await site.engine.pool.fetch("SELECT person, sign_count FROM passkeys")
    assert [row["sign_count"] for row in rows] == [(await kept())[0]["signCount"]]
    await page.goto(f"/r/{RALLY}/people")
    await expect(page.locator(".member", has_text="(you)")).to_contain_text("1 passkey")

    await people.revoke(site.engine.pool, rows[0]["person"], "test", site.clock())
    await site.engine.tell()
    await page.reload()
    await expect(page.get_by_text("Your sign-in is not valid")).to_be_visible()
    await page.goto("/sign-in")
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await expect(page.get_by_text("This passkey is not good here")).to_be_visible()


async def test_an_answer_that_was_sent_before_signs_nobody_in(
    site: Site, office: BrowserContext
) -> None:
    """Given what a device has signed, caught on its way; then it is of no use a second time, nor
    from a device whose count does not grow."""
    page = await office.new_page()
    await with_keys(page)
    await page.goto(await invited(site, Role.VIEWER))
    await page.get_by_role("button", name="Sign in on this device").click()
    await page.get_by_role("button", name="Make a passkey").click()
    await expect(page).to_have_url(re.compile("/organiser$"))
    await page.goto("/sign-in")
    async with page.expect_request("**/api/sign-in") as sent:
        await page.get_by_role("button", name="Sign in with a passkey").click()
    await expect(page).to_have_url(re.compile("/organiser$"))
    caught = (await sent.value).post_data
    headers = {"Content-Type": "application/json"}
    status, answer = await site.ask("POST", "/api/sign-in", data=caught, headers=headers)
    assert (status, answer["code"]) == (422, "passkey_refused")
    await site.engine.pool.execute("UPDATE passkeys SET sign_count = 1000")
    await page.goto("/sign-in")
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await expect(page.get_by_text("This passkey is not good here")).to_be_visible()


async def test_where_passkeys_cannot_work_the_page_says_so(
    site: Site, desk: BrowserContext
) -> None:
    """At an address without a name, and in a browser without them."""
    page = await desk.new_page()
    await with_keys(page)
    await page.goto("/sign-in")
    await page.get_by_role("button", name="パスキーでサインイン").click()
    await expect(page.get_by_text("ここではパスキーを使えません")).to_be_visible()
    await page.add_init_script("delete globalThis.PublicKeyCredential")
    await page.goto("/sign-in")
    await expect(page.get_by_text("ここではパスキーを使えません")).to_be_visible()
    await expect(page.locator("#passkey-do")).to_be_hidden()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
async def test_an_organiser_invites_a_shops_tablet_and_revokes_it(
    site: Site, browser: Browser, scripts: bool
) -> None:
    """Given the organiser's form; when the tablet scans what it shows and presses once; then it is
    at its shop's page, and out again as soon as it is revoked."""
    url = site.url
    desk = await browser.new_context(
        base_url=url, viewport=DESK, locale="en-GB", java_script_enabled=scripts
    )
    await desk.add_cookies([{"name": STAFF_COOKIE, "value": site.organiser(), "url": url}])
    office = await desk.new_page()
    await office.goto(f"/r/{RALLY}/people")
    await office.get_by_label("Name of the person or the device").fill("Till")
    await office.get_by_label("Spot", exact=True).select_option(SPOT)
    await office.get_by_role("button", name="Make the invitation").click()
    picture = Image.open(BytesIO(await office.locator(".ticket .qr").screenshot()))
    (found,) = zxingcpp.read_barcodes(picture, zxingcpp.BarcodeFormat.QRCode)
    assert found.text == await office.locator(".ticket .address").inner_text()
    if scripts:  # axe is one
        await check(office, "invited")

    shop = await browser.new_context(
        base_url=url, viewport=PHONE, locale="ja-JP", java_script_enabled=scripts
    )
    tablet = await shop.new_page()
    await tablet.goto(found.text)
    if scripts:
        await check(tablet, "join")
    await tablet.get_by_role("button", name="この端末でサインイン").click()
    await expect(tablet).to_have_url(re.compile(rf"/spots/{SPOT}$"))
    if scripts:
        await until(lambda: has_life(site))

    await office.goto(f"/r/{RALLY}/people")
    if scripts:
        await check(office, "people")
    await office.get_by_text("Revoke…").click()
    await office.get_by_role("button", name="Revoke it now").click()
    await expect(office.locator(".members")).to_have_count(0)
    await tablet.reload()
    await expect(tablet.get_by_text("もう一度サインイン")).to_be_visible()
    await tablet.goto(found.text)
    await expect(tablet.get_by_role("alert")).to_contain_text("すでに使われています")
    for context in (desk, shop):
        await context.close()


async def has_life(site: Site) -> bool:
    """Whether the shop's page has given a sign of life."""
    (device,) = await people.devices(site.engine.pool, RALLY)
    return device.life is not None


async def test_a_screen_that_is_revoked_shows_no_more_codes(site: Site, browser: Browser) -> None:
    """Given a rotating screen at a counter; when its device is revoked; then it says that it is
    signed out with its next question."""
    person, token = site.engine.people.new(Role.STAFF, site.clock(), RALLY, SPOT)
    await people.add(site.engine.pool, person, "Screen", "test", joined=True)
    context = await browser.new_context(base_url=site.url, viewport=PHONE, locale="en-GB")
    await context.add_cookies([{"name": STAFF_COOKIE, "value": token, "url": site.url}])
    page = await context.new_page()
    await page.goto(f"/r/{RALLY}/spots/{SPOT}/screen")
    await expect(page.locator("#code")).to_be_visible()
    await people.revoke(site.engine.pool, person.id, "test", site.clock())
    await site.engine.tell()
    await page.evaluate("dispatchEvent(new Event('online'))")
    await expect(page.get_by_text("You are signed out")).to_be_visible()
    await expect(page.locator("#code")).to_be_hidden()
    await context.close()
