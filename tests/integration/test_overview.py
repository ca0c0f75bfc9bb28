"""The organiser's overview and its files: every figure in a picture, in a table and as CSV."""

import csv
import io
import re
from datetime import timedelta

import pytest
from msgspec.structs import replace
from support import LINE, RALLY, Site

from service.csv_files import csv_of
from service.pages.overview import progress
from service.people import Life, add, beat
from service.sign_in import Role

FILES = ["footfall", "completion", "flow", "refusals", "prizes"]


async def page(site: Site, path: str, token: str, language: str = "en") -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": language}
    async with site.session.get(path, headers=headers) as answer:
        return answer.status, await answer.text()


async def rows_of(site: Site, path: str) -> list[list[str]]:
    """A CSV file's rows, as a spreadsheet reads them."""
    await site.engine.follower.catch_up()
    headers = {"Authorization": f"Bearer {site.organiser()}", "Accept-Language": "en"}
    async with site.session.get(f"/api/rallies/{RALLY}/{path}", headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        assert answer.content_type == "text/csv"
        assert answer.charset == "utf-8"
        assert 'filename="tokyo-antenna-shops-' in answer.headers["Content-Disposition"]
        body = await answer.read()
    assert body.startswith(b"\xef\xbb\xbf"), "Excel reads it as UTF-8"
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))


async def walked(site: Site, *spots: str) -> None:
    token = site.visitor()
    for spot in spots:
        assert (await site.scan(token, spot))[0] == 201
        site.clock.forward(minutes=15)


async def test_every_figure_has_its_picture_and_its_numbers(site: Site) -> None:
    await walked(site, *LINE)
    await walked(site, "nagano-ginza", LINE[0])
    await site.engine.follower.catch_up()
    status, text = await page(site, f"/r/{RALLY}/organiser", site.organiser())
    assert status == 200
    pictures = set(re.findall(r'aria-labelledby="([a-z]+)-name" aria-describedby', text))
    assert pictures == {"hours", "days", "funnel", "map", "streams", "matrix"}
    assert "1 moves; the most frequent: Ginza → Yurakucho (1)." in text
    assert "2 stamps or more" in text
    for file in (*FILES[:1], "completion", "flow", "prizes"):
        assert f"/api/rallies/{RALLY}/{file}.csv" in text


async def test_refused_scans_are_told_in_words(site: Site) -> None:
    token = site.visitor()
    status, _ = await site.scan(token, LINE[0], scanned_at="2026-01-01T00:00:00Z")
    assert status == 422
    await site.engine.follower.catch_up()
    _, text = await page(site, f"/r/{RALLY}/organiser", site.organiser())
    assert "Scan arrived too late" in text
    rows = await rows_of(site, "refusals.csv")
    assert rows[0] == ["spot", "spot_name", "code", "reason", "refusals", "newest"]
    assert rows[1][0] == LINE[0]
    assert rows[1][2:5] == ["scan_too_old", "Scan arrived too late", "1"]


async def test_files_say_what_the_api_says(site: Site) -> None:
    await walked(site, *LINE)
    assert (await rows_of(site, "footfall.csv?by=day"))[0][:5] == [
        "spot",
        "spot_name",
        "start",
        "visits",
        "visitors",
    ]
    assert len(await rows_of(site, "footfall.csv")) == 1 + len(LINE)
    assert [row[2:] for row in await rows_of(site, "footfall.csv?by=language") if row[0] == LINE[0]]
    flow = await rows_of(site, "flow.csv?by=area")
    assert flow == [
        ["from", "from_name", "to", "to_name", "moves", "median_minutes"],
        ["yurakucho", "Yurakucho", "yurakucho", "Yurakucho", "4", "15.0"],
    ]
    assert len(await rows_of(site, "flow.csv")) == len(LINE)
    completion = await rows_of(site, "completion.csv")
    assert completion[1] == ["visitors", "", "", "1", ""]
    assert ["at_least", "5", "", "1", ""] in completion
    prizes = await rows_of(site, "prizes.csv")
    assert {row[0] for row in prizes[1:]} == set(site.engine.rallies.get(RALLY).course.prizes)


@pytest.mark.parametrize("file", FILES)
async def test_files_are_for_those_who_may_see_the_rally(site: Site, file: str) -> None:
    viewer = site.engine.people.new(Role.VIEWER, site.clock(), RALLY)[1]
    path = f"/api/rallies/{RALLY}/{file}.csv"
    for token, status in ((site.staff(LINE[0]), 403), (site.visitor(), 403)):
        assert (await page(site, path, token))[0] == status
    assert (await page(site, path, viewer))[0] == 200


def test_a_cell_is_never_a_formula() -> None:
    said = ["=1+1", "+81", "-x", "@SUM", "\tx", "\rx", "\nx", "plain", -5, None]
    body = csv_of(["name"], [[each] for each in said])
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    assert [row[0] if row else "" for row in rows[1:]] == [
        "'=1+1", "'+81", "'-x", "'@SUM", "'\tx", "'\rx", "'\nx", "plain", "-5", "",
    ]  # fmt: skip


async def test_a_viewer_sees_all_and_changes_nothing(site: Site) -> None:
    viewer = site.engine.people.new(Role.VIEWER, site.clock(), RALLY)[1]
    status, text = await page(site, f"/r/{RALLY}/organiser", viewer)
    assert status == 200
    assert 'name="do"' not in text
    headers = {"Authorization": f"Bearer {viewer}"}
    async with site.session.post(
        f"/r/{RALLY}/organiser", data={"do": "close"}, headers=headers
    ) as answer:
        assert answer.status == 403
    _, text = await page(site, f"/r/{RALLY}/organiser", site.organiser())
    assert 'value="close"' in text


async def test_devices_that_need_looking_after_are_told(site: Site) -> None:
    """One is in touch, one keeps scans, one was never heard of."""
    people, now = site.engine.people, site.clock()
    for name, life in (
        ("till tablet", Life(now, 0, 0)),
        ("full phone", Life(now - timedelta(hours=2), 90_000, 7)),
        ("new one", None),
    ):
        person = people.new(Role.STAFF, now, RALLY, LINE[0])[0]
        await add(site.engine.pool, person, name, "test", joined=True)
        if life:
            await beat(site.engine.pool, person.id, life)
    _, text = await page(site, f"/r/{RALLY}/organiser", site.organiser())
    assert 'data-n="in-touch">1<small>/3' in text
    assert 'data-n="unsent">7<' in text
    assert "till tablet" not in text
    assert "full phone" in text
    assert "Its clock is wrong" in text
    assert "new one" in text


async def test_a_figure_that_is_being_rebuilt_leaves_the_others_standing(site: Site) -> None:
    await walked(site, LINE[0])
    await site.engine.follower.catch_up()
    await site.engine.pool.execute("ALTER TABLE flow RENAME TO flow_of_before")
    status, text = await page(site, f"/r/{RALLY}/organiser", site.organiser())
    assert status == 200
    assert "These figures are just being rebuilt" in text
    assert 'data-n="visits">1<' in text
    await site.engine.pool.execute("ALTER TABLE flow_of_before RENAME TO flow")


async def test_a_rally_with_one_area_shows_moves_between_spots(site: Site) -> None:
    plan = site.engine.rallies.get(RALLY).plan
    area = plan.areas[0].id
    spots = [replace(spot, area=area) for spot in plan.spots]
    await site.engine.plan(replace(plan, areas=plan.areas[:1], spots=spots), "test")
    await walked(site, *LINE[:2])
    await site.engine.follower.catch_up()
    _, text = await page(site, f"/r/{RALLY}/organiser", site.organiser())
    assert "Moves from spot to spot" in text
    assert "flow.csv?by=spot" in text


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (0, []),
        (4, [1, 2, 3, 4]),
        (8, [1, 2, 3, 4, 5, 6, 7, 8]),
        (43, [1, 3, 7, 15, 30, 43]),
        (2_000, None),
    ],
)
def test_a_funnel_has_few_steps_the_first_and_the_last(
    most: int, expected: list[int] | None
) -> None:
    steps = progress.chosen(list(range(1, most + 1)))
    assert len(steps) <= progress.FUNNEL_STEPS_MAX
    if most:
        assert (steps[0], steps[-1]) == (1, most)
    if expected is not None:
        assert steps == expected
