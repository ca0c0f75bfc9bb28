"""Laying out a rally in the browser, by forms alone: no script runs here."""

import asyncio
import re
from html import unescape
from typing import Any

import aiohttp
import pytest
from support import PLANS, RALLY, Site

from service.plan_files import parse_plan, read_plan
from service.sign_in import STAFF_COOKIE, Role

CSV = """\
名前,英語名,エリア,住所,緯度,経度,開店,閉店
灯台,Lighthouse,港,港1-1,35.4437,139.6380,9:30,17:00
渡し船,Ferry,港,港1-2,35.4441,139.6391,,
市場,Market,町,町2-1,35.4450,139.6402,８:00,12:00
茶屋,Tea house,町,,35.4460,139.6410,,
"""
BASICS = {
    "names.ja": "みなと巡り",
    "names.en": "Harbour walk",
    "first_day": "2026-05-01",
    "last_day": "2026-05-05",
    "opens": "09:00",
    "closes": "18:00",
    "rally": "",
    "time_zone": "Asia/Tokyo",
    "do": "save",
}


class Desk:
    """An organiser's browser without scripts."""

    def __init__(self, site: Site, token: str, language: str = "en") -> None:
        self.site = site
        self.headers = {"Cookie": f"{STAFF_COOKIE}={token}", "Accept-Language": language}
        self.at = ""

    async def opens(self, path: str, status: int = 200) -> str:
        async with self.site.session.get(path, headers=self.headers) as answer:
            text = await answer.text()
            assert answer.status == status, text
            self.at = answer.url.path_qs
            return unescape(text)

    async def sends(self, path: str, fields: Any, status: int = 200) -> str:
        """Send a form, follow to the page that comes then."""
        async with self.site.session.post(path, data=fields, headers=self.headers) as answer:
            text = await answer.text()
            assert answer.status == status, (answer.status, text)
            self.at = answer.url.path_qs
            return unescape(text)

    async def uploads(self, path: str, raw: bytes, status: int = 200, **fields: str) -> str:
        form = aiohttp.FormData()
        for name, value in fields.items():
            form.add_field(name, value)
        form.add_field("file", raw, filename="spots.csv", content_type="text/csv")
        return await self.sends(path, form, status)

    async def begins(self, **fields: str) -> str:
        """Begin a draft; returns where its steps are."""
        await self.sends("/organiser/new", fields)
        return self.at.rpartition("/")[0]


def everywhere(site: Site) -> str:
    return site.engine.people.new(Role.ORGANISER, site.clock())[1]


def marked(page: str) -> str:
    """Which spot or prize the form of a page is about."""
    found = re.search(r'name="item" value="([^"]*)"', page)
    assert found is not None
    return found[1]


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site, everywhere(site))


async def test_from_nothing_to_an_open_rally(desk: Desk, site: Site) -> None:
    base = await desk.begins(**{"from": "empty"})
    await desk.sends(f"{base}/basics", BASICS)
    assert desk.at == f"{base}/spots"
    page = await desk.sends(f"{base}/spots", {"pasted": CSV, "do": "look"})
    assert "4 rows, no mistakes" in page
    assert "New areas: 港, 町" in page
    page = await desk.sends(f"{base}/spots", {"pasted": CSV, "do": "replace"})
    assert "Lighthouse" in page
    await desk.sends(
        f"{base}/rules",
        {
            "revisit": "daily",
            "carry_over": "yes",
            "near": "all",
            "radius_m": "150",
            "unknown": "accept",
            "sheet": "none",
            "late_scan_hours_max": "72",
            "do": "save",
        },
    )
    assert desk.at == f"{base}/prizes"
    prize = {
        "names.ja": "手ぬぐい",
        "names.en": "Tea towel",
        "condition": "stamps",
        "stamps.at_least": "２",
        "giving": "first_come",
        "stock": "200",
        "do": "save",
    }
    await desk.sends(f"{base}/prizes/new", prize)
    assert desk.at == f"{base}/prizes"
    page = await desk.opens(f"{base}/summary?look")
    assert "Everything is there" in page
    assert "At least 2 stamps" in page
    page = await desk.sends(f"{base}/summary", {"do": "lay-out"})
    assert desk.at == "/r/harbour-walk/plan"
    assert "What next?" in page

    plan = site.engine.rallies.known("harbour-walk").plan
    assert [spot.id for spot in plan.spots] == ["lighthouse", "ferry", "market", "tea-house"]
    assert [area.names for area in plan.areas] == [{"ja": "港"}, {"ja": "町"}]
    assert plan.spots[0].near is not None
    assert str(plan.spots[2].opens) == "08:00:00"
    assert plan.prizes[0].giving.stock == 200
    await desk.opens(base + "/basics", 404)  # it is laid out
    await desk.sends("/r/harbour-walk/organiser", {"do": "open"})
    assert site.engine.rallies.known("harbour-walk").status == "open"


async def test_each_ready_plan_can_be_laid_out_as_it_is(desk: Desk, site: Site) -> None:
    page = await desk.opens("/organiser/new")
    names = re.findall(r'name="name" value="([^"]+)"', page)
    assert len(names) == 8
    for name in names:
        base = await desk.begins(**{"from": "ready", "name": name})
        await desk.sends(f"{base}/summary", {"do": "lay-out"})
        rally = desk.at.split("/")[2]
        assert rally.startswith(name[:30]), desk.at
        made, ready = site.engine.rallies.known(rally).plan, read_plan(PLANS / name / "plan.yaml")
        assert (made.prizes, len(made.spots)) == (ready.prizes, len(ready.spots))
        assert made.first_day > site.clock().date()
        assert made.first_day.weekday() == ready.first_day.weekday()


async def test_what_was_typed_is_never_lost(desk: Desk) -> None:
    base = await desk.begins(**{"from": "empty"})
    wrong = {
        **BASICS,
        "names.ja": "長" * 401,
        "last_day": "2026-04-01",
        "closes": "",
        "rally": "Harbour!",
        "time_zone": "Asia/Tokio",
    }
    page = await desk.sends(f"{base}/basics", wrong)
    assert desk.at == f"{base}/basics?look"
    for typed in ("長" * 401, "2026-04-01", "Harbour!", "Asia/Tokio", "09:00"):
        assert f'value="{typed}"' in page, typed[:20]
    for said in ("This is too long: at most 400", "Only letters a to z"):
        assert said in page
    mended = {**wrong, "names.ja": "港", "rally": "harbour"}
    page = await desk.sends(f"{base}/basics", mended)
    assert "A time zone, such as Asia/Tokyo." in page, "also while there are no spots"
    page = await Desk(desk.site, everywhere(desk.site)).opens(f"{base}/basics?look")
    assert 'value="Asia/Tokio"' in page, "another browser goes on with it"


async def test_mistakes_of_a_table_are_told_by_line_and_column(desk: Desk, site: Site) -> None:
    base = await desk.begins(**{"from": "empty"})
    await desk.sends(f"{base}/basics", BASICS)
    table = CSV.replace("35.4441", "95.4").replace("12:00", "25:00").replace("茶屋,Tea house", ",")
    page = await desk.sends(f"{base}/spots", {"pasted": table, "do": "look"})
    assert "1 rows are right, 3 have mistakes" in page
    rows = re.findall(r'<tr class="bad"><td>(\d+)</td>(.*?)</tr>', page, re.DOTALL)
    assert [line for line, _ in rows] == ["3", "4", "5"]
    assert "<b>Latitude</b> A number, at most 90." in rows[0][1]
    assert "<b>Closes at</b> Please give a time, such as 10:00." in rows[1][1]
    assert "A text in at least one language." in rows[2][1] or "fill this in" in rows[2][1]
    page = await desk.sends(f"{base}/spots", {"pasted": table, "do": "replace"})
    assert "Lighthouse" in page
    left = re.search(r"<textarea id=\"in-pasted\"[^>]*>(.*?)</textarea>", page, re.DOTALL)
    assert left is not None
    assert len(left[1].strip().splitlines()) == 4, "the heading and what is to be mended"
    mended = (
        left[1]
        .strip()
        .replace("95.4", "35.4")
        .replace("25:00", "12:00")
        .replace("\n,,", "\n茶屋,Tea house,")
    )
    page = await desk.sends(f"{base}/spots", {"pasted": mended, "do": "add"})
    assert not re.search(r'id="look-title"', page)
    for name in ("Lighthouse", "Ferry", "Market", "Tea house"):
        assert name in page


@pytest.mark.parametrize(
    ("codec", "said", "ends", "between"),
    [
        ("utf-8-sig", "UTF-8", "\r\n", ","),
        ("cp932", "Shift_JIS", "\r\n", ";"),
        ("utf-16", "UTF-16", "\n", "\t"),
        ("utf-8", "UTF-8", "\r", ","),
    ],
)
async def test_a_file_is_read_as_offices_save_it(
    desk: Desk, codec: str, said: str, ends: str, between: str
) -> None:
    base = await desk.begins(**{"from": "empty"})
    raw = CSV.replace(",", between).replace("\n", ends).encode(codec)
    page = await desk.uploads(f"{base}/spots", raw, do="look", pasted="")
    assert f"The file was read as {said}." in page
    assert "4 rows, no mistakes" in page


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"PK\x03\x04 xlsx", "This is an Excel workbook"),
        (b"\x89PNG\r\n\0\0\0", "This file is not a table"),
        (b"\x81\xff\xfe\x80abc", "cannot be read: it is neither"),
    ],
)
async def test_what_is_no_table_is_said_and_nothing_lost(desk: Desk, raw: bytes, said: str) -> None:
    base = await desk.begins(**{"from": "empty"})
    await desk.sends(f"{base}/spots", {"pasted": CSV, "do": "look"})
    page = await desk.uploads(f"{base}/spots", raw, 422, do="look", pasted=CSV)
    assert said in page
    assert "Lighthouse" in await desk.opens(f"{base}/spots")


async def test_too_large_a_file_is_refused(desk: Desk) -> None:
    base = await desk.begins(**{"from": "empty"})
    await desk.uploads(f"{base}/spots", b"a" * 600_000, 413, do="look")


async def test_a_plan_file_begins_a_draft_and_its_mistakes_are_told_by_line(desk: Desk) -> None:
    good = (PLANS / "two-cities-bar-ticket" / "plan.yaml").read_text(encoding="utf-8")
    bad = good.replace("winners: 20", "winers: 20")
    page = await desk.sends("/organiser/new", {"from": "file", "text": bad}, 422)
    line = bad[: bad.index("winers")].count("\n") + 1
    assert f"Line {line}" in page
    assert "prizes[2].giving.winers" in page
    assert "winers: 20" in page, "it can be mended here"
    base = await desk.begins(**{"from": "file", "text": good})
    text = await desk.opens(f"{base}/plan.yaml")
    assert parse_plan(text.encode(), "", lambda name: b"") == parse_plan(
        good.encode(), "", lambda name: b""
    )
    page = await desk.opens(f"{base}/summary?look")
    assert "Everybody with a card" in page


async def test_the_next_round_has_other_days_and_another_name(desk: Desk, site: Site) -> None:
    assert f'value="{RALLY}" selected' in await desk.opens(f"/organiser/new?round={RALLY}")
    base = await desk.begins(**{"from": "round", "name": RALLY})
    await desk.sends(f"{base}/summary", {"do": "lay-out"})
    assert desk.at == f"/r/{RALLY}-2026/plan"
    made, first = (site.engine.rallies.known(each).plan for each in (f"{RALLY}-2026", RALLY))
    assert (made.spots, made.sheets, made.prizes) == (first.spots, first.sheets, first.prizes)


async def test_an_id_that_a_rally_has_is_refused(desk: Desk, site: Site) -> None:
    base = await desk.begins(**{"from": "round", "name": RALLY})
    await desk.sends(f"{base}/basics", {**BASICS, "rally": RALLY})
    page = await desk.sends(f"{base}/summary", {"do": "lay-out"})
    assert f"{RALLY} is used twice" in page
    assert await site.facts("RallyReplanned") == 0
    await desk.sends(f"{base}/basics", {**BASICS, "rally": f"try-1-{RALLY}"})
    page = await desk.sends(f"{base}/summary", {"do": "lay-out"}, 409)
    assert "Rehearsals are made of their rally" in page


async def test_a_condition_that_no_form_can_say_stays_as_it_is(desk: Desk, site: Site) -> None:
    base = await desk.begins(**{"from": "ready", "name": "timber-fair"})
    page = await desk.opens(f"{base}/prizes/1")
    assert 'value="as_it_is" checked' in page
    assert "only visits count that are proved by" in page
    form = {
        "item": marked(page),
        "names.ja": "名刺入れ",
        "condition": "as_it_is",
        "giving": "first_come",
        "stock": "10",
        "do": "save",
    }
    await desk.sends(f"{base}/prizes/1", form)
    await desk.sends(f"{base}/summary", {"do": "lay-out"})
    made = site.engine.rallies.known(desk.at.split("/")[2]).plan
    assert (
        made.prizes[1].condition
        == read_plan(PLANS / "timber-fair" / "plan.yaml").prizes[1].condition
    )


async def test_who_presses_twice_removes_one(desk: Desk) -> None:
    base = await desk.begins(**{"from": "empty"})
    await desk.sends(f"{base}/spots", {"pasted": CSV, "do": "replace"})
    gone = {"do": "remove", "item": marked(await desk.opens(f"{base}/spots/2"))}
    for _ in range(3):
        page = await desk.sends(f"{base}/spots/2", gone)
        assert "Market" not in page
        assert "Tea house" in page
    days = {**BASICS, "day": "2026-05-02", "until": "2026-05-03", "hours": "closed"}
    page = await desk.sends(f"{base}/basics", {**days, "do": "add-day"})
    first = {**BASICS, "do": re.findall(r'value="(remove-[^"]+)"', page)[0]}
    for _ in range(2):
        page = await desk.sends(f"{base}/basics", first)
        assert len(re.findall(r'value="remove-', page)) == 1


async def test_two_who_change_a_spot_hear_of_each_other(desk: Desk) -> None:
    base = await desk.begins(**{"from": "empty"})
    await desk.sends(f"{base}/spots", {"pasted": CSV, "do": "replace"})
    item = marked(await desk.opens(f"{base}/spots/2"))
    mine = {"names.en": "Fish market", "area": "area-2", "stamps": "1", "item": item, "do": "save"}
    theirs = {**mine, "names.en": "Night market"}
    await desk.sends(f"{base}/spots/0", {"do": "remove", "item": "-"})
    gone = marked(await desk.opens(f"{base}/spots/0"))
    await desk.sends(f"{base}/spots/0", {"do": "remove", "item": gone})
    for _ in range(2):
        page = await desk.sends(f"{base}/spots/2", theirs)  # it has moved up: it is found
        assert "Night market" in page, "pressed twice is saved once"
    assert "Tea house" in page
    page = await desk.sends(f"{base}/spots/2", mine, 409)
    assert "Somebody has changed or removed this meanwhile" in page
    assert 'value="Fish market"' in page
    assert f'action="{base}/spots/1"' in page
    assert "Night market" in await desk.opens(f"{base}/spots")
    page = await desk.sends(f"{base}/spots/1", {**mine, "item": marked(page)})
    assert "Fish market" in page
    assert "Night market" not in page

    was = marked(await desk.opens(f"{base}/spots/1"))
    await desk.sends(f"{base}/spots/1", {"do": "remove", "item": was})
    page = await desk.sends(f"{base}/spots/1", {**mine, "item": was}, 409)
    assert f'action="{base}/spots/new"' in page
    page = await desk.sends(f"{base}/spots/new", {**mine, "item": marked(page)})
    assert page.count("Fish market") == 1


async def test_spots_that_are_added_at_once_are_all_there(desk: Desk) -> None:
    base = await desk.begins(**{"from": "empty"})
    names = [f"Spot of {each}" for each in ("Ada", "Ben", "Cy", "Di")]
    form = {"area_new": "Port", "stamps": "1", "do": "save"}
    sent = [desk.sends(f"{base}/spots/new", {**form, "names.en": name}) for name in names]
    await asyncio.gather(*sent)
    page = await desk.opens(f"{base}/spots")
    assert [name for name in names if name not in page] == []


async def test_choices_stay_where_they_are(desk: Desk) -> None:
    base = await desk.begins(**{"from": "empty"})
    form = {"names.ja": "灯台", "area_new": "港", "kind": "quiz", "stamps": "1", "do": "save"}
    form |= {"question.ja": "?", "answers": "2", "choices.ja": "海\n山", "choices.en": "\nHill"}
    await desk.sends(f"{base}/spots/new", form)
    page = await desk.opens(f"{base}/spots/0")
    shown = re.search(r'name="choices.en"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert shown is not None
    assert shown[1] == "\n\nHill", "a browser leaves out the first line end"
    gap = {**form, "choices.ja": "海\n\n山", "choices.en": "", "item": marked(page)}
    page = await desk.sends(f"{base}/spots/0", gap)
    assert desk.at == f"{base}/spots/0?look"
    assert 'id="wrong-spots[0].question.choices[1]' in page


async def test_two_drafts_with_one_id_become_one_rally(
    desk: Desk, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await desk.begins(**{"from": "ready", "name": "timber-fair"})
    second = await desk.begins(**{"from": "ready", "name": "timber-fair"})
    for base in (first, second):
        await desk.sends(f"{base}/basics", {**BASICS, "rally": "one", "names.ja": base[-5:]})
    plan = site.engine.plan

    async def late(*args: Any, **more: Any) -> Any:
        monkeypatch.undo()
        await desk.sends(f"{first}/summary", {"do": "lay-out"})
        return await plan(*args, **more)

    monkeypatch.setattr(site.engine, "plan", late)
    page = await desk.sends(f"{second}/summary", {"do": "lay-out"}, 409)
    assert "There is a rally with this id already" in page
    assert site.engine.rallies.known("one").plan.names["ja"] == first[-5:]
    assert await site.facts("RallyReplanned") == 0


async def test_who_may(desk: Desk, site: Site) -> None:
    base = await desk.begins(**{"from": "empty"})
    of_one = Desk(site, site.organiser())
    page = await of_one.opens("/organiser")
    assert "Your sign-in is for one rally" in page
    assert f"/r/{RALLY}/plan" in page
    assert base not in page
    for path in ("/organiser/new", f"{base}/basics", f"{base}/plan.yaml"):
        assert "Your sign-in is for one rally" in await of_one.opens(path, 403)
    await of_one.sends(f"{base}/basics", BASICS, 403)
    await Desk(site, site.staff("miyagi-yurakucho")).opens("/organiser", 403)
    viewer = site.engine.people.new(Role.VIEWER, site.clock(), RALLY)[1]
    await Desk(site, viewer).opens("/organiser")
    await Desk(site, viewer).opens("/organiser/new", 403)


async def test_drafts_are_listed_and_can_be_thrown_away(desk: Desk) -> None:
    base = await desk.begins(**{"from": "empty"})
    await desk.sends(f"{base}/basics", BASICS)
    assert f"{base}/summary" in await desk.opens("/organiser")
    await desk.sends(f"{base}/summary", {"do": "drop"})
    assert base not in await desk.opens("/organiser")
    await desk.opens(f"{base}/basics", 404)


@pytest.mark.parametrize(
    "path", ["nonsense/basics", "01999999-0000-7000-8000-000000000000/basics", "%00/spots"]
)
async def test_a_draft_that_is_none_is_not_found(desk: Desk, path: str) -> None:
    await desk.opens(f"/organiser/new/{path}", 404)


async def test_steps_and_items_that_are_none_are_not_found(desk: Desk) -> None:
    base = await desk.begins(**{"from": "empty"})
    for path in ("nothing", "survey", "spots/0", "spots/-1", "prizes/9", "rules/new", "basics/0"):
        await desk.opens(f"{base}/{path}", 404)
    await desk.sends(f"{base}/nothing", {}, 404)
    await desk.sends("/organiser/new", {"from": "heaven"}, 400)
    await desk.sends("/organiser/new", {"from": "ready", "name": "none"}, 404)
