"""Visitors' pages on two phones, in six languages, light and dark, with and without scripts; and on
a slow link."""

import re
from typing import NamedTuple

import pytest
from browsing import FEW_LOOKS, SPOT, People, check, shown
from msgspec.structs import replace
from playwright.async_api import BrowserContext, CDPSession, Page, expect
from support import RALLY

from domain.conditions import Stamps
from domain.plan import FirstCome, Prize
from qr.codes import sign_paper
from qr.keyring import CodeKey
from service.i18n import LANGUAGES

SMALL = {"width": 360, "height": 640}
LARGE = {"width": 412, "height": 915}
TOWEL = Prize("towel", {"ja": "てぬぐい", "en": "A towel"}, Stamps(1), FirstCome(stock=1))
"""The rally's own prizes are drawn; this one is shown at a counter."""
NOT_FOUND = "Failed to load resource: the server responded with a status of 404 (Not Found)"


class Look(NamedTuple):
    """How somebody looks at the pages."""

    language: str
    size: dict[str, int]
    theme: str
    scripts: bool
    motion: str

    def __str__(self) -> str:
        scripts = "scripts" if self.scripts else "no-scripts"
        return f"{self.language}-{self.size['width']}-{self.theme}-{scripts}-{self.motion}"


HALF = [
    Look("ja", SMALL, "light", True, "reduce"),
    Look("ja-Hrkt", SMALL, "dark", True, "no-preference"),
    Look("en", SMALL, "light", False, "no-preference"),
    Look("zh-Hans", SMALL, "dark", False, "reduce"),
    Look("zh-Hant", LARGE, "light", True, "no-preference"),
    Look("ko", LARGE, "light", False, "reduce"),
]


def other(look: Look) -> Look:
    """The same language with everything else the other way round."""
    return Look(
        look.language,
        LARGE if look.size is SMALL else SMALL,
        "dark" if look.theme == "light" else "light",
        not look.scripts,
        "reduce" if look.motion == "no-preference" else "no-preference",
    )


LOOKS = [*HALF, *map(other, HALF)]


def test_each_two_properties_of_a_look_meet() -> None:
    """Every language is seen on both phones, in both themes, with and without scripts, with and
    without motion; and so is each of those with each other one."""
    columns = [{str(look[index]) for look in LOOKS} for index in range(len(Look._fields))]
    assert {look.language for look in LOOKS} == set(LANGUAGES)
    for one in range(len(columns)):
        for two in range(one):
            met = {(str(look[one]), str(look[two])) for look in LOOKS}
            assert len(met) == len(columns[one]) * len(columns[two])


class Walk:
    """A visitor's way through all pages, each looked at closely."""

    def __init__(self, people: People, context: BrowserContext, page: Page, look: Look) -> None:
        self.people = people
        self.context = context
        self.page = page
        self.look = look
        self.devtools: CDPSession | None = None
        self.complaints: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    async def sees(self, name: str, address: str | None = None) -> None:
        """Open `address`, or stay, and check what is there."""
        if address:
            await self.page.goto(address)
        assert await self.page.locator("html").get_attribute("lang") == self.look.language, name
        await self.let_scripts(True)  # axe is one; the page's own did not run when it came
        await check(self.page, name)
        await self.let_scripts(self.look.scripts)

    async def let_scripts(self, run: bool) -> None:
        """Whether the page's scripts run. (Playwright's own switch would stop axe, too.)"""
        self.devtools = self.devtools or await self.context.new_cdp_session(self.page)
        await self.devtools.send("Emulation.setScriptExecutionDisabled", {"value": not run})

    async def stamps(self) -> None:
        """Open a poster's code; where no scripts run, press its button."""
        await self.page.goto(self.people.scan_page())
        if not self.look.scripts:
            await shown(self.page, "ready").to_be_visible()
            await self.sees("ready")
            await self.page.locator("#by-hand button").click()
        await shown(self.page, "stamped").to_be_visible()
        await expect(self.page.locator("#card .card")).to_be_visible()
        await self.sees("stamped")

    async def presses(self, name: str, address: str) -> None:
        """Open `address` and press the one button there."""
        await self.sees(f"{name}, before", address)
        await self.page.locator("main form button").click()
        await expect(self.page.locator("main .qr")).to_be_visible()
        await self.sees(name)


@pytest.mark.parametrize("look", HALF if FEW_LOOKS else LOOKS, ids=str)
async def test_a_visitors_pages_are_whole(people: People, look: Look) -> None:
    """Nothing that axe finds, nothing to scroll sideways, the right language, no complaints."""
    plan = people.site.engine.rallies.get(RALLY).plan
    await people.site.engine.plan(replace(plan, prizes=[*plan.prizes, TOWEL]), "test")
    context = await people.opens(
        visitor=False,
        staff=False,
        locale="fr-FR",  # none of ours: the language is the one that was chosen
        viewport=look.size,
        color_scheme=look.theme,
        reduced_motion=look.motion,
        is_mobile=True,
        has_touch=True,
    )
    walk = Walk(people, context, await context.new_page(), look)
    card = f"/r/{RALLY}"
    await walk.let_scripts(look.scripts)
    await walk.sees("home", f"/?lang={look.language}")
    await walk.sees("card, empty", card)
    await walk.sees("my data, none", f"{card}/my-data")
    await walk.sees("move, nothing", f"{card}/move")
    await walk.presses("badge", f"{card}/badge")
    await walk.sees("paper card", f"/s/{sign_paper(_key(people), 7)}")
    await context.clear_cookies(name="meguri_visitor")
    await people.carries_card(context)
    await walk.stamps()
    await walk.sees("card", card)
    await walk.let_scripts(True)
    await walk.page.evaluate("document.getElementById('survey').open = true")
    await walk.sees("survey")
    await walk.sees("address", f"{card}/prizes/local-products/address")
    await walk.sees("prize", f"{card}/prizes/{TOWEL.id}")
    await expect(walk.page.locator("main .qr")).to_be_visible()
    await walk.sees("keepsake", f"{card}/keepsake")
    await walk.sees("my data", f"{card}/my-data")
    await walk.presses("move", f"{card}/move")
    await walk.sees("take", "/move")
    await walk.sees("take, with a card of one's own", f"/move/{await _another_code(people)}")
    rehearsal = (await people.site.engine.rehearse(RALLY, "test")).plan.rally
    await walk.sees("rehearsal", f"/r/{rehearsal}")
    await walk.sees("offline", "/offline")
    assert walk.complaints == []
    await walk.sees("refused", "/s/NOTACODE")
    await walk.sees("failure", "/nothing")
    assert set(walk.complaints) <= {NOT_FOUND}


def _key(people: People) -> CodeKey:
    key = people.site.engine.keyring.newest_code_key(RALLY)
    assert key is not None
    return key


async def _another_code(people: People) -> str:
    """What another phone shows, to have its card taken over."""
    _, answer = await people.site.ask(
        "POST", "/api/card-moves", people.site.visitor(), json={"rally": RALLY}
    )
    return str(answer["code"])


SLOW_4G = {
    "offline": False,
    "latency": 150,  # ms
    "downloadThroughput": 1_600_000 / 8,  # bytes a second
    "uploadThroughput": 750_000 / 8,
}
"""What Lighthouse calls so."""
TELLS = """
    window.told = [];
    new MutationObserver(() => {
        const page = document.getElementById("scan");
        const words = document.getElementById("tell")?.innerText.trim();
        if (page && words && window.told.at(-1) !== words) window.told.push(words);
    }).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-state"] });
"""


@pytest.mark.parametrize("known", [True, False], ids=["known visitor", "new visitor"])
async def test_on_a_slow_link_the_page_says_what_happens(people: People, known: bool) -> None:
    """Slow 4G and a quarter of this machine's speed: the stamp lands, and is said to be on its way."""
    page = await (await people.opens(visitor=known, locale="en-GB")).new_page()
    await page.add_init_script(TELLS)
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("Network.enable")
    await devtools.send("Network.emulateNetworkConditions", SLOW_4G)
    await devtools.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    await page.goto(people.scan_page(), wait_until="commit")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Miyagi")
    await shown(page, "stamped").to_be_visible(timeout=30_000)
    await expect(page.locator(f"#card #spot-{SPOT}")).to_have_class(re.compile("fresh"))
    told = await page.evaluate("window.told")
    assert told[0] == "Stamping…"
    assert told[-1].startswith("Stamped!")
