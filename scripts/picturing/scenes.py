"""The pages, and the way to each. A way does not rely on another one having been gone."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from playwright.async_api import BrowserContext, Page, Route, expect

from picturing.stage import RALLY, Stage
from service.drawing import commit
from service.sign_in import STAFF_COOKIE, VISITOR_COOKIE, Role

SPOT = "miyagi-yurakucho"
ROW = ("hokkaido-yurakucho", "akita-yurakucho", "okinawa-yurakucho", "wakayama-yurakucho")
"""With SPOT they are a row of two sheets."""
CARD = f"/r/{RALLY}"
QUIZ = ("largest", "online-quiz-rally")
SCREEN = ("lantern", "two-cities-bar-ticket")
CHECK_INS = "**/api/check-ins"
SCREEN_KEPT = """async () => {
    const kept = await caches.match(location.pathname, { ignoreVary: true });
    return Boolean(navigator.serviceWorker.controller && kept);
}"""


class Visit(NamedTuple):
    """Somebody who goes to a page."""

    stage: Stage
    context: BrowserContext
    page: Page
    scripts: bool

    async def carries(self, cookie: str, token: str) -> None:
        """Give the browser somebody's token."""
        await self.context.add_cookies([{"name": cookie, "value": token, "url": self.stage.url}])

    async def walked(self, *spots: str) -> str:
        """Carry the card of a visitor with these stamps."""
        token = await self.stage.walker(*spots)
        await self.carries(VISITOR_COOKIE, token)
        return token

    async def scans(self, spot: str = SPOT) -> None:
        """Open a poster's code."""
        await self.page.goto(f"/s/{self.stage.code(spot)}")

    async def reaches(self, state: str) -> None:
        """Wait for the scan page to say so; where no scripts run, press its button."""
        if not self.scripts:
            await self.page.locator("#by-hand button").click()
        await expect(self.page.locator(f"#scan[data-state={state}]")).to_be_visible()

    async def presses(self, address: str) -> None:
        """Open a page and press its one button."""
        await self.page.goto(address)
        await self.page.locator("main form button").click()
        await expect(self.page.locator("main .qr")).to_be_visible()


Way = Callable[[Visit], Awaitable[object]]


class Scene(NamedTuple):
    """A page: its name, whose it is, the way to it, and whether there is one without scripts, or
    one that needs the service worker."""

    name: str
    whose: str
    way: Way
    plain: bool
    worker: bool


SCENES: dict[str, Scene] = {}


def scene(name: str, whose: str = "visitor", *, plain: bool = True, worker: bool = False) -> object:
    """Put a way on the list."""

    def listed(way: Way) -> Way:
        SCENES[name] = Scene(name, whose, way, plain and whose == "visitor", worker)
        return way

    return listed


def opens(name: str, address: str, whose: str = "visitor") -> None:
    """Put a page on the list that needs nothing but its address (and an organiser, if `whose`)."""

    @scene(name, whose)
    async def way(visit: Visit) -> None:
        if whose == "organiser":
            await visit.carries(STAFF_COOKIE, visit.stage.organiser())
        await visit.page.goto(address)


opens("home", "/")
opens("card-empty", CARD)


@scene("scan-ready", plain=True)
async def _(visit: Visit) -> None:
    await visit.context.route(CHECK_INS, lambda route: None)  # the answer is long in coming
    await visit.scans()


@scene("scan-stamped")
async def _(visit: Visit) -> None:
    await visit.walked(*ROW)
    await visit.scans()
    await visit.reaches("stamped")
    await expect(visit.page.locator("#card .card")).to_be_visible()


@scene("scan-already-stamped")
async def _(visit: Visit) -> None:
    await visit.walked(SPOT)
    await visit.scans()
    await visit.reaches("already_stamped")


@scene("scan-offline", plain=False)
async def _(visit: Visit) -> None:
    await visit.context.route(CHECK_INS, lambda route: route.abort("internetdisconnected"))
    await visit.scans()
    await visit.reaches("offline")


@scene("scan-busy", plain=False)
async def _(visit: Visit) -> None:
    await visit.context.route(
        CHECK_INS, lambda route: route.fulfill(status=503, headers={"Retry-After": "60"})
    )
    await visit.scans()
    await visit.reaches("busy")


@scene("scan-refused", plain=False)
async def _(visit: Visit) -> None:
    async def too_early(route: Route) -> None:
        """Ask in earnest, with a time before the rally."""
        body = {**(route.request.post_data_json or {}), "scanned_at": "2026-01-01T00:00:00Z"}
        await route.continue_(post_data=body)

    await visit.walked()
    await visit.context.route(CHECK_INS, too_early)
    await visit.scans()
    await visit.reaches("refused")


@scene("scan-question")
async def _(visit: Visit) -> None:
    await visit.page.goto(f"/s/{visit.stage.code(*QUIZ)}")


opens("refused", "/s/NOTACODE")
opens("failure", "/nothing")


@scene("offline", plain=False, worker=True)
async def _(visit: Visit) -> None:
    await _works_offline(visit)
    await visit.scans()
    await visit.reaches("offline")
    await expect(visit.page.locator("#rally-name")).not_to_have_text("Meguri")


@scene("card-kept", plain=False, worker=True)
async def _(visit: Visit) -> None:
    await _works_offline(visit)
    for spot in (SPOT, ROW[0]):
        await visit.scans(spot)
        await visit.reaches("offline")
    await visit.page.goto(CARD)
    await expect(visit.page.locator("#kept-list .where")).to_have_count(2)


async def _works_offline(visit: Visit) -> None:
    """Open the card until the worker keeps it, then lose the network."""
    await visit.walked(*ROW[1:])
    await visit.page.goto(CARD)
    await visit.page.evaluate("navigator.serviceWorker.ready")
    await visit.page.reload()
    for address in (CARD, f"{CARD}/names"):
        await visit.page.wait_for_function(
            "(address) => caches.match(address).then(Boolean)", arg=address
        )
    await visit.context.set_offline(True)


@scene("card")
async def _(visit: Visit) -> None:
    await visit.walked(SPOT, *ROW)
    await visit.page.goto(CARD)


@scene("prize")
async def _(visit: Visit) -> None:
    await visit.walked(SPOT)
    await visit.page.goto(f"{CARD}/prizes/towel")


@scene("keepsake")
async def _(visit: Visit) -> None:
    await visit.walked(SPOT, *ROW)
    await visit.page.goto(f"{CARD}/keepsake")


@scene("badge")
async def _(visit: Visit) -> None:
    await visit.presses(f"{CARD}/badge")


@scene("move")
async def _(visit: Visit) -> None:
    await visit.walked(SPOT)
    await visit.page.goto(f"{CARD}/move")


@scene("move-code")
async def _(visit: Visit) -> None:
    await visit.walked(SPOT)
    await visit.presses(f"{CARD}/move")


opens("take", "/move")


@scene("take-with-own")
async def _(visit: Visit) -> None:
    """A phone that has stamps of its own."""
    await visit.walked(SPOT)
    await visit.presses(f"{CARD}/move")
    code = await visit.page.locator(".typed").inner_text()
    await visit.walked(ROW[0])
    await visit.page.goto(f"/move/{code}")


@scene("paper-card")
async def _(visit: Visit) -> None:
    await visit.page.goto(f"/s/{visit.stage.paper(7)}")


@scene("survey", plain=False)
async def _(visit: Visit) -> None:
    await visit.walked(SPOT, *ROW)
    await visit.page.goto(CARD)
    await visit.page.locator("#survey summary").click()


@scene("address")
async def _(visit: Visit) -> None:
    await visit.walked(SPOT, *ROW)
    await visit.page.goto(f"{CARD}/prizes/local-products/address")


@scene("rehearsal")
async def _(visit: Visit) -> None:
    await visit.page.goto(f"/r/{visit.stage.rehearsal}")


@scene("rehearsal-organiser", "organiser")
async def _(visit: Visit) -> None:
    await visit.carries(STAFF_COOKIE, visit.stage.organiser())
    await visit.page.goto(f"/r/{visit.stage.rehearsal}/organiser")


@scene("take-wrong")
async def _(visit: Visit) -> None:
    await visit.page.goto("/move")
    await visit.page.locator("#code").fill("NOTACODE")
    await visit.page.locator("main form button").click()
    await expect(visit.page.get_by_role("alert")).to_be_visible()


@scene("moved")
async def _(visit: Visit) -> None:
    """The card on the phone that took it over."""
    await visit.walked(SPOT)
    await visit.presses(f"{CARD}/move")
    code = await visit.page.locator(".typed").inner_text()
    await visit.context.clear_cookies(name=VISITOR_COOKIE)
    await visit.page.goto("/move")
    await visit.page.locator("#code").fill(code)
    await visit.page.locator("main form button").click()
    await expect(visit.page.locator("#card-title")).to_be_visible()


@scene("my-data")
async def _(visit: Visit) -> None:
    await visit.walked(SPOT, ROW[0])
    await visit.page.goto(f"{CARD}/my-data")


opens("sign-in", "/sign-in", "staff")


@scene("join", "staff")
async def _(visit: Visit) -> None:
    await visit.page.goto(await visit.stage.invited(Role.STAFF, ROW[0]))


opens("join-unknown", "/join/NOTHING", "staff")


@scene("passkey", "organiser")
async def _(visit: Visit) -> None:
    await visit.carries(STAFF_COOKIE, visit.stage.organiser())
    await visit.page.goto("/passkey")


@scene("invited", "organiser")
async def _(visit: Visit) -> None:
    await visit.carries(STAFF_COOKIE, visit.stage.organiser())
    await visit.page.goto(f"{CARD}/people")
    await visit.page.locator("#name").fill("iPad")
    await visit.page.locator(".invite-form button").click()
    await expect(visit.page.locator(".ticket .qr")).to_be_visible()


@scene("shops", "staff")
async def _(visit: Visit) -> None:
    await visit.carries(STAFF_COOKIE, visit.stage.steward(*ROW))
    await visit.page.goto(f"{CARD}/shops")


@scene("shop", "staff")
async def _(visit: Visit) -> None:
    await visit.carries(STAFF_COOKIE, visit.stage.staff(ROW[0]))
    await visit.page.goto(f"{CARD}/spots/{ROW[0]}")


@scene("shop-report", "staff")
async def _(visit: Visit) -> None:
    await visit.carries(STAFF_COOKIE, visit.stage.staff(ROW[0]))
    await visit.page.goto(f"{CARD}/spots/{ROW[0]}/report")


@scene("screen", "staff")
async def _(visit: Visit) -> None:
    spot, rally = SCREEN
    await visit.carries(STAFF_COOKIE, visit.stage.staff(spot, rally))
    await visit.page.goto(f"/r/{rally}/spots/{spot}/screen")
    await expect(visit.page.locator("#code")).to_be_visible()


@scene("badge-scanned", "staff")
async def _(visit: Visit) -> None:
    await visit.carries(STAFF_COOKIE, visit.stage.staff(ROW[0]))
    token = await visit.stage.walker(SPOT)
    await visit.page.goto(f"/s/{visit.stage.badge(token)}")
    await visit.reaches("stamped")


@scene("screen-offline", "staff", worker=True)
async def _(visit: Visit) -> None:
    """After a reload in the middle of a breakdown."""
    await visit.carries(STAFF_COOKIE, visit.stage.staff(ROW[0]))
    await visit.page.goto(f"{CARD}/spots/{ROW[0]}/screen")
    while not await visit.page.evaluate(SCREEN_KEPT):
        await visit.page.wait_for_timeout(100)
    await visit.context.set_offline(True)
    await visit.page.reload()
    await expect(visit.page.locator("#rotating[data-state=alone] #code")).to_be_visible()


@scene("shop-average", "staff")
async def _(visit: Visit) -> None:
    await visit.carries(STAFF_COOKIE, visit.stage.staff(ROW[0]))
    await visit.page.goto(f"{CARD}/spots/{ROW[0]}?against=average")


@scene("shop-unsent", "staff")
async def _(visit: Visit) -> None:
    """Guests that were counted without a network."""
    await visit.carries(STAFF_COOKIE, visit.stage.staff(ROW[0]))
    await visit.page.goto(f"{CARD}/spots/{ROW[0]}")
    await visit.context.set_offline(True)
    for _ in range(3):
        await visit.page.locator("#count button").first.click()
    await expect(visit.page.locator("#unsent")).to_be_visible()


@scene("counter", "staff")
async def _(visit: Visit) -> None:
    await visit.carries(STAFF_COOKIE, visit.stage.staff(ROW[0]))
    await visit.page.goto(f"{CARD}/spots/{ROW[0]}/counter")


@scene("counter-stamped", "staff")
async def _(visit: Visit) -> None:
    await visit.carries(STAFF_COOKIE, visit.stage.staff(ROW[0]))
    await visit.page.goto(f"{CARD}/spots/{ROW[0]}/counter")
    await visit.page.locator("#code").fill(visit.stage.badge(await visit.stage.walker(SPOT)))
    await visit.page.keyboard.press("Enter")
    await expect(visit.page.locator(".note.good")).to_be_visible()


@scene("hand-over", "staff")
async def _(visit: Visit) -> None:
    await _hands_over(visit)


@scene("hand-over-done", "staff")
async def _(visit: Visit) -> None:
    await _hands_over(visit)
    await visit.page.locator(".hand button").click()
    await expect(visit.page.locator(".note.good")).to_be_visible()


@scene("hand-over-again", "staff")
async def _(visit: Visit) -> None:
    """The same prize once more: where and when it was given."""
    await _hands_over(visit)
    await visit.page.locator(".hand button").click()
    await expect(visit.page.locator(".note.good")).to_be_visible()
    await visit.page.goto(visit.page.url)
    await expect(visit.page.locator(".note.bad")).to_be_visible()


async def _hands_over(visit: Visit) -> None:
    await visit.carries(STAFF_COOKIE, visit.stage.staff(ROW[0]))
    token = await visit.stage.walker(SPOT)
    await visit.page.goto(f"/s/{visit.stage.badge(token)}?prize=towel")


opens("organiser", f"{CARD}/organiser", "organiser")
opens("report", f"{CARD}/report", "organiser")
opens("open-data", f"{CARD}/open-data", "organiser")
opens("compare", f"{CARD}/organiser/compare", "organiser")
opens("signage", f"{CARD}/signage", "screen")
opens("signals", f"{CARD}/signals", "organiser")
opens("people", f"{CARD}/people", "organiser")
opens("changes", f"{CARD}/changes", "organiser")
opens("close-out", f"{CARD}/close-out", "organiser")
opens("marked-visits", f"{CARD}/close-out/visits?who=all", "organiser")
opens("winners", f"{CARD}/winners", "organiser")


@scene("draw-proof")
async def _(visit: Visit) -> None:
    """A draw that was committed to while visitors still collect, as one of them sees it."""
    await commit(visit.stage.engine, RALLY, "pictures")
    await visit.walked(SPOT)
    await visit.page.goto(f"{CARD}/draw")


opens("posters", f"{CARD}/posters?spot={ROW[0]}", "organiser")
opens("rallies", "/organiser", "organiser")
opens("plan", f"{CARD}/plan", "organiser")
opens("plan-basics", f"{CARD}/plan/basics", "organiser")
opens("plan-spots", f"{CARD}/plan/spots", "organiser")
opens("plan-spot", f"{CARD}/plan/spots/0", "organiser")
opens("plan-rules", f"{CARD}/plan/rules", "organiser")
opens("plan-prize", f"{CARD}/plan/prizes/0", "organiser")
opens("plan-preview", f"{CARD}/plan/preview", "organiser")
