"""What the browser tests share besides fixtures: who is there, what every page is held to."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Download, Page, expect
from support import RALLY, Site

from service.sign_in import STAFF_COOKIE, VISITOR_COOKIE

SPOT = "miyagi-yurakucho"
ROW = ["hokkaido-yurakucho", "akita-yurakucho", "okinawa-yurakucho", "wakayama-yurakucho"]
"""With SPOT they are a row of two sheets."""
FEW_LOOKS = os.environ.get("TEST_LOOKS") == "few"
"""Whether a part of the looks will do: on a machine that has little time."""
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
ZOOMED = {"width": 640, "height": 450}
"""What is left of a desk at 200 %."""


class People(NamedTuple):
    """A site with people: a visitor with four stamps, an organiser, and a browser for each look."""

    site: Site
    browser: Browser
    visitor: str
    organiser: str

    async def opens(self, visitor: bool = True, staff: bool = True, **look: Any) -> BrowserContext:
        """A browser of somebody: a phone in Japanese unless `look` says otherwise."""
        context = await self.browser.new_context(
            **{"base_url": self.site.url, "viewport": PHONE, "locale": "ja-JP", **look}
        )
        if staff:
            await self._signs_in(context, STAFF_COOKIE, self.organiser)
        if visitor:
            await self.carries_card(context)
        return context

    async def carries_card(self, context: BrowserContext) -> None:
        """Give a browser the visitor's card."""
        await self._signs_in(context, VISITOR_COOKIE, self.visitor)

    async def _signs_in(self, context: BrowserContext, cookie: str, token: str) -> None:
        await context.add_cookies([{"name": cookie, "value": token, "url": self.site.url}])

    def scan_page(self, spot: str = SPOT) -> str:
        """The address that a spot's poster says."""
        return f"/s/{self.site.code(spot)}"


def shown(page: Page, state: str) -> Any:
    """The scan page once it is in `state`."""
    return expect(page.locator(f"#scan[data-state={state}]"))


PAGES = {
    "home": "/",
    "card": f"/r/{RALLY}",
    "refused": "/s/NOTACODE",
    "failure": "/nothing",
    "sign-in": "/sign-in",
    "organiser": f"/r/{RALLY}/organiser",
    "compare": f"/r/{RALLY}/organiser/compare",
    "signage": f"/r/{RALLY}/signage",
    "shop": f"/r/{RALLY}/spots/{ROW[0]}",
    "shop-empty": f"/r/{RALLY}/spots/{ROW[0]}?day=2026-01-09",
    "shop-average": f"/r/{RALLY}/spots/{ROW[0]}?against=average",
    "screen": f"/r/{RALLY}/spots/{ROW[0]}/screen",
    "counter": f"/r/{RALLY}/spots/{ROW[0]}/counter",
    "report": f"/r/{RALLY}/report",
    "shop-report": f"/r/{RALLY}/spots/{ROW[0]}/report",
    "open-data": f"/r/{RALLY}/open-data",
    "posters": f"/r/{RALLY}/posters?spot={ROW[0]}",
    "signals": f"/r/{RALLY}/signals",
    "people": f"/r/{RALLY}/people",
    "changes": f"/r/{RALLY}/changes",
    "shops": f"/r/{RALLY}/shops",
    "passkey": "/passkey",
    "join-unknown": "/join/NOTHING",
    "close-out": f"/r/{RALLY}/close-out",
    "marked-visits": f"/r/{RALLY}/close-out/visits",
    "winners": f"/r/{RALLY}/winners",
    "move": f"/r/{RALLY}/move",
    "take": "/move",
    "my-data": f"/r/{RALLY}/my-data",
    "offline": "/offline",
    "keepsake": f"/r/{RALLY}/keepsake",
    "developers": "/api/docs",
}

SETTLE = """
    document.getAnimations()
        .filter((animation) => animation.effect.getComputedTiming().endTime < Infinity)
        .forEach((animation) => animation.finish())
"""


async def check(page: Page, name: str) -> None:
    """No violation that axe finds, nothing to scroll sideways, and the language is said."""
    await page.evaluate(SETTLE)  # what fades in has no contrast yet
    found = (await Axe().run(page)).response
    faults = [(fault["id"], fault["nodes"][0]["html"][:150]) for fault in found["violations"]]
    assert faults == [], name
    assert len(found["passes"]) > 10, f"{name}: axe saw no page"
    width = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1], f"{name} scrolls sideways: {width}"


async def content(download: Download) -> bytes:
    """What a page has sent to be saved."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "saved"
        await download.save_as(file)
        return file.read_bytes()
