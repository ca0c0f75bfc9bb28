"""The shop's page: what it compares with, whence visitors come, its rank, and the count button."""

import re
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace
from support import RALLY, Site

from service.sign_in import STAFF_COOKIE

HERE, THERE, OFF = "hokkaido-yurakucho", "akita-yurakucho", "wakayama-yurakucho"
SHOP = f"/r/{RALLY}/spots/{HERE}"
ROOMS = ["one", "two", "three", "four", "five", "six"]
"""Where guests are only counted."""


async def sees(site: Site, path: str = SHOP, spot: str = HERE) -> str:
    """The page as its staff see it, in English."""
    await site.engine.follower.catch_up()
    headers = {"Cookie": f"{STAFF_COOKIE}={site.staff(spot)}", "Accept-Language": "en"}
    async with site.session.get(path, headers=headers) as answer:
        assert answer.status == 200
        return await answer.text()


async def come(site: Site, *spots: str, people: int = 1) -> list[str]:
    """So many people visit these spots, a minute apart; returns their tokens."""
    tokens = [site.visitor() for _ in range(people)]
    for spot in spots:
        for token in tokens:
            assert (await site.scan(token, spot))[0] == 201
        site.clock.forward(minutes=1)
    return tokens


def number(text: str, name: str) -> str:
    """A figure of the page."""
    found = re.search(rf'data-n="{name}"[^>]*>([^<]*)<', text)
    assert found is not None, name
    return found[1]


def told(text: str) -> str:
    """What the chart's legend says of the other day."""
    found = re.search(r'<i class="swatch before"></i>([^<]*)<', text)
    assert found is not None
    return found[1].strip()


def beside(text: str) -> list[float]:
    """The column of the table that stands for what is compared with."""
    return [float(each) for each in beside_by_hour(text).values()]


def beside_by_hour(text: str) -> dict[int, str]:
    """The same as it is written, by hour."""
    rows = re.findall(r'<th scope="row">(\d+):00</th>(?:<td>([^<]*)</td>)+</tr>', text)
    return {int(hour): told for hour, told in rows}


async def test_a_day_is_shown_beside_another_or_the_rally(site: Site) -> None:
    """Given visits a week ago, yesterday and today; then each comparison has its own numbers."""
    site.clock.forward(days=-7)
    await come(site, HERE, people=2)
    site.clock.forward(days=6)
    await come(site, HERE, people=3)
    site.clock.forward(days=1)
    await come(site, HERE, THERE, people=4)
    text = await sees(site)
    assert (number(text, "visits"), told(text)) == ("4", "The day before: 3 in all")
    assert sum(beside(text)) == 3
    week = await sees(site, f"{SHOP}?against=week")
    assert (told(week), sum(beside(week))) == ("A week before: 2 in all", 2)
    alone = await sees(site, f"/r/{RALLY}/spots/{THERE}", THERE)
    assert told(alone) == "The day before: no visits"
    status, problem = await site.ask("GET", f"{SHOP}?against=mars", site.staff(HERE))
    assert (status, problem["code"]) == (400, "query_invalid")


async def test_of_two_shops_none_is_told_the_others_hours(site: Site) -> None:
    """Given a rally of two; then no average is shown, out of which one's own could be taken."""
    plan = site.engine.rallies.get(RALLY).plan
    two = [spot for spot in plan.spots if spot.id in (HERE, THERE)]
    await site.engine.plan(replace(plan, spots=two, sheets=[], prizes=[]), "test")
    await come(site, HERE, people=4)
    await come(site, THERE, people=7)
    text = await sees(site, f"{SHOP}?against=average")
    assert "No average of the others is shown" in text
    assert not {">5.5<", ">7<"} & set(re.findall(r">[\d.]+<", text)), "twice 5.5, less one's own"
    assert 'class="swatch before"' not in text


async def test_an_hours_average_is_of_the_others_and_of_no_single_one(site: Site) -> None:
    """Given an hour of six shops, one in which one alone was open, one in which one has half; then
    the first has an average, without one's own, and nothing gives the other two away."""
    others = [spot.id for spot in site.engine.rallies.get(RALLY).plan.spots if spot.id != HERE][:5]
    await come(site, HERE, people=9)
    await come(site, *others, people=2)
    site.clock.forward(hours=1)
    await come(site, others[0], people=3)
    site.clock.forward(hours=1)
    await come(site, *others)
    await come(site, others[1], people=4)
    text = await sees(site, f"{SHOP}?against=average")
    assert beside_by_hour(text) == {hour: "2" if hour == 12 else "–" for hour in range(9, 21)}
    legend = text.split('<p class="legend')[1].split("</p>")[0]
    assert "in all" not in legend, "a sum of the day, less that hour, is of the other two"


async def test_those_who_come_for_the_first_time_and_those_who_came_back(site: Site) -> None:
    regulars = await come(site, HERE, people=2)
    site.clock.forward(days=1)
    await come(site, HERE, people=3)
    for token in regulars:
        assert (await site.scan(token, HERE))[0] == 201
    text = await sees(site)
    figures = [number(text, name) for name in ("visits", "visitors", "first", "back")]
    assert figures == ["5", "5", "3", "2"]


async def test_ways_are_told_by_area_and_never_of_a_few(site: Site) -> None:
    """Given five who come from one area, four from another; then the five are told."""
    plan = site.engine.rallies.get(RALLY).plan
    elsewhere = [spot for spot in plan.spots if spot.area != plan.spots[0].area]
    one = elsewhere[0]
    other = next(spot for spot in elsewhere if spot.area not in (one.area, plan.spots[0].area))
    here = next(spot for spot in plan.spots if spot.id == HERE)
    assert here.area not in (one.area, other.area)
    await come(site, one.id, HERE, people=5)
    await come(site, other.id, HERE, people=4)
    text = await sees(site)
    names = {area.id: area.names["en"] for area in plan.areas}
    ways = text.split('id="ways-title"')[1].split("</section>")[0]
    known, few = ways.split("Fewer than 5 each:")
    assert f"<span>{names[one.area]}</span><b>5</b>" in known
    assert names[other.area] in few
    assert names[other.area] not in known
    assert "<b>4</b>" not in ways
    assert "Nobody yet." in few, "nobody went on"


async def test_the_rank_is_shown_if_the_plan_says_so(site: Site) -> None:
    await come(site, THERE, people=3)
    await come(site, HERE, people=2)
    await come(site, OFF)
    assert 'class="rank"' not in await sees(site)
    plan = site.engine.rallies.get(RALLY).plan
    await site.engine.plan(replace(plan, ranks_shown=True), "test")
    for spot, place in ((THERE, 1), (HERE, 2), (OFF, 3)):
        text = await sees(site, f"/r/{RALLY}/spots/{spot}", spot)
        assert f"number <b>{place}</b> of {len(plan.spots)} spots" in text


async def test_languages_of_the_day_and_of_all_days(site: Site) -> None:
    for language, days in (("ja", 1), ("ko", 0), ("en", 0)):
        body = {"code": site.code(HERE), "scan_id": str(uuid4())}
        how: dict[str, Any] = {"json": body, "headers": {"Accept-Language": language}}
        assert (await site.ask("POST", "/api/check-ins", site.visitor(), **how))[0] == 201
        site.clock.forward(days=days)
    text = await sees(site)
    today, ever = re.findall(r'(?s)<section class="paper tongues.*?</section>', text)
    assert [name in today for name in ("Japanese", "Korean", "English")] == [False, True, True]
    assert all(name in ever for name in ("Japanese", "Korean", "English"))


async def presses(site: Site, count: str, id_: str, spot: str = HERE) -> int:
    """The count button without scripts; returns the status, of a redirect too."""
    form = {"count": count, "headcount_id": id_}
    path, headers = (
        f"/r/{RALLY}/spots/{spot}/headcounts",
        {"Cookie": f"{STAFF_COOKIE}={site.staff(HERE)}"},
    )
    async with site.session.post(path, data=form, headers=headers, allow_redirects=False) as answer:
        if answer.status == 303:
            assert answer.headers["Location"] == f"{SHOP}#count"
        return answer.status


async def test_the_count_button_counts_once_and_takes_back(site: Site) -> None:
    first = str(uuid4())
    for id_ in (first, first, str(uuid4())):
        assert await presses(site, "1", id_) == 303
    assert number(await sees(site), "heads") == "2"
    assert await presses(site, "-1", str(uuid4())) == 303
    assert number(await sees(site), "heads") == "1"
    assert number(await sees(site), "visits") == "0"
    assert await site.facts("HeadcountRecorded") == 3


@pytest.mark.parametrize(
    ("count", "id_", "spot", "status"),
    [
        ("2", str(uuid4()), HERE, 400),
        ("", str(uuid4()), HERE, 400),
        ("1", "no", HERE, 400),
        ("1", str(uuid4()), THERE, 403),
    ],
)
async def test_nothing_else_is_counted(
    site: Site, count: str, id_: str, spot: str, status: int
) -> None:
    assert await presses(site, count, id_, spot) == status
    assert await site.facts("HeadcountRecorded") == 0


async def test_a_count_that_was_kept_is_dated_when_it_was_made(site: Site) -> None:
    """Given a device without a network for two hours; then its guests are in their own hour."""
    path = f"/api/rallies/{RALLY}/spots/{HERE}/headcounts"
    body = {"count": 2, "headcount_id": str(uuid4()), "ago_s": 7_200}
    assert (await site.ask("POST", path, site.staff(HERE), json=body))[0] == 201
    _, footfall = await _footfall(site)
    assert [(row["start"][11:16], row["headcount"]) for row in footfall["rows"]] == [("10:00", 2)]
    for ago in (-1, 10**9, "x"):
        wrong = {**body, "headcount_id": str(uuid4()), "ago_s": ago}
        assert (await site.ask("POST", path, site.staff(HERE), json=wrong))[0] == 400


async def _footfall(site: Site) -> tuple[int, Any]:
    await site.engine.follower.catch_up()
    path = f"/api/rallies/{RALLY}/footfall?spot={HERE}&by=hour"
    return await site.ask("GET", path, site.staff(HERE))


async def test_where_guests_are_only_counted_heads_are_what_is_shown(site: Site) -> None:
    """Given a spot where nobody is known; then its figures and hours are heads, beside those of
    such spots alone."""
    plan = site.engine.rallies.get(RALLY).plan
    rooms = [replace(plan.spots[0], id=id_, kind="counted") for id_ in ROOMS]
    await site.engine.plan(replace(plan, spots=[*plan.spots, *rooms]), "test")
    for room, count in (("one", 3), *((room, 2) for room in ROOMS)):
        path = f"/api/rallies/{RALLY}/spots/{room}/headcounts"
        body = {"count": count, "headcount_id": str(uuid4())}
        assert (await site.ask("POST", path, site.staff(room), json=body))[0] == 201
    await come(site, HERE, people=2)
    text = await sees(site, f"/r/{RALLY}/spots/one?against=average", "one")
    assert number(text, "heads") == "5"
    assert beside_by_hour(text)[12] == "2"
    assert 'data-n="visits"' not in text
    assert 'id="ways-title"' not in text
