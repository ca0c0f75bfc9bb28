"""The keepsake: a picture of one's own stamps, well-formed in every language, and of nobody else."""

from xml.etree import ElementTree

import pytest
from msgspec.structs import replace
from support import RALLY, Site

from service.i18n import LANGUAGES
from service.sign_in import VISITOR_COOKIE

SPOTS = ["hokkaido-yurakucho", "akita-yurakucho", "okinawa-yurakucho"]
SVG = "{http://www.w3.org/2000/svg}"


async def drawn(site: Site, visitor: str, language: str = "en") -> tuple[int, str]:
    headers = {"Cookie": f"{VISITOR_COOKIE}={visitor}"}
    path = f"/r/{RALLY}/keepsake.svg?lang={language}"
    async with site.session.get(path, headers=headers) as answer:
        return answer.status, await answer.text()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_shows_a_seal_for_each_stamp(site: Site, language: str) -> None:
    visitor = site.visitor()
    for spot in SPOTS:
        await site.scan(visitor, spot)
    status, text = await drawn(site, visitor, language)
    assert status == 200
    picture = ElementTree.fromstring(text)  # noqa: S314 - our own
    assert len(picture.findall(f"{SVG}g")) == len(SPOTS)
    assert str(site.engine.people.verify(visitor).id) not in text


async def test_a_long_title_stays_within_the_frame(site: Site) -> None:
    """In full-width letters it is at most as wide as its letters are large."""
    title = "都内アンテナショップ周遊" * 3
    plan = site.engine.rallies.get(RALLY).plan
    await site.engine.plan(replace(plan, names={"ja": title}), "test")
    visitor = site.visitor()
    await site.scan(visitor, SPOTS[0])
    _, text = await drawn(site, visitor, "ja")
    picture = ElementTree.fromstring(text)  # noqa: S314 - our own
    (found,) = [each for each in picture.findall(f"{SVG}text") if each.text == title]
    assert len(title) * float(found.attrib["font-size"]) < 1_000


async def test_without_a_stamp_there_is_none(site: Site) -> None:
    assert (await drawn(site, site.visitor()))[0] == 404
    async with site.session.get(f"/r/{RALLY}/keepsake") as answer:
        assert answer.status == 404


async def test_names_are_text_and_never_markup(site: Site) -> None:
    plan = site.engine.rallies.get(RALLY).plan
    spots = [replace(spot, names={"en": '<script>"&'}) for spot in plan.spots]
    names = {"en": "</text><script>alert(1)</script>"}
    await site.engine.plan(replace(plan, spots=spots, names=names), "test")
    visitor = site.visitor()
    await site.scan(visitor, SPOTS[0])
    _, text = await drawn(site, visitor)
    picture = ElementTree.fromstring(text)  # noqa: S314 - our own
    assert not picture.findall(f".//{SVG}script")
    assert "alert(1)" in "".join(picture.itertext())
