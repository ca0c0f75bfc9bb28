"""The address form as people fill it in: on a small phone, at seventy, on a bad network, without
scripts, by screen reader. Nobody types anything twice."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from msgspec.structs import replace
from playwright.async_api import Browser, Page, Route, expect
from support import RALLY, Site

from domain.conditions import Stamps
from domain.plan import Draw, Prize
from service.sign_in import VISITOR_COOKIE

SPOT = "hokkaido-yurakucho"
FORM = f"/r/{RALLY}/prizes/trip/address"
ADDRESS = f"/api/rallies/{RALLY}/address"
DRAFTS = f"**{ADDRESS}/draft"
PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 640},
    "is_mobile": True,
    "has_touch": True,
    "device_scale_factor": 2,
}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
SAVED = "入力した内容は保存されています。"


class Winner(NamedTuple):
    """A visitor who may win a trip, whose tickets come by post."""

    site: Site
    browser: Browser
    token: str

    async def opens(self, **look: Any) -> Page:
        context = await self.browser.new_context(
            **{"base_url": self.site.url, "locale": "ja-JP", **PHONE, **look}
        )
        cookie = {"name": VISITOR_COOKIE, "value": self.token, "url": self.site.url}
        await context.add_cookies([cookie])
        return await context.new_page()

    async def kept(self) -> Any:
        return (await self.site.ask("GET", ADDRESS, self.token))[1]


@pytest_asyncio.fixture
async def winner(site: Site, browser: Browser) -> AsyncIterator[Winner]:
    plan = site.engine.rallies.get(RALLY).plan
    trip = Prize("trip", {"ja": "ペア旅行券", "en": "A trip"}, Stamps(1), Draw(1), by_post=True)
    await site.engine.plan(replace(plan, prizes=[trip]), "test")
    token = site.visitor()
    await site.scan(token, SPOT)
    yield Winner(site, browser, token)
    for context in browser.contexts:
        await context.close()


async def type_in(page: Page, label: str, text: str) -> None:
    """Key by key, as people do."""
    await page.get_by_role("textbox", name=label).press_sequentially(text)


async def slowly(route: Route) -> None:
    """A weak signal."""
    await asyncio.sleep(0.9)
    await route.continue_()


async def faults_of(page: Page) -> list[Any]:
    found = (await Axe().run(page)).response
    return [(fault["id"], fault["nodes"][0]["html"][:150]) for fault in found["violations"]]


async def test_at_seventy_on_a_small_phone_from_the_card_to_the_draw(winner: Winner) -> None:
    """The postcode fills in the rest; a reload in the middle keeps what was typed; a mistake is
    said at its field; and then it is done."""
    page = await winner.opens()
    await page.goto(f"/r/{RALLY}")
    await page.get_by_role("link", name="抽選に応募する").click()
    await type_in(page, "郵便番号", "１００ー０００５")
    await expect(page.get_by_label("町名・番地")).to_have_value("丸の内")
    await expect(page.get_by_label("都道府県")).to_have_value("東京都")
    await expect(page.get_by_label("市区町村")).to_have_value("千代田区")
    await expect(page.get_by_text("住所が入りました。")).to_be_visible()
    await page.get_by_label("町名・番地").press("End")
    await type_in(page, "町名・番地", "1-9-1")
    await expect(page.get_by_text(SAVED)).to_be_visible()
    await page.wait_for_function("() => !Object.keys(sessionStorage).length")
    await page.reload()
    await expect(page.get_by_label("町名・番地")).to_have_value("丸の内1-9-1")
    await page.get_by_role("button", name="抽選に応募する").click()
    name = page.get_by_label("お名前")
    await expect(name).to_be_focused()
    await expect(name).to_have_attribute("aria-invalid", "true")
    await expect(name).to_have_accessible_description("ここを入力してください。")
    await type_in(page, "お名前", "山田 花子")
    await expect(page.locator(".fault")).to_be_hidden()
    await page.get_by_role("button", name="抽選に応募する").click()
    prize = page.locator("#prize-trip")
    await expect(prize.get_by_text("抽選に応募済みです。")).to_be_in_viewport()
    await expect(prize.get_by_text("〒100-00xx 千代田区… 山田…")).to_be_visible()
    assert await winner.site.facts("PrizeEntered") == 1
    assert (await winner.kept())["draft"] is None
    await prize.get_by_role("link", name="お届け先を変更する").click()
    await expect(page.get_by_label("お名前")).to_have_value("山田 花子")


async def test_the_same_without_scripts(winner: Winner) -> None:
    page = await winner.opens(java_script_enabled=False)
    await page.goto(f"/r/{RALLY}")
    await page.get_by_role("link", name="抽選に応募する").click()
    await type_in(page, "お名前", "山田 花子")
    await type_in(page, "郵便番号", "4980000")
    await page.get_by_role("button", name="住所を入れる").click()
    await page.get_by_role("button", name="三重県桑名郡木曽岬町").click()
    await expect(page.get_by_label("市区町村")).to_have_value("桑名郡木曽岬町")
    await page.get_by_label("お名前").press("Enter")  # the button of the form, not the look-up's
    street = page.get_by_label("町名・番地")
    await expect(street).to_be_focused()
    await expect(street).to_have_accessible_description("ここを入力してください。")
    page = await winner.opens(java_script_enabled=False)
    await page.goto(FORM)
    await expect(page.get_by_label("お名前")).to_have_value("山田 花子")
    await type_in(page, "町名・番地", "源緑輪中1")
    await page.get_by_role("button", name="抽選に応募する").click()
    await expect(page.get_by_text("〒498-00xx 桑名郡木曽岬町… 山田…")).to_be_visible()
    assert await winner.site.facts("PrizeEntered") == 1


async def test_of_several_places_one_is_chosen(winner: Winner) -> None:
    page = await winner.opens()
    await page.goto(FORM)
    await type_in(page, "郵便番号", "498-0000")
    await page.get_by_role("button", name="愛知県弥富市").click()
    await expect(page.get_by_label("都道府県")).to_have_value("愛知県")
    await expect(page.get_by_label("町名・番地")).to_be_focused()
    await expect(page.get_by_role("button", name="愛知県弥富市")).to_be_hidden()


async def test_an_unknown_postcode_and_a_broken_look_up_block_nobody(winner: Winner) -> None:
    page = await winner.opens()
    await page.goto(FORM)
    await type_in(page, "郵便番号", "9999999")
    await expect(page.get_by_text("一覧にありません")).to_be_visible()
    await page.context.route("**/api/postcodes/*", lambda route: route.abort())
    await page.get_by_role("textbox", name="郵便番号").fill("1000005")
    await page.get_by_label("都道府県").select_option("東京都")
    for label, text in (("市区町村", "千代田区"), ("町名・番地", "1-1"), ("お名前", "山田")):
        await type_in(page, label, text)
    await page.get_by_role("button", name="抽選に応募する").click()
    await expect(page.get_by_text("抽選に応募済みです。")).to_be_visible()


async def test_without_a_network_nothing_is_lost_and_it_goes_on_by_itself(winner: Winner) -> None:
    page = await winner.opens()
    await page.goto(FORM)
    await page.get_by_text("海外").click()
    await expect(page.get_by_role("textbox", name="郵便番号")).to_be_hidden()
    await expect(page.get_by_text(SAVED)).to_be_visible()
    await page.context.set_offline(True)
    for label, text in (("国・地域", "France"), ("お名前", "Zoé")):
        await type_in(page, label, text)
    await type_in(page, "住所", "1 rue de Rivoli")
    await page.get_by_role("button", name="抽選に応募する").click()
    await expect(page.get_by_text("まだ保存されていません")).to_be_visible()
    await expect(page.get_by_label("お名前")).to_have_value("Zoé")
    await page.context.set_offline(False)
    await expect(page.get_by_text(SAVED)).to_be_visible()
    assert (await winner.kept())["draft"]["lines"] == "1 rue de Rivoli"
    await page.get_by_role("button", name="抽選に応募する").click()
    await expect(page.get_by_text("France… Zo…")).to_be_visible()


async def test_what_could_not_be_sent_outlives_a_reload_of_the_tab(winner: Winner) -> None:
    page = await winner.opens()
    await page.goto(FORM)
    await page.context.route(DRAFTS, lambda route: route.abort())
    await type_in(page, "お名前", "山田 花子")
    await expect(page.get_by_text("まだ保存されていません")).to_be_visible()
    await page.reload()
    await expect(page.get_by_label("お名前")).to_have_value("山田 花子")
    await page.context.unroute(DRAFTS)
    await expect(page.get_by_text(SAVED)).to_be_visible(timeout=15_000)
    assert (await winner.kept())["draft"] == {"name": "山田 花子"}
    assert await page.evaluate("Object.keys(sessionStorage).length") == 0


async def test_an_older_draft_never_arrives_after_the_address(winner: Winner) -> None:
    """Given a draft that is slow on its way; when the button is pressed; then it waits for it."""
    page = await winner.opens()
    await page.goto(FORM)
    await page.get_by_text("海外").click()
    await type_in(page, "国・地域", "France")
    await type_in(page, "住所", "Paris")
    await expect(page.get_by_text(SAVED)).to_be_visible()
    await page.context.route(DRAFTS, slowly)
    await type_in(page, "お名前", "Zoé")
    await page.get_by_role("button", name="抽選に応募する").click()
    await expect(page.get_by_text("抽選に応募済みです。")).to_be_visible()
    kept = await winner.kept()
    assert (kept["address"]["name"], kept["draft"]) == ("Zoé", None)


@pytest.mark.parametrize("language", ["ja-JP", "en-GB"])
@pytest.mark.parametrize("colours", ["light", "dark"])
async def test_the_form_is_accessible(winner: Winner, language: str, colours: str) -> None:
    for look in (PHONE, DESK):
        page = await winner.opens(locale=language, color_scheme=colours, **look)
        await page.goto(FORM)
        assert await faults_of(page) == []
        await page.locator("[name=postcode]").fill("")  # what the last one typed was kept
        await page.locator("[name=postcode]").press_sequentially("4980000")
        await expect(page.locator("#places")).to_be_visible()
        assert await faults_of(page) == []
        await page.locator(".post-form > .button").click()
        await expect(page.locator(".fault").first).to_be_visible()
        assert await faults_of(page) == []
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert await page.evaluate(wide) <= 0


async def test_keys_alone_fill_it_in_and_the_phone_offers_the_right_keyboard(
    winner: Winner,
) -> None:
    page = await winner.opens(**DESK)
    await page.goto(FORM)
    await page.get_by_role("textbox", name="郵便番号").focus()
    await page.keyboard.type("1000005")
    await expect(page.get_by_label("市区町村")).to_have_value("千代田区")
    order = []
    for _ in range(6):
        await page.keyboard.press("Tab")
        order.append(await page.evaluate("document.activeElement.name"))
    assert order == ["prefecture", "city", "street", "building", "name", "phone"]
    postcode = page.get_by_role("textbox", name="郵便番号")
    await expect(postcode).to_have_attribute("inputmode", "numeric")
    html = await page.content()
    told = dict(re.findall(r'name="(\w+)"[^>]*? autocomplete="([\w-]+)"', html))
    assert told == {
        "postcode": "postal-code",
        "prefecture": "address-level1",
        "city": "address-level2",
        "street": "address-line1",
        "building": "address-line2",
        "country": "country-name",
        "lines": "street-address",
        "name": "name",
        "phone": "tel",
    }


@pytest.mark.parametrize("network", ["good", "slow", "cut"])
async def test_what_is_deleted_right_after_typing_stays_deleted(
    winner: Winner, network: str
) -> None:
    """Given something typed that waits, is on its way, or could not be sent; then nothing of it
    comes after the deletion, nor with the page that tells of it."""
    page = await winner.opens(locale="en-GB")
    await page.goto(FORM)
    await type_in(page, "Name of the receiver", "山田")
    await expect(page.get_by_text("What you type is saved.")).to_be_visible()
    if network == "slow":
        await page.route(DRAFTS, slowly)
    elif network == "cut":
        await page.route(DRAFTS, lambda route: route.abort())
    await page.get_by_text("Delete the address…").click()
    await type_in(page, "Name of the receiver", " 花子")
    if network == "slow":
        await page.wait_for_timeout(800)
    elif network == "cut":
        await expect(page.get_by_text("Not saved yet")).to_be_visible()
    await page.get_by_role("button", name="Delete my address now").click()
    await expect(page.get_by_text("Your address is deleted.")).to_be_visible()
    await page.unroute(DRAFTS)
    await page.wait_for_timeout(1_500)
    rows = "SELECT count(*) FROM addresses"
    assert await winner.site.engine.pool.fetchval(rows) == 0
    await expect(page.get_by_label("Name of the receiver")).to_have_value("")
    await type_in(page, "Name of the receiver", "鈴木")  # and the form works on
    await expect(page.get_by_text("What you type is saved.")).to_be_visible()
    await page.reload()
    await expect(page.get_by_label("Name of the receiver")).to_have_value("鈴木")


async def test_the_address_is_not_kept_for_when_there_is_no_network(winner: Winner) -> None:
    """The card that is seen without a network says nothing of it: it may be deleted since."""
    site = winner.site
    await site.says_where(winner.token)
    status, _ = await site.ask("POST", f"/api/rallies/{RALLY}/prizes/trip/entries", winner.token)
    assert status == 201
    page = await winner.opens()
    await page.goto(f"/r/{RALLY}")
    await page.evaluate("navigator.serviceWorker.ready")
    await page.reload()
    await expect(page.locator("#prize-trip .sent")).to_contain_text("France")
    cached = f"() => caches.match('/r/{RALLY}').then(Boolean)"
    await page.wait_for_function(cached)
    await page.context.set_offline(True)
    await page.reload()
    await expect(page.locator("#prize-trip .done")).to_be_visible()
    await expect(page.locator(".sent")).to_have_count(0)
    assert "France" not in await page.content()
