"""Posters as files: who may have them, what is in them, and what is said when they cannot be made."""

import asyncio
import csv
import os
import re
from io import BytesIO, StringIO
from pathlib import Path
from zipfile import ZipFile

import aiohttp
import pytest
import zxingcpp
from msgspec.structs import replace
from PIL import Image
from support import LINE, RALLY, Site, until

from service.pages.posters import SHOWN_MAX
from service.sign_in import Role

PDF = f"/r/{RALLY}/posters.pdf"
ZIP = f"/r/{RALLY}/posters.zip"


async def fetched(site: Site, path: str, token: str | None) -> tuple[aiohttp.ClientResponse, bytes]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with site.session.get(path, headers=headers) as answer:
        return answer, await answer.read()


def page_count(made: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", made))


@pytest.mark.parametrize(
    ("query", "name", "pages"),
    [
        (f"size=a5&spot={LINE[0]}", f"{RALLY}-{LINE[0]}-a5.pdf", 1),
        (f"size=cards&spot={LINE[0]}", f"{RALLY}-{LINE[0]}-cards.pdf", 1),
        ("size=cards", f"{RALLY}-cards.pdf", 11),
        ("", f"{RALLY}-a4.pdf", 43),
    ],
)
async def test_a_pdf_has_the_posters_that_are_asked_for(
    site: Site, query: str, name: str, pages: int
) -> None:
    answer, made = await fetched(site, f"{PDF}?{query}", site.organiser())
    assert (answer.status, answer.content_type) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert page_count(made) == pages


@pytest.mark.parametrize("what", [PDF, ZIP, f"/r/{RALLY}/posters"])
async def test_posters_are_for_a_rallys_people_and_a_shops_own(site: Site, what: str) -> None:
    """Whoever has a code can collect its stamp."""
    viewer = site.engine.people.new(Role.VIEWER, site.clock(), RALLY)[1]
    elsewhere = site.engine.people.new(Role.ORGANISER, site.clock(), "another")[1]
    own = f"{what}?spot={LINE[0]}"
    for path, token, status in (
        (own, None, 401),
        (own, site.visitor(), 403),
        (own, elsewhere, 404),
        (own, site.staff(LINE[1]), 403),
        (what, site.staff(LINE[0]), 403),
        (own, site.staff(LINE[0]), 200),
        (own, viewer, 200),
        (f"{what}?spot=moon", site.organiser(), 404),
    ):
        answer, _ = await fetched(site, path, token)
        assert answer.status == status, (path, token)


async def test_the_bundle_has_each_code_as_pictures_and_a_list(site: Site) -> None:
    """Named by their spots; the pictures say what the list says."""
    answer, made = await fetched(site, ZIP, site.organiser())
    assert answer.headers["Content-Disposition"].endswith(f'"{RALLY}-codes.zip"')
    archive = ZipFile(BytesIO(made))
    listed = archive.read("codes.csv").decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(listed, newline="")))
    assert len(rows) == 43
    assert rows[0]["name"] == "北海道どさんこプラザ有楽町店"
    for row in rows:
        (code,) = zxingcpp.read_barcodes(Image.open(BytesIO(archive.read(f"{row['spot']}.png"))))
        assert code.text == row["address"] == f"{site.url}/s/{site.code(row['spot'])}"
        assert archive.read(f"{row['spot']}.svg").startswith(b"<svg ")
    assert len(archive.namelist()) == 2 + 2 * len(rows)
    assert all(re.fullmatch(r"[\w-]+\.(svg|png|csv|txt)", name) for name in archive.namelist())
    readme = archive.read("README.txt").decode("utf-8-sig")
    assert "白い余白" in readme
    assert "white margin" in readme


@pytest.mark.parametrize(
    "query", ["size=a3", "size=", "part=0", "part=2", "part=x", "part=" + "9" * 99]
)
async def test_what_there_is_not_is_said(site: Site, query: str) -> None:
    status, problem = await site.ask("GET", f"{PDF}?{query}", site.organiser())
    assert (status, problem["code"]) == (400, "query_invalid")


async def test_a_large_rally_comes_in_parts(site: Site) -> None:
    """The page shows the first posters and offers all of them; the last part has the rest."""
    plan = site.engine.rallies.get(RALLY).plan
    spots = [replace(plan.spots[0], id=f"booth-{n}") for n in range(260 - len(plan.spots))]
    await site.engine.plan(replace(plan, spots=[*plan.spots, *spots]), "test")
    organiser = site.organiser()
    _, last = await fetched(site, f"{PDF}?size=a5&part=2", organiser)
    assert page_count(last) == 10
    _, html = await fetched(site, f"/r/{RALLY}/posters", organiser)
    assert html.count(b"<article") == SHOWN_MAX
    assert b"200 more posters" in html
    assert html.count(b"<option value") == 1 + 260 + 2


async def test_where_no_code_hangs_there_is_nothing_to_print(site: Site) -> None:
    plan = site.engine.rallies.get(RALLY).plan
    spots = [replace(spot, kind="rotating") for spot in plan.spots]
    await site.engine.plan(replace(plan, spots=spots), "test")
    organiser = site.organiser()
    status, problem = await site.ask("GET", PDF, organiser)
    assert (status, problem["code"]) == (404, "not_found")
    _, html = await fetched(site, f"/r/{RALLY}/posters", organiser)
    assert b"There is no code to print here" in html


def before_site_packages(folder: Path, monkeypatch: pytest.MonkeyPatch, **modules: str) -> None:
    """Modules that processes started from now on find first."""
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder))


async def test_without_typst_the_pdf_is_refused_and_the_pictures_are_made(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before_site_packages(tmp_path, monkeypatch, typst="raise ImportError('not here')")
    organiser = site.organiser()
    status, problem = await site.ask("GET", PDF, organiser)
    assert (status, problem["code"]) == (501, "posters_need_typst")
    assert "meguri[posters]" in problem["detail"]
    answer, _ = await fetched(site, f"{ZIP}?spot={LINE[0]}", organiser)
    assert answer.status == 200


async def test_a_sign_without_a_shape_is_named(site: Site) -> None:
    plan = site.engine.rallies.get(RALLY).plan
    spots = [replace(plan.spots[0], names={"ja": "お店\U000a2cb9"}), *plan.spots[1:]]
    await site.engine.plan(replace(plan, spots=spots), "test")
    status, problem = await site.ask("GET", f"{PDF}?spot={spots[0].id}", site.organiser())
    assert (status, problem["code"]) == (422, "posters_lack_letters")
    assert "a2cb9" in problem["why"]


async def test_who_leaves_stops_the_press(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a press that would work for minutes; when its asker leaves; then it ends, and the next
    one is served."""
    slow = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    before_site_packages(tmp_path, monkeypatch, typst=slow)
    asking = asyncio.create_task(fetched(site, PDF, site.organiser()))

    async def begun() -> bool:
        return (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != ""

    async def free() -> bool:
        return not site.engine.long_work.locked()

    await until(begun)
    assert not await free()
    asking.cancel()
    await until(free, seconds=10)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    monkeypatch.delenv("PYTHONPATH")
    answer, _ = await fetched(site, f"{PDF}?spot={LINE[0]}", site.organiser())
    assert answer.status == 200
