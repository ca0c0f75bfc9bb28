"""The public screen: live totals for everybody, and nothing that tells of anybody."""

import re
from typing import Any

import pytest
from msgspec.structs import replace
from support import LINE, RALLY, Site

from domain.rally import cancel_rally, close_rally
from service.engine import of_known
from service.sign_in import Role

SCREEN = f"/r/{RALLY}/signage"
GINZA = "nagano-ginza"


async def screen(site: Site, rally: str = RALLY, **headers: str) -> tuple[int, str]:
    """What the screen shows to whoever passes by."""
    await site.engine.follower.catch_up()
    asked = {"Accept-Language": "en", "Accept": "text/html"} | headers
    async with site.session.get(f"/r/{rally}/signage", headers=asked) as answer:
        return answer.status, await answer.text()


async def come(site: Site, spot: str, visitors: int) -> list[str]:
    tokens = [site.visitor() for _ in range(visitors)]
    for token in tokens:
        assert (await site.scan(token, spot))[0] == 201
    return tokens


def shown(text: str, name: str) -> str:
    found = re.search(rf'data-n="{name}">([^<]*)<', text)
    assert found, name
    return found[1]


async def test_totals_are_for_everybody(site: Site) -> None:
    await come(site, LINE[0], 7)
    tokens = await come(site, GINZA, 6)
    assert (await site.scan(tokens[0], LINE[1]))[0] == 201
    status, text = await screen(site)
    assert status == 200
    for name, number in (
        ("today", "14"),
        ("people-today", "13"),
        ("visits", "14"),
        ("people", "13"),
    ):
        assert shown(text, name) == number
    assert shown(text, "spots") == "3"
    assert 'class="qr"' in text


async def test_what_few_have_done_is_not_told(site: Site) -> None:
    """Four visitors are a dash, in the totals and everywhere else."""
    await come(site, LINE[0], 4)
    _, text = await screen(site)
    for name in ("today", "people-today", "visits", "people", "area-1"):
        assert shown(text, name) == "–"
    assert 'class="halo g0"' in text
    assert not re.search(r'class="halo g[1-9]"', text)


async def test_an_areas_count_is_told_in_steps(site: Site) -> None:
    """What is left of the total when the shown areas are taken off could be of several others, and
    one visit more changes the total alone."""
    await come(site, LINE[0], 7)
    await come(site, GINZA, 4)
    _, before = await screen(site)
    assert ("Yurakucho", "5+") in areas(before)
    assert ("Ginza", "–") in areas(before)
    await come(site, LINE[0], 1)
    _, after = await screen(site)
    assert (shown(before, "today"), shown(after, "today")) == ("11", "12")
    assert areas(before) == areas(after)


def areas(text: str) -> list[tuple[str, str]]:
    return re.findall(r"<span>([^<]+)</span><b[^>]*>([^<]+)</b>", text)


async def test_no_spot_and_no_visitor_is_on_the_screen(site: Site) -> None:
    """Neither names of spots nor counts at one, nor anybody's id; also in what is sent live."""
    tokens = await come(site, LINE[0], 8)
    _, text = await screen(site)
    async with site.session.get(f"{SCREEN}/live") as answer:
        live = (await answer.content.readuntil(b"\n\n")).decode()
    plan = site.engine.rallies.get(RALLY).plan
    for shown_text in (text, live):
        assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", shown_text)
        assert not [spot.id for spot in plan.spots if spot.id in shown_text]
        assert not [spot for spot in plan.spots if ">" + spot.names["en"] + "<" in shown_text]
        assert not [token for token in tokens if token in shown_text]
        # All dots of the map are alike: none says whether somebody was there.
        assert len(set(re.findall(r'<circle [^>]*(r="[\d.]+" class="dot")', shown_text))) == 1


async def test_a_rally_that_is_not_open_yet_is_its_organisers_alone(site: Site) -> None:
    plan = replace(site.engine.rallies.get(RALLY).plan, rally="not-yet")
    await site.engine.plan(plan, "test")
    assert (await screen(site, "not-yet"))[0] == 401
    everywhere = site.engine.people.new(Role.ORGANISER, site.clock())[1]
    assert (await screen(site, "not-yet", Authorization=f"Bearer {everywhere}"))[0] == 200
    async with site.session.get("/r/not-yet/signage/live") as answer:
        assert answer.status == 401


async def test_a_rehearsal_is_not_for_everybody(site: Site) -> None:
    made = await site.engine.rehearse(RALLY, "test")
    assert (await screen(site, made.plan.rally))[0] == 401


@pytest.mark.parametrize(("decide", "status"), [(close_rally, 200), (cancel_rally, 401)])
async def test_what_is_over_stays_and_what_is_called_off_does_not(
    site: Site, decide: Any, status: int
) -> None:
    await come(site, LINE[0], 5)
    await site.engine.change(RALLY, of_known(decide, "test"))
    answered, text = await screen(site)
    assert answered == status
    if status == 200:
        assert "The rally is over." in text
        assert shown(text, "people") == "5"
        assert "area-1" not in text
