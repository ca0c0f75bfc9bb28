"""The camera: goes to a page once in each language, and pictures it in all sizes and themes."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from playwright.async_api import Browser

from picturing.scenes import Scene, Visit
from picturing.stage import NOON, Stage
from service.i18n import LANGUAGE_COOKIE

SIZES = {"phone-360": (360, 640), "phone-412": (412, 915), "desktop": (1280, 900)}
THEMES = ("light", "dark")
STAFF_LANGUAGES = ("ja", "en")
PLAIN_SIZES = ("phone-360",)
"""Without scripts: one size shows it."""


class Picture(NamedTuple):
    """A picture that is to be taken, or was."""

    scene: str
    whose: str
    language: str
    size: str
    theme: str
    scripts: bool

    @property
    def file(self) -> str:
        """Its name."""
        scripts = "" if self.scripts else "-no-scripts"
        return f"{self.scene}/{self.language}-{self.size}-{self.theme}{scripts}.png"


class Shot(NamedTuple):
    """A page in a language: gone to once, pictured several times."""

    scene: Scene
    language: str
    scripts: bool

    @property
    def pictures(self) -> list[Picture]:
        """In which sizes and themes."""
        return [
            Picture(self.scene.name, self.scene.whose, self.language, size, theme, self.scripts)
            for size in (SIZES if self.scripts else PLAIN_SIZES)
            for theme in THEMES
        ]


def shots(scenes: Sequence[Scene], languages: Sequence[str]) -> Iterator[Shot]:
    """What there is to do."""
    for scene in scenes:
        for language in languages:
            if scene.whose != "visitor" and language not in STAFF_LANGUAGES:
                continue
            yield Shot(scene, language, scripts=True)
            if scene.plain:
                yield Shot(scene, language, scripts=False)


async def take(stage: Stage, browser: Browser, shot: Shot, folder: Path) -> None:
    """Go there as somebody who has never been here, and take the pictures."""
    context = await browser.new_context(
        base_url=stage.url,
        java_script_enabled=shot.scripts,
        service_workers="allow" if shot.scene.worker else "block",
        timezone_id="Asia/Tokyo",
    )
    try:
        await context.clock.set_fixed_time(NOON)  # the stage's; timers go on
        cookie = {"name": LANGUAGE_COOKIE, "value": shot.language, "url": stage.url}
        await context.add_cookies([cookie])
        page = await context.new_page()
        await shot.scene.way(Visit(stage, context, page, shot.scripts))
        for picture in shot.pictures:
            width, height = SIZES[picture.size]
            await page.set_viewport_size({"width": width, "height": height})
            await page.emulate_media(color_scheme=picture.theme)
            path = folder / picture.file
            await page.screenshot(path=path, full_page=True, animations="disabled")
    finally:
        await context.unroute_all(behavior="ignoreErrors")
        await context.close()
