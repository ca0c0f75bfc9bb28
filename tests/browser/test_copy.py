"""A card outlives its cookie: a copy in the browser's storage brings it back."""

import asyncio
from typing import Any

import pytest
from browsing import ROW, SPOT, People, shown
from msgspec.structs import replace
from playwright.async_api import BrowserContext, Page, Route, expect
from support import RALLY

from domain.plan import Question, Spot
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
    await page.wait_for_function(f"() => {COPY}")
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
    await page.wait_for_function(f"() => {COPY} === null")
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


WORD = "word"
PASSING: dict[str, dict[str, Any]] = {
    "429": {"status": 429, "headers": {"Retry-After": "60"}},
    "502": {"status": 502, "body": "bad gateway"},
    "503": {"status": 503, "headers": {"Retry-After": "60"}},
}


async def asked_for_a_word(people: People) -> None:
    """Give the rally a spot that asks for a word."""
    plan = people.site.engine.rallies.get(RALLY).plan
    names = {"en": "Word", "ja": "ことば"}
    spot = Spot(WORD, names, plan.areas[0].id, kind="keyword", question=Question(["sakura"]))
    await people.site.engine.plan(replace(plan, spots=[*plan.spots, spot]), "test")


async def spots_of(people: People, token: str | None) -> set[str]:
    """Where the card that a token stands for has stamps."""
    visitor = people.site.engine.people.verify(token or "").id
    return {visit.spot for visit in (await people.site.engine.log.card(visitor, RALLY)).visits}


async def copy_is(page: Page, token: str) -> None:
    await page.wait_for_function(f"(token) => {COPY} === token", arg=token)


def fails(route: Route, how: str) -> Any:
    return (
        route.abort("internetdisconnected")
        if how == "no network"
        else route.fulfill(**PASSING[how])
    )


async def test_a_question_that_is_only_looked_at_costs_no_card(people: People) -> None:
    """Given a lost cookie; when a question's page is opened and then the card, which was not
    waiting for the page; then the card of the copy is there."""
    await asked_for_a_word(people)
    context, page, token = await stamped_once(people)
    await context.clear_cookies()
    await page.goto(people.scan_page(WORD))
    await page.goto(f"/r/{RALLY}")
    await expect(page.locator(f"#spot-{ROW[0]} .when")).to_be_attached()
    await copy_is(page, token)
    assert await cookie_of(context) == token


async def test_a_question_brings_the_card_back_before_its_answer(people: People) -> None:
    await asked_for_a_word(people)
    context, page, token = await stamped_once(people)
    await context.clear_cookies()
    async with page.expect_response("**/api/visitors"):
        await page.goto(people.scan_page(WORD))
    assert await cookie_of(context) == token
    await page.locator("#answer").fill("sakura")
    await page.locator("#answer").press("Enter")
    await shown(page, "stamped").to_be_visible()
    assert await spots_of(people, token) == {ROW[0], WORD}


async def test_a_badge_made_after_the_cookie_was_lost_costs_no_card(people: People) -> None:
    context, page, token = await stamped_once(people)
    await context.clear_cookies()
    await page.goto(f"/r/{RALLY}/badge")
    await page.get_by_role("button", name="Make my badge").click()
    await expect(page.locator(".qr")).to_be_visible()
    assert await cookie_of(context) != token
    await page.goto(f"/r/{RALLY}")
    await expect(page.locator(f"#spot-{ROW[0]} .when")).to_be_attached()
    await copy_is(page, token)


@pytest.mark.parametrize("how", [*PASSING, "no network"])
async def test_what_passes_while_the_card_is_brought_back_costs_no_card(
    people: People, how: str
) -> None:
    """The scan page waits, also through a reload; then its stamp is on the card of the copy."""
    context, page, token = await stamped_once(people)
    await context.clear_cookies()
    before = await people.site.facts()
    await page.route("**/api/visitors", lambda route: fails(route, how))
    await page.goto(people.scan_page(SPOT))
    await shown(page, "offline" if how == "no network" else "busy").to_be_visible()
    assert await page.evaluate(COPY) == token
    assert await people.site.facts() == before
    await page.reload()
    await shown(page, "offline" if how == "no network" else "busy").to_be_visible()
    await page.unroute("**/api/visitors")
    await page.locator("#again").click()
    await shown(page, "stamped").to_be_visible()
    assert await spots_of(people, token) == {ROW[0], SPOT}
    assert await cookie_of(context) == token


@pytest.mark.parametrize("how", [*PASSING, "no network"])
async def test_what_passes_while_the_card_page_brings_it_back_costs_no_copy(
    people: People, how: str
) -> None:
    context, page, token = await stamped_once(people)
    await context.clear_cookies()
    await page.route("**/api/visitors", lambda route: fails(route, how), times=1)
    async with page.expect_request("**/api/visitors"):
        await page.goto(f"/r/{RALLY}")
    await page.wait_for_timeout(200)
    assert await page.evaluate(COPY) == token
    await page.evaluate("dispatchEvent(new Event('online'))")
    await expect(page.locator(f"#spot-{ROW[0]} .when")).to_be_attached()
    assert await cookie_of(context) == token


async def test_a_cookie_lost_while_the_page_is_open_costs_no_card(people: People) -> None:
    """The check-in is answered that nobody is known: the copy says who it is."""
    context, page, token = await stamped_once(people)
    await asked_for_a_word(people)
    await page.goto(people.scan_page(WORD))
    await context.clear_cookies()
    await page.locator("#answer").fill("sakura")
    await page.locator("#answer").press("Enter")
    await shown(page, "stamped").to_be_visible()
    assert await spots_of(people, token) == {ROW[0], WORD}
    assert await cookie_of(context) == token


async def test_without_cookies_the_card_page_tries_but_once(people: People) -> None:
    context, page, token = await stamped_once(people)
    await context.clear_cookies()

    async def forgetful(route: Route) -> None:
        answer = await route.fetch()
        headers = {name: text for name, text in answer.headers.items() if name != "set-cookie"}
        await context.clear_cookies()
        await route.fulfill(status=answer.status, headers=headers, body=await answer.body())

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.route("**/api/visitors", forgetful)
    await page.goto(f"/r/{RALLY}")
    await page.wait_for_timeout(1_500)
    assert len([url for url in asked if url.endswith("/api/visitors")]) == 1
    assert len([url for url in asked if url.endswith(f"/r/{RALLY}")]) == 2
    assert await page.evaluate(COPY) == token


@pytest.mark.parametrize("slow", ["first", "second", "neither"])
async def test_two_pages_of_a_first_visit_are_one_card(people: People, slow: str) -> None:
    """Given two codes opened at once on a new phone, so that each page comes with a card of its
    own; then both stamps are on one card, which the cookie and the copy stand for."""
    context = await people.opens(visitor=False, staff=False)
    pages = [await context.new_page() for _ in range(2)]
    both = asyncio.Barrier(2)

    async def together(route: Route) -> None:
        await both.wait()
        await route.continue_()

    async def slowly(route: Route) -> None:
        await asyncio.sleep(0.5)
        await route.continue_()

    for page in pages:
        await page.route("**/s/*", together)
    if slow != "neither":
        await pages[slow == "second"].route("**/api/check-ins", slowly)
    spots = (ROW[0], SPOT)
    await asyncio.gather(
        *(page.goto(people.scan_page(spot)) for page, spot in zip(pages, spots, strict=True))
    )
    began = {await page.locator("#scan").get_attribute("data-token") for page in pages}
    assert len(began) == 2
    for page in pages:
        await shown(page, "stamped").to_be_visible()
    token = await cookie_of(context)
    assert token in began
    assert await spots_of(people, token) == {*spots}
    for page in pages:
        await copy_is(page, token or "")
    assert await people.site.facts() == len(ROW) + 2
