"""The pages as people meet them: on a phone and at a desk, by eye and by screen reader, with bad
networks and without scripts."""

import json
import re
from typing import Any

import pytest
from browsing import DESK, FEW_LOOKS, PAGES, PHONE, ROW, SPOT, ZOOMED, People, check, shown
from playwright.async_api import Page, Route, expect
from support import RALLY

from service.sign_in import STAFF_COOKIE, VISITOR_COOKIE

CHECK_INS = "**/api/check-ins"
BYTES_MAX = 40_000
REQUESTS_MAX = 6
WORKER_REQUESTS_MAX = 8
"""Itself, what it keeps, the names of the spots; half of them are in the browser's cache already."""


def sent_to(page: Page) -> list[dict[str, Any]]:
    """The check-ins that the page sends from now on."""
    sent: list[dict[str, Any]] = []
    page.on(
        "request",
        lambda request: (
            sent.append(json.loads(request.post_data or "{}"))
            if request.url.endswith("/api/check-ins")
            else None
        ),
    )
    return sent


@pytest.mark.parametrize(
    ("size", "language", "theme"),
    [
        # Each two of size, language and theme meet; rooms look at their own pages more closely.
        pytest.param(PHONE, "ja-JP", "light", id="phone-ja-light"),
        pytest.param(DESK, "ja-JP", "dark", id="desk-ja-dark"),
        pytest.param(PHONE, "en-GB", "dark", id="phone-en-dark"),
        pytest.param(DESK, "en-GB", "light", id="desk-en-light"),
        pytest.param(ZOOMED, "ja-JP", "light", id="desk-at-200-percent"),
    ][: 2 if FEW_LOOKS else None],
)
async def test_every_page_is_accessible_and_fits(
    people: People, size: dict[str, int], language: str, theme: str
) -> None:
    """WCAG 2.2 AA as far as axe can see it, on a phone and a desk."""
    context = await people.opens(
        viewport=size, color_scheme=theme, locale=language, reduced_motion="reduce"
    )
    complaints: list[str] = []
    page = await context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for name, address in PAGES.items():
        await page.goto(address)
        assert await page.locator("html").get_attribute("lang") == language[:2]
        await check(page, name)
    await page.goto(people.scan_page())
    await expect(page.locator("#card .card")).to_be_visible()
    await check(page, "stamped")
    expected = {"Failed to load resource: the server responded with a status of 404 (Not Found)"}
    assert set(complaints) <= expected  # the two pages that are meant to be 404


@pytest.mark.parametrize("state", ["offline", "busy", "refused", "already_stamped"])
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_four_ways_not_to_get_a_stamp_are_told_apart(
    people: People, state: str, theme: str
) -> None:
    """Words, colour and shape differ, and each is accessible."""
    context = await people.opens(color_scheme=theme, reduced_motion="reduce")
    page = await context.new_page()
    answers: dict[str, Any] = {
        "offline": lambda route: route.abort("internetdisconnected"),
        "busy": lambda route: route.fulfill(status=503, headers={"Retry-After": "60"}),
        "refused": lambda route: route.fulfill(status=422, json={"detail": "「やすみ」です。"}),
    }
    if state in answers:
        await page.route(CHECK_INS, answers[state])
    await page.goto(people.scan_page(ROW[0]))
    await shown(page, state).to_be_visible()
    await check(page, state)
    words = {
        "offline": "電波が届いていません",
        "busy": "混み合っています",
        "refused": "「やすみ」です。",
        "already_stamped": "押してあります",
    }
    await expect(page.locator("#tell")).to_contain_text(words[state])
    await expect(page.locator("#tell .note:visible")).to_have_count(1)


async def test_the_stamp_lands_with_bingo_and_prize(people: People) -> None:
    """The fifth of a row: two sheets have a line, and the first prize is reached."""
    page = await (await people.opens()).new_page()
    await page.goto(people.scan_page())
    await shown(page, "stamped").to_be_visible()
    await expect(page.locator("#stamp-date")).to_have_text("2026.1.15")
    card = page.locator("#card")
    await expect(card).to_contain_text("一度に2列そろいました")
    await expect(card).to_contain_text("賞品の条件を達成しました")
    await expect(card.locator(f"#spot-{SPOT}")).to_have_class("fresh")
    await expect(card.locator(".strikes g.fresh")).to_have_count(2)


async def test_without_scripts_the_button_stamps(people: People) -> None:
    """GET shows a button, POST shows the stamp and the card; the new visitor's cookie is kept."""
    context = await people.opens(visitor=False, java_script_enabled=False)
    page = await context.new_page()
    before = await people.site.facts()
    await page.goto(people.scan_page())
    assert await people.site.facts() == before
    await page.get_by_role("button", name="スタンプを押す").click()
    await shown(page, "stamped").to_be_visible()
    await expect(page.locator("#card")).to_contain_text("わたしのスタンプ帳")
    assert await people.site.facts() == before + 1
    assert VISITOR_COOKIE in {cookie["name"] for cookie in await context.cookies()}


async def test_offline_is_said_and_the_same_scan_lands_when_the_network_is_back(
    people: People,
) -> None:
    """The scan keeps its id, and its own time by the server's clock, not by the phone's."""
    context = await people.opens()
    page = await context.new_page()
    sent = sent_to(page)

    async def cut(route: Route) -> None:
        await context.set_offline(True)
        await route.abort("internetdisconnected")

    await page.route(CHECK_INS, cut, times=1)
    await page.goto(people.scan_page())
    await shown(page, "offline").to_be_visible()
    await expect(page.get_by_role("status")).to_contain_text("電波が届いていません")
    before = await people.site.facts()
    people.site.clock.forward(minutes=30)
    await context.set_offline(False)  # the `online` event: no waiting
    await shown(page, "stamped").to_be_visible()
    assert len({scan["scan_id"] for scan in sent}) == 1
    assert "scanned_at" not in sent[0]
    assert sent[-1]["scanned_at"].startswith("2026-01-15T03:00:")
    assert await people.site.facts() == before + 1


async def test_a_reload_after_a_failure_repeats_the_same_scan(people: People) -> None:
    """And after success the address is the card's: a reload or restored tab stamps nothing."""
    page = await (await people.opens()).new_page()
    sent = sent_to(page)
    await page.route(CHECK_INS, lambda route: route.abort("connectionfailed"), times=1)
    await page.goto(people.scan_page())
    await shown(page, "offline").to_be_visible()
    await page.reload()
    await shown(page, "stamped").to_be_visible()
    assert len({scan["scan_id"] for scan in sent}) == 1
    await expect(page).to_have_url(re.compile(rf"/r/{RALLY}$"))
    made = len(sent)
    await page.reload()
    await expect(page.locator(".card")).to_be_visible()
    assert len(sent) == made


async def test_busy_is_said_and_tried_again_with_the_same_scan(people: People) -> None:
    """`Retry-After` is honoured; the visitor may try at once."""
    page = await (await people.opens()).new_page()
    sent = sent_to(page)
    await page.route(
        CHECK_INS,
        lambda route: route.fulfill(status=503, headers={"Retry-After": "60"}),
        times=1,
    )
    await page.goto(people.scan_page())
    await shown(page, "busy").to_be_visible()
    await page.wait_for_timeout(1_500)
    assert len(sent) == 1  # a minute was asked for
    await page.get_by_role("button", name="いますぐ試す").press("Enter")
    await shown(page, "stamped").to_be_visible()
    await expect(page.get_by_role("heading", name="スタンプを押しました！")).to_be_focused()
    assert len(sent) == 2
    assert sent[0]["scan_id"] == sent[1]["scan_id"]


async def test_busy_is_tried_again_without_a_touch(people: People) -> None:
    """After a short `Retry-After` the page goes on by itself."""
    page = await (await people.opens()).new_page()
    await page.route(
        CHECK_INS, lambda route: route.fulfill(status=503, headers={"Retry-After": "1"}), times=1
    )
    await page.goto(people.scan_page())
    await shown(page, "busy").to_be_visible()
    await shown(page, "stamped").to_be_visible(timeout=10_000)


async def test_a_hotspots_own_page_is_no_network(people: People) -> None:
    """A captive portal answers anything with its sign-in page: that is no answer of ours."""
    page = await (await people.opens()).new_page()
    await page.route(
        CHECK_INS,
        lambda route: route.fulfill(status=200, content_type="text/html", body="<h1>Wi-Fi</h1>"),
    )
    await page.goto(people.scan_page())
    await shown(page, "offline").to_be_visible()


async def test_a_browser_that_keeps_no_cookies_is_told_so(people: People) -> None:
    """Rather than a stamp on a card that is lost at once."""
    context = await people.opens(visitor=False)
    page = await context.new_page()

    async def forgetful(route: Route) -> None:
        answer = await route.fetch()
        headers = {name: text for name, text in answer.headers.items() if name != "set-cookie"}
        await context.clear_cookies()
        await route.fulfill(status=answer.status, headers=headers, body=await answer.body())
        await context.clear_cookies()

    await page.route("**/s/*", forgetful)
    await page.route("**/api/visitors", forgetful)
    await page.goto(people.scan_page())
    await shown(page, "cookies").to_be_visible()


async def test_a_page_drawn_behind_another_stamps_when_it_is_looked_at(people: People) -> None:
    """A tab opened in the background, or a page drawn ahead, has not been opened by anybody."""
    page = await (await people.opens()).new_page()
    await page.add_init_script(
        "Object.defineProperty(document, 'visibilityState', "
        "{get: () => window.looked ? 'visible' : 'hidden'})"
    )
    sent = sent_to(page)
    await page.goto(people.scan_page())
    await page.wait_for_timeout(800)
    assert sent == []
    await page.evaluate(
        "window.looked = true; document.dispatchEvent(new Event('visibilitychange'))"
    )
    await shown(page, "stamped").to_be_visible()
    assert len(sent) == 1


async def test_a_scan_id_is_made_where_the_page_is_no_secure_context(people: People) -> None:
    """A shop's own network without https has no crypto.randomUUID."""
    page = await (await people.opens()).new_page()
    await page.add_init_script("crypto.randomUUID = undefined")
    sent = sent_to(page)
    await page.goto(people.scan_page())
    await shown(page, "stamped").to_be_visible()
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", sent[0]["scan_id"])


async def test_with_reduced_motion_nothing_moves(people: People) -> None:
    """The stamp fades in; nothing shakes, flies or slides."""
    page = await (await people.opens(reduced_motion="reduce")).new_page()
    await page.goto(people.scan_page())
    await shown(page, "stamped").to_be_visible()
    running = await page.evaluate(
        "document.getAnimations().map(animation => animation.animationName)"
    )
    assert set(running) <= {"appear"}


@pytest.mark.parametrize("known", [True, False], ids=["known visitor", "new visitor"])
async def test_a_scan_is_light(people: People, known: bool) -> None:
    """Opening a code, stamping and showing the card, on a first visit: bytes and requests of the
    page. There is no request for an icon (it is inside the page) and there is no manifest; what the
    service worker takes afterwards for when there is no network is counted apart."""
    context = await people.opens(visitor=known)
    page = await context.new_page()
    network = await context.new_cdp_session(page)
    await network.send("Network.enable")
    loaded: list[float] = []
    network.on(
        "Network.loadingFinished",
        lambda event: (
            loaded.append(event["encodedDataLength"]) if event["encodedDataLength"] else 0
        ),
    )
    later: list[str] = []
    context.on(
        "request", lambda request: later.append(request.url) if request.service_worker else None
    )
    await page.goto(people.scan_page())
    await expect(page.locator("#card .card")).to_be_visible()
    await page.wait_for_function(f"() => caches.match('/r/{RALLY}/names').then(Boolean)")
    print(f"scan page: {len(loaded)} requests, {sum(loaded):,.0f} bytes; worker: {len(later)}")
    assert len(loaded) <= REQUESTS_MAX
    assert sum(loaded) <= BYTES_MAX
    assert 0 < len(later) <= WORKER_REQUESTS_MAX


async def test_the_language_is_remembered(people: People) -> None:
    """Once chosen it holds for every page, whatever the browser prefers."""
    page = await (await people.opens()).new_page()
    await page.goto("/")
    await page.locator(".languages summary").click()
    await page.get_by_role("link", name="English").click()
    await expect(page.locator("h1")).to_have_text("Walk, scan, collect")
    await page.goto(f"/r/{RALLY}")
    await expect(page.locator("#card-title")).to_have_text("My stamp card")


async def test_a_live_page_says_when_it_is_cut_off_and_recovers(people: People) -> None:
    """The number of visits rises without a reload, also after the connection was lost."""
    context = await people.opens(viewport=DESK)
    page = await context.new_page()
    await page.goto(f"/r/{RALLY}/spots/{ROW[0]}")
    state = page.locator("#connection span:visible")
    await expect(state).to_have_text("リアルタイム")
    await page.route(re.compile(r"/live(\?|$)"), lambda route: route.abort("connectionfailed"))
    await page.evaluate("dispatchEvent(new Event('online'))")  # listens anew, in vain
    await expect(state).to_contain_text("通信が切れました")
    await page.unroute(re.compile(r"/live(\?|$)"))
    await expect(state).to_have_text("リアルタイム", timeout=15_000)
    visits = page.locator("[data-n=visits]")
    await expect(visits).to_have_text("1")
    await people.site.scan(people.site.visitor(), ROW[0])
    await expect(visits).to_have_text("2", timeout=15_000)


async def test_a_day_in_the_past_is_not_live(people: People) -> None:
    """It will not change."""
    page = await (await people.opens()).new_page()
    await page.goto(f"/r/{RALLY}/spots/{ROW[0]}?day=2026-01-14")
    assert await page.locator("script").count() == 0
    await page.get_by_role("link", name="きょうに戻る").click()
    await expect(page.locator("#connection span:visible")).to_have_text("リアルタイム")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
async def test_closing_a_rally_asks_first(people: People, scripts: bool) -> None:
    """Two presses, also without scripts; it can be opened again."""
    page = await (await people.opens(java_script_enabled=scripts)).new_page()
    await page.goto(f"/r/{RALLY}/organiser")
    close = page.get_by_role("button", name="いま終了する")
    await expect(close).not_to_be_visible()
    await page.get_by_text("ラリーを終了する…").click()
    await close.click()
    await expect(page.locator(".pill")).to_have_text("終了")
    await page.get_by_role("button", name="ラリーを再開する").click()
    await expect(page.locator(".pill")).to_have_text("開催中")


async def test_signing_in_leaves_no_key_in_the_address(people: People) -> None:
    """The key of the address goes into the form; without scripts it is pasted. Then out again."""
    context = await people.opens(java_script_enabled=False)
    await context.clear_cookies()
    page = await context.new_page()
    await page.goto("/sign-in")
    await page.get_by_text("サインインキーをお持ちの方").click()
    await page.get_by_label("サインインキー").fill(f" {people.organiser}\n")
    await page.get_by_role("button", name="サインイン").click()
    await expect(page).to_have_url(re.compile(r"/organiser$"))
    await page.get_by_role("button", name="サインアウト").click()
    assert STAFF_COOKIE not in {cookie["name"] for cookie in await context.cookies()}


async def test_a_poster_is_one_page_with_a_code_of_sixty_millimetres(people: People) -> None:
    """On paper: every spot one A4 page, nothing else, and a code that reads from an arm's length."""
    page = await (await people.opens(viewport={"width": 794, "height": 1123})).new_page()
    await page.goto(f"/r/{RALLY}/posters")
    pdf = await page.pdf(prefer_css_page_size=True, print_background=True)
    spots = len(people.site.engine.rallies.all()[0].plan.spots)
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == spots
    await page.emulate_media(media="print")
    width = await page.locator(".qr svg").first.evaluate("el => el.getBoundingClientRect().width")
    assert width / 96 * 25.4 >= 60
