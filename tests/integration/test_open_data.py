"""Open data over HTTP: who may have it and when, its files, and an attack on what is downloaded."""

import csv
import io
import json
import sys
from collections import Counter
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from msgspec.structs import replace
from pyarrow import parquet
from support import LINE, RALLY, Site

from domain.close_out import thaw
from domain.open_data import Counts
from domain.open_tables import BY_NAME, TABLES
from domain.rally import NotAllowed, close_rally, open_rally
from domain.suppression import LEAST, STEP
from service.engine import of_known
from service.open_data import read_counts
from service.sign_in import Role

DATA = f"/api/rallies/{RALLY}/open-data"
Files = dict[str, list[dict[str, Any]]]


async def crowd(site: Site, seed: int = 1) -> None:
    """A few visitors at a few spots on one day, then the end of the rally."""
    random = Random(seed)
    for _ in range(14):
        token = site.visitor()
        for spot in random.sample(LINE, random.randint(1, 3)):
            language = {"Accept-Language": random.choice(["ja", "ja", "en", "ko"])}
            body = {"code": site.code(spot), "scan_id": str(uuid4())}
            status, _ = await site.ask("POST", "/api/check-ins", token, json=body, headers=language)
            assert status == 201
            site.clock.forward(minutes=7)
    heads = {"count": 3, "headcount_id": str(uuid4())}
    path = f"/api/rallies/{RALLY}/spots/{LINE[0]}/headcounts"
    assert (await site.ask("POST", path, site.organiser(), json=heads))[0] == 201
    await site.engine.follower.catch_up()


async def over(site: Site) -> None:
    await site.engine.change(RALLY, of_known(close_rally, "test"))
    await site.engine.freeze(RALLY, "test")


async def act(site: Site, do: str, token: str | None = None, **more: Any) -> tuple[int, Any]:
    """Make tables, or publish those that an organiser sees now."""
    if do == "publish" and "digest" not in more:
        more["digest"] = (await site.ask("GET", DATA, site.organiser()))[1].get("digest", "")
    return await site.ask("POST", DATA, token or site.organiser(), json={"do": do, **more})


async def download(site: Site, name: str, kind: str, token: str | None = None) -> bytes:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with site.session.get(f"{DATA}/{name}.{kind}", headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.read()


async def downloaded(site: Site) -> Files:
    """Every table, as JSON has it."""
    return {
        table.name: json.loads(await download(site, table.name, "json"))["rows"] for table in TABLES
    }


def typed(table: str, row: dict[str, str]) -> dict[str, Any]:
    """A row of a CSV file, read by its dictionary."""
    read = {"integer": int, "number": float}
    return {
        column.name: None
        if row[column.name] == ""
        else read.get(column.type, str)(row[column.name])
        for column in BY_NAME[table].columns
    }


async def test_the_files_of_a_table_hold_the_same(site: Site) -> None:
    await crowd(site)
    await over(site)
    assert (await act(site, "make"))[0] == 200
    assert (await act(site, "publish"))[0] == 200
    for table in TABLES:
        text = (await download(site, table.name, "csv")).decode()
        from_csv = [typed(table.name, row) for row in csv.DictReader(io.StringIO(text))]
        document = json.loads(await download(site, table.name, "json"))
        columns = parquet.read_table(io.BytesIO(await download(site, table.name, "parquet")))
        days = {column.name for column in table.columns if column.type == "date"}
        assert all(isinstance(row[day], date) for row in columns.to_pylist() for day in days)
        from_parquet = json.loads(msgspec.json.encode(columns.to_pylist()))
        assert from_csv == document["rows"] == from_parquet, table.name
        assert columns.column_names == [column.name for column in table.columns]
        assert columns.schema.metadata[b"schema_version"] == b"1"
        assert document["schema_version"] == 1


async def test_the_index_is_a_data_package_that_finds_its_files(site: Site) -> None:
    await crowd(site)
    await over(site)
    await act(site, "make")
    status, index = await act(site, "publish", licence="CC-BY-4.0")
    assert (status, index["licence"]) == (200, "CC-BY-4.0")
    status, public = await site.ask("GET", DATA)
    assert (status, public) == (200, index)
    assert "at most 8 times" in index["method"]
    for resource, table in zip(index["resources"], TABLES, strict=True):
        fields = {field["name"]: field for field in resource["schema"]["fields"]}
        assert list(fields) == [column.name for column in table.columns]
        for path in (resource["path"], *resource["also"].values()):
            async with site.session.get(path) as answer:
                assert answer.status == 200
        assert len(json.loads(await download(site, table.name, "json"))["rows"]) == resource["rows"]
        for column in table.columns:
            assert (fields[column.name]["margin_95"] is None) == (column.measure is None)
    rally = {field["name"]: field for field in index["resources"][0]["schema"]["fields"]}
    spots = {field["name"]: field for field in index["resources"][2]["schema"]["fields"]}
    assert rally["visits"]["margin_95"] > 2 * spots["visits"]["margin_95"], "it sums all languages"


async def test_before_it_is_published_only_who_sees_all_of_the_rally_has_it(site: Site) -> None:
    await crowd(site)
    organiser = site.organiser()
    viewer = site.engine.people.new(Role.VIEWER, site.clock(), RALLY)[1]
    assert (await site.ask("GET", DATA, organiser))[1]["code"] == "open_data_missing"
    status, early = await act(site, "make")
    assert (status, early["code"]) == (409, "rally_not_over")
    status, nothing = await act(site, "publish")
    assert (status, nothing["code"]) == (409, "open_data_not_made")
    await over(site)
    for token in (site.staff(LINE[0]), site.visitor(), viewer):
        assert (await act(site, "make", token))[0] == 403
    assert (await site.ask("POST", DATA, json={"do": "make"}))[0] == 401
    assert (await act(site, "make"))[0] == 200
    for path in (DATA, f"{DATA}/days.json"):
        assert (await site.ask("GET", path))[0] == 401
        assert (await site.ask("GET", path, site.staff(LINE[0])))[0] == 403
        assert (await site.ask("GET", path, viewer))[0] == 200
    assert (await act(site, "publish", viewer))[0] == 403
    assert (await act(site, "publish", licence="mine"))[1]["code"] == "licence_unknown"
    assert (await act(site, "publish"))[0] == 200
    assert (await site.ask("GET", f"{DATA}/days.json"))[0] == 200


async def test_it_is_published_once_and_stays_what_it_was(site: Site) -> None:
    """Two publications of the same visits would tell more than one; so would one that follows what
    is corrected afterwards."""
    await crowd(site)
    await over(site)
    drafts = [(await act(site, "make"))[1]["digest"] for _ in range(2)]
    assert drafts[0] != drafts[1]
    assert (await act(site, "publish", digest="0" * 64))[1]["code"] == "open_data_not_made"
    _, index = await act(site, "publish", digest=drafts[0])
    assert index["digest"] == drafts[0], "what was looked at, not what was made last"
    assert (await act(site, "publish", digest=drafts[1]))[0] == 409
    before = await downloaded(site)
    again = await act(site, "publish")
    assert (again[0], again[1]["digest"]) == (200, index["digest"])
    assert (await act(site, "make"))[1]["code"] == "open_data_published"
    assert await site.facts("OpenDataPublished") == 1
    await site.engine.pool.execute("UPDATE footfall SET visits = visits + 100")
    assert await downloaded(site) == before
    assert await site.engine.pool.fetchval("SELECT count(*) FROM open_data") == 1


async def test_a_rally_that_is_closed_for_an_evening_publishes_nothing(site: Site) -> None:
    """It may be opened again; so may one be thawed, and what was made before is outdated then."""
    await crowd(site)
    late = site.clock().isoformat()
    site.clock.forward(minutes=5)
    await site.engine.change(RALLY, of_known(close_rally, "test"))
    assert (await act(site, "make"))[1]["code"] == "rally_not_over"
    await site.engine.freeze(RALLY, "test")
    _, index = await act(site, "make")
    await site.engine.change(RALLY, of_known(thaw, "test"))
    assert (await act(site, "publish", digest=index["digest"]))[1]["code"] == "rally_not_over"
    assert (await site.scan(site.visitor(), LINE[0], scanned_at=late))[0] in (201, 422)
    site.clock.forward(minutes=5)
    await site.engine.freeze(RALLY, "test")
    assert (await act(site, "publish", digest=index["digest"]))[1]["code"] == "open_data_outdated"
    await act(site, "make")
    assert (await act(site, "publish"))[0] == 200


async def test_what_was_published_stays_complete(site: Site) -> None:
    """The rally is not opened again, nor thawed, and its last day is not moved."""
    await crowd(site)
    engine, plan = site.engine, site.engine.rallies.known(RALLY).plan
    site.clock.forward(days=80)
    assert (await act(site, "make"))[0] == 200
    assert (await act(site, "publish"))[0] == 200
    longer = replace(plan, last_day=plan.last_day + timedelta(days=90))
    await over(site)
    for decision in (of_known(thaw, "test"), of_known(open_rally, "test")):
        with pytest.raises(NotAllowed):
            await engine.change(RALLY, decision)
    with pytest.raises(NotAllowed):
        await engine.plan(longer, "test")


async def test_without_pyarrow_parquet_says_so_and_the_rest_goes_on(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await crowd(site)
    await over(site)
    await act(site, "make")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    status, problem = await site.ask("GET", f"{DATA}/days.parquet", site.organiser())
    assert (status, problem["code"]) == (501, "parquet_needs_pyarrow")
    assert (await site.ask("GET", f"{DATA}/days.json", site.organiser()))[0] == 200


@pytest.mark.parametrize("file", ["moon.csv", "days.xls", "days", "..csv", "days.csv.json"])
async def test_there_are_no_other_files(site: Site, file: str) -> None:
    status, problem = await site.ask("GET", f"{DATA}/{file}", site.organiser())
    assert (status, problem["code"]) == (404, "not_found")


async def test_what_is_counted_is_what_the_organiser_sees(site: Site) -> None:
    await crowd(site)
    counts = await read_counts(site.engine, site.engine.rallies.known(RALLY))
    visits = await site.facts()
    assert sum(counts.visits.values()) == visits > 20
    for by in (counts.spot_visits, counts.day_visits, counts.hours, counts.languages):
        assert sum(by.values()) == visits
    assert set(counts.languages) == {("ja",), ("en",), ("ko",)}
    assert counts.visitors == {(): 14}
    assert counts.day_visitors == {("2026-01-15",): 14}
    assert sum(counts.spot_visitors.values()) == visits
    assert counts.headcount[LINE[0], "2026-01-15"] == 3
    assert counts.cards[1,] == 14
    assert sum(counts.moves.values()) == visits - 14


def alone(files: Files) -> dict[str, int]:
    """Subtracting: of each spot, its visits of all days less those of the days that are shown. Where
    one day is left, that is the day."""
    left = Counter({row["spot"]: row["visits"] or 0 for row in files["footfall_by_spot"]})
    for row in files["footfall_by_day"]:
        left[row["spot"]] -= row["visits"] or 0
    return left


async def test_subtracting_what_is_downloaded_finds_no_small_count(site: Site) -> None:
    """Given quiet spots with one to four visits in all; when everything is downloaded, then neither
    a figure nor what is left of a total tells how many. The same tables with exact figures do."""
    token_of = [site.visitor() for _ in range(4)]
    quiet = [spot.id for spot in site.engine.rallies.known(RALLY).plan.spots][::5]
    for at, spot in enumerate(quiet):
        for token in token_of[: at % 4 + 1]:
            assert (await site.scan(token, spot))[0] == 201
        site.clock.forward(minutes=9)
    await crowd(site)
    await over(site)
    exact = await read_counts(site.engine, site.engine.rallies.known(RALLY))
    small = {spot: exact.spot_visits[spot,] for spot in quiet if exact.spot_visits[spot,] < 5}
    assert len(small) >= 6
    found = alone(plain(exact))
    assert all(found[spot] == n for spot, n in small.items()), "exact totals tell"
    right = 0
    for _ in range(12):
        await act(site, "make")
        files = await drafted(site)
        shown = {row["spot"]: row["visits"] for row in files["footfall_by_spot"]}
        left = alone(files)
        right += sum(n in (shown[spot], left[spot]) for spot, n in small.items())
        figures = [value for rows in files.values() for row in rows for value in counts_in(row)]
        assert all(value is None or (value >= LEAST and value % STEP == 0) for value in figures)
    assert right <= len(small) * 12 * 0.2


def plain(exact: Counts) -> Files:
    """A publication as one would think of it: exact, and small counts of a day left empty."""
    return {
        "footfall_by_spot": [
            {"spot": spot, "visits": n} for (spot,), n in exact.spot_visits.items()
        ],
        "footfall_by_day": [
            {"spot": spot, "visits": n if n >= 5 else None} for (spot, _), n in exact.visits.items()
        ],
    }


def counts_in(row: dict[str, Any]) -> list[Any]:
    return [
        row[name] for name in ("visits", "visitors", "headcount", "moves", "cards") if name in row
    ]


async def drafted(site: Site) -> Files:
    organiser = site.organiser()
    return {
        name: json.loads(await download(site, name, "json", organiser))["rows"]
        for name in ("footfall_by_spot", "footfall_by_day", "days", "languages", "completion")
    }
