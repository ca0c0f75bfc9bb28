"""The report: what it says, in pages and files; who sees it; what a spot's staff see of others."""

import csv
import io
import re
import zipfile
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace
from support import LINE, RALLY, Site

from domain.rally import open_rally
from service.commands.common import known
from service.report import read_report, read_spot_report
from service.sign_in import STAFF_COOKIE, Role

ROUND = ["nagano-ginza", "hiroshima-ginza", *LINE]
"""Shops of two areas."""


async def walked(site: Site, *ways: list[str]) -> None:
    """A visitor for each way, one after another."""
    for way in ways:
        token = site.visitor()
        for spot in way:
            assert (await site.scan(token, spot))[0] == 201
            site.clock.forward(minutes=10)
    await site.engine.follower.catch_up()


async def page(site: Site, path: str, token: str, language: str = "en") -> str:
    headers = {"Cookie": f"{STAFF_COOKIE}={token}", "Accept-Language": language}
    async with site.session.get(path, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.text()


def number(text: str, name: str) -> str:
    """What the page says of something that has a name for tests."""
    found = re.search(rf'data-n="{name}">([^<]*)<', text)
    assert found, name
    return found[1]


async def test_the_report_says_what_the_figures_say(site: Site) -> None:
    await walked(site, ROUND, ROUND[:3], LINE[:1])
    report = await read_report(site.engine, site.engine.rallies.known(RALLY).course)
    assert (report.total.visits, report.total.visitors) == (11, 3)
    assert report.visits_a_visitor == 3.7
    assert report.spots_visited == 7
    assert sum(footfall.visits for _, footfall in report.days) == 11
    assert len(report.days) == 52
    assert sum(report.areas.values()) == sum(report.hours.values()) == 11
    assert report.all_moves == 8
    assert report.moves_between_areas == 2
    assert report.cards_by_areas == {1: 1, 2: 2}
    assert report.share_of_two_areas == pytest.approx(2 / 3)
    text = await page(site, f"/r/{RALLY}/report", site.organiser())
    assert "3 visitors made 11 visits to 7 of 43 spots." in text
    assert number(text, "visitors") == "3"
    assert number(text, "crossings") == "2"
    assert number(text, "spot-nagano-ginza") == "2"
    assert "Internal: exact numbers" in text


async def test_a_report_of_nothing_is_a_report(site: Site) -> None:
    for language in ("en", "ja"):
        text = await page(site, f"/r/{RALLY}/report", site.organiser(), language)
        assert number(text, "visits") == "0"
    report = await read_report(site.engine, site.engine.rallies.known(RALLY).course)
    assert report.visits_a_visitor is report.share_of_two_areas is report.best_day is None


async def test_the_files_say_the_same(site: Site) -> None:
    await walked(site, ROUND, ROUND[:3], LINE[:1])
    viewer = site.engine.people.new(Role.VIEWER, site.clock(), RALLY)[1]
    headers = {"Authorization": f"Bearer {viewer}"}
    async with site.session.get(f"/r/{RALLY}/report.zip", headers=headers) as answer:
        assert answer.content_type == "application/zip"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        archive = zipfile.ZipFile(io.BytesIO(await answer.read()))
    assert archive.testzip() is None
    tables = {
        name.removesuffix(".csv"): list(
            csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig")))
        )
        for name in archive.namelist()
        if name.endswith(".csv")
    }
    for name in ("days", "spots", "areas", "hours_of_day", "languages"):
        assert sum(int(row["visits"]) for row in tables[name]) == 11, name
    assert {row["area"] for row in tables["spots"]} > {"ginza", "yurakucho"}
    assert [row["cards"] for row in tables["funnel"]][:3] == ["3", "2", "2"]
    assert sum(int(row["moves"]) for row in tables["moves_between_areas"]) == 8
    assert "Internal: exact numbers" in archive.read("README.txt").decode()


async def test_two_rallies_stand_side_by_side(site: Site) -> None:
    await walked(site, ROUND)
    plan = site.engine.rallies.known(RALLY).plan
    again = replace(plan, rally="the-second")
    await site.engine.plan(again, "test")
    await site.engine.change("the-second", lambda now, at: open_rally(known(now), at, "test"))
    everywhere = site.engine.people.new(Role.ORGANISER, site.clock())[1]
    text = await page(site, "/r/the-second/report?with=tokyo-antenna-shops", everywhere)
    assert "Compared with Tokyo antenna shops stamp rally" in text
    assert re.search(r"Visits</th><td><b>0</b></td><td>7</td><td>.*−100%", text)
    ours = site.organiser()
    headers = {"Cookie": f"{STAFF_COOKIE}={ours}"}
    path = f"/r/{RALLY}/report?with=the-second"
    async with site.session.get(path, headers=headers) as answer:
        assert answer.status == 404, "another one's rally"
    assert "the-second" not in await page(site, f"/r/{RALLY}/report", ours)
    async with site.session.get(f"/r/{RALLY}/report?with=moon", headers=headers) as answer:
        assert answer.status == 404


async def test_a_running_rally_is_set_against_as_many_days_of_another(site: Site) -> None:
    """Given a round that had two visits on its first day and five later, and one that has had a
    day; then one day is compared with one day, and the report agrees with the comparison."""
    course = site.engine.rallies.known(RALLY).course
    plan, begins = course.plan, course.begins(course.plan.first_day)
    site.clock.now = begins + timedelta(hours=11)
    await walked(site, LINE[:2])
    site.clock.forward(days=2)
    await walked(site, LINE)
    again = replace(plan, rally="the-second", first_day=plan.first_day + timedelta(days=7))
    await site.engine.plan(again, "test")
    await site.engine.change("the-second", lambda now, at: open_rally(known(now), at, "test"))
    site.clock.now = begins + timedelta(days=7, hours=12)
    everywhere = site.engine.people.new(Role.ORGANISER, site.clock())[1]
    text = await page(site, f"/r/the-second/report?with={RALLY}", everywhere)
    section = text.split('id="with-title"')[1].split("</section>")[0]
    assert "The first day" in section
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in section.split("<tr>")[2:]]
    told = {row[0]: re.sub(r"<[^>]+>", "", " ".join(row[1:])) for row in rows}
    assert told["Visits"] == "0 2 −100% 7"
    assert told["Visitors"] == "0 1 −100% 2"
    assert told["Spots with visits"] == "0 2 −100% 5"
    assert told["Moves between areas"].split()[1:3] == ["–", "–"], "not counted by day"
    api = "/api/rallies/the-second/comparison"
    _, compared = await site.ask("GET", f"{api}?with={RALLY}", everywhere)
    assert compared["totals"][0]["before"] == 2


async def test_refusals_and_languages_are_told_in_words(site: Site) -> None:
    """As organisers say them, without the holes of visitors' sentences; nobody's language too."""
    for spot in LINE[:2]:
        early = {"scanned_at": "2026-01-01T00:00:00Z"}
        assert (await site.scan(site.visitor(), spot, **early))[0] == 422
    await walked(site, LINE[:1])
    await site.engine.pool.execute("UPDATE footfall SET language = 'x-none'")
    text = await page(site, f"/r/{RALLY}/report", site.organiser())
    assert re.search(r"Scan arrived too late</th><td>2</td>", text)
    assert "…" not in text.split('id="refusals-title"')[1].split("</section>")[0]
    spot = await page(site, f"/r/{RALLY}/spots/{LINE[0]}/report", site.staff(LINE[0]))
    assert "Not known (badges and paper cards)" in spot
    await site.engine.pool.execute("UPDATE footfall SET language = 'fr'")
    spot = await page(site, f"/r/{RALLY}/spots/{LINE[0]}/report", site.staff(LINE[0]))
    assert "French" in spot


@pytest.mark.parametrize("what", ["report", "report.zip", "open-data"])
async def test_the_report_is_for_those_who_may_see_all(site: Site, what: str) -> None:
    path = f"/r/{RALLY}/{what}"
    viewer = site.engine.people.new(Role.VIEWER, site.clock(), RALLY)[1]
    for token, status in (
        (None, 401),
        (site.visitor(), 403),
        (site.staff(LINE[0]), 403),
        (viewer, 200),
        (site.organiser(), 200),
    ):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with site.session.get(path, headers=headers) as answer:
            assert answer.status == status, token


async def test_a_spots_staff_see_their_own_numbers_and_nothing_of_a_single_other(
    site: Site,
) -> None:
    """Given seven visited shops; then the page names one of them and no other."""
    await walked(site, ROUND, ROUND[:3], ROUND[1:4], ROUND[3:])
    own, plan = ROUND[0], site.engine.rallies.known(RALLY).plan
    report = await read_spot_report(site.engine, site.engine.rallies.known(RALLY).course, own)
    assert (report.total.visits, report.total.visitors) == (2, 2)
    assert report.others_visits == 2, "15 visits of six shops"
    text = await page(site, f"/r/{RALLY}/spots/{own}/report", site.staff(own))
    assert number(text, "visits") == "2"
    assert number(text, "others") == str(report.others_visits)
    for spot in plan.spots:
        named = any(name in text for name in spot.names.values()) or spot.id in text
        assert named == (spot.id == own), spot.id
    headers = {"Cookie": f"{STAFF_COOKIE}={site.staff(ROUND[1])}"}
    async with site.session.get(f"/r/{RALLY}/spots/{own}/report", headers=headers) as answer:
        assert answer.status == 403


async def test_with_few_others_no_average_is_told(site: Site) -> None:
    """Of two shops, each would know the other one's number."""
    await walked(site, LINE[:2], LINE[:2], LINE[1:2])
    text = await page(site, f"/r/{RALLY}/spots/{LINE[0]}/report", site.staff(LINE[0]))
    assert "No average of the others is shown" in text
    assert number(text, "visits") == "2"
    assert ">3<" not in text, "the other one's number"


async def test_the_organiser_makes_and_publishes_open_data_on_its_page(site: Site) -> None:
    await walked(site, ROUND)
    path, organiser = f"/r/{RALLY}/open-data", site.organiser()

    async def press(**form: str) -> int:
        headers = {"Cookie": f"{STAFF_COOKIE}={organiser}"}
        async with site.session.post(
            path, data=form, headers=headers, allow_redirects=False
        ) as answer:
            return answer.status

    assert await press(do="make") == 409, "the rally is not over"
    site.clock.forward(days=60)
    assert await press(do="dance") == 400
    assert await press(do="make") == 303
    text = await page(site, path, organiser)
    assert "Publish now" in text
    seen = re.search(r'name="digest" value="(\w+)"', text)[1]
    assert await press(do="make") == 303, "somebody makes others meanwhile"
    assert await press(do="publish", licence="CC0-1.0") == 409, "of no digest"
    assert await press(do="publish", digest=seen, licence="CC0-1.0") == 303
    assert site.engine.rallies.known(RALLY).open_data.digest == seen
    async with site.session.get(path, headers={"Accept-Language": "en"}) as answer:
        text = await answer.text()
    assert answer.status == 200
    assert "CC0-1.0" in text
    assert "Publish now" not in text
    assert "footfall_by_day.parquet" in text


async def test_a_headcount_has_its_own_line(site: Site) -> None:
    heads: dict[str, Any] = {"count": 40, "headcount_id": str(uuid4())}
    where = f"/api/rallies/{RALLY}/spots/{LINE[0]}/headcounts"
    assert (await site.ask("POST", where, site.organiser(), json=heads))[0] == 201
    await site.engine.follower.catch_up()
    text = await page(site, f"/r/{RALLY}/report", site.organiser())
    assert "Staff counted 40 guests more" in text
    assert number(text, "visits") == "0"
