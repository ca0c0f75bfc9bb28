"""Posters as PDF: every code reads, every letter is there, pages are as many and as large as asked."""

import csv
import re
import sys
from io import BytesIO, StringIO

import pytest
import typst
import zxingcpp
from msgspec.structs import replace
from PIL import Image

from domain.plan import Plan
from qr.bundle import file_name, listed
from qr.codes import sign
from qr.keyring import CodeKey
from qr.posters import POSTERS_MAX, PostersFailed, Sheet, drawn, families, parts, pdf
from service.pages.sheets import addresses, printed_spots, sheet_of

KEY = CodeKey(3, "rally", b"k" * 32)
HOST = "https://stamps.example-city.lg.jp"
PPI = 100
MM = PPI / 25.4
LONG = "国土交通省関東地方整備局東京国道事務所" * 20
LONG_ENGLISH = "The Tourist Information Centre on the Square " * 8


def sheet(plan: Plan, size: str = "a4", count: int = 43) -> Sheet:
    return sheet_of(plan, printed_spots(plan)[:count], addresses(KEY, HOST), size)


def pages(made: Sheet) -> list[Image.Image]:
    """The drawing, as a printer would see it."""
    found = drawn(made, format="png", ppi=PPI)
    return [Image.open(BytesIO(each)) for each in (found if isinstance(found, list) else [found])]


def read(picture: Image.Image) -> list[zxingcpp.Barcode]:
    return zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)


def side_mm(code: zxingcpp.Barcode) -> float:
    """How wide the symbol is on paper, without its margin."""
    at = code.position
    across = (at.top_right.x - at.top_left.x, at.top_right.y - at.top_left.y)
    return (across[0] ** 2 + across[1] ** 2) ** 0.5 / MM


def test_a_spots_name_in_the_list_is_never_a_formula(tokyo: Plan) -> None:
    """Whoever prints elsewhere opens it in a spreadsheet."""
    spot = replace(tokyo.spots[0], names={"ja": "=1+1"})
    made = listed(sheet(replace(tokyo, spots=[spot, *tokyo.spots[1:]]), count=1).posters)
    (row,) = csv.DictReader(StringIO(made.decode("utf-8-sig"), newline=""))
    assert row["name"] == "'=1+1"


@pytest.mark.parametrize(("size", "count", "least_mm"), [("a4", 43, 80), ("a5", 8, 56)])
def test_each_page_has_its_spots_code(tokyo: Plan, size: str, count: int, least_mm: int) -> None:
    """Read by a decoder that is not ours, and large enough for its reader's arm."""
    made = pages(sheet(tokyo, size, count))
    assert len(made) == count
    for spot, picture in zip(printed_spots(tokyo), made, strict=False):
        (code,) = read(picture)
        assert code.text == f"{HOST}/s/{sign(KEY, spot.id)}"
        assert side_mm(code) > least_mm


def test_a_sheet_has_four_table_cards_of_two_faces(tokyo: Plan) -> None:
    """One face stands upright, the other on its head; so the folded card is read from both sides."""
    made = pages(sheet(tokyo, "cards", 6))
    assert len(made) == 2
    counts: dict[str, list[int]] = {}
    for picture in made:
        for code in read(picture):
            counts.setdefault(code.text, []).append(round(code.orientation) % 360)
            assert side_mm(code) > 30
    wanted = {f"{HOST}/s/{sign(KEY, spot.id)}" for spot in printed_spots(tokyo)[:6]}
    assert set(counts) == wanted
    assert all(sorted(turned) == [0, 180] for turned in counts.values())


@pytest.mark.parametrize(
    ("size", "count", "width", "height"),
    [("a4", 3, 595.3, 841.9), ("a5", 3, 419.5, 595.3), ("cards", 5, 595.3, 841.9)],
)
def test_the_pdf_has_its_pages_and_its_letters_with_it(
    tokyo: Plan, size: str, count: int, width: float, height: float
) -> None:
    """Sizes are in points. PDF/A-2u: fonts are embedded, and their letters can be copied as text."""
    made = pdf(sheet(tokyo, size, count))
    assert len(re.findall(rb"/Type\s*/Page\b", made)) == (2 if size == "cards" else count)
    for box in re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", made):
        assert (round(float(box[0]), 1), round(float(box[1]), 1)) == (width, height)
    assert b"pdfaid:part>2<" in made
    assert b"pdfaid:conformance>U<" in made
    assert re.search(rb"/FontFile[23]?\b", made)
    assert not re.search(rb"/Subtype\s*/Image", made), "codes are drawn, not painted"


def test_what_no_font_can_draw_is_said(tokyo: Plan) -> None:
    """Never an empty box on paper."""
    spots = [replace(tokyo.spots[0], names={"en": "Sushi \U000a2cb9"}), *tokyo.spots[1:]]
    with pytest.raises(PostersFailed, match="a2cb9") as failed:
        pdf(sheet(replace(tokyo, spots=spots), count=1))
    assert failed.value.code == "posters_lack_letters"


@pytest.mark.parametrize("size", ["a4", "a5", "cards"])
def test_the_longest_names_leave_the_code_readable(tokyo: Plan, size: str) -> None:
    """Names of 400 signs, in a rally with a name as long, in six languages, in rehearsal."""
    long = {"ja": LONG[:400], "en": LONG_ENGLISH[:400]}
    names = long | dict.fromkeys(["zh-Hans", "zh-Hant", "ko"], "x")
    spot = replace(tokyo.spots[0], names=long)
    plan = replace(tokyo, rally=f"try-1-{tokyo.rally}", names=names, spots=[spot])
    (picture,) = pages(sheet(plan, size))
    assert {code.text for code in read(picture)} == {f"{HOST}/s/{sign(KEY, spot.id)}"}


def test_a_rally_with_names_in_more_languages_calls_in_them(tokyo: Plan) -> None:
    more = replace(
        tokyo, names=tokyo.names | {"ko": "도쿄", "zh-Hant": "東京", "ja-Hrkt": "とうきょう"}
    )
    assert [call.language for call in sheet(more).calls] == ["zh-Hant", "ko"]
    assert sheet(tokyo).calls == []
    assert pdf(sheet(more, count=1)) != pdf(sheet(tokyo, count=1))


def test_a_name_in_one_language_stands_there_once(tokyo: Plan) -> None:
    plan = replace(tokyo, spots=[replace(tokyo.spots[0], names={"en": "Kiosk"})])
    (poster,) = sheet(plan).posters
    assert [(name.language, name.text) for name in poster.names] == [("en", "Kiosk")]


def test_without_typst_it_is_said_what_to_install(
    tokyo: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(PostersFailed, match=r"meguri\[posters\]") as failed:
        pdf(sheet(tokyo))
    assert failed.value.code == "posters_need_typst"


def test_without_a_japanese_font_it_is_said_what_to_install(
    tokyo: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = typst.Fonts(include_system_fonts=False)
    monkeypatch.setattr(typst, "Fonts", lambda **_: bare)
    with pytest.raises(PostersFailed, match="fonts-noto-cjk") as failed:
        pdf(sheet(tokyo))
    assert failed.value.code == "posters_need_font"


def test_fonts_are_chosen_by_language_out_of_those_there_are() -> None:
    some = families(["Noto Sans CJK JP", "Noto Sans CJK TC", "Comic Sans"])
    assert some["zh-Hant"] == ["Noto Sans CJK TC", "Noto Sans CJK JP"]
    assert some["ko"] == some["en"] == some["seal"] == ["Noto Sans CJK JP"]


@pytest.mark.parametrize("count", [0, 1, POSTERS_MAX, POSTERS_MAX + 1, 2_000])
def test_parts_hold_every_poster_once(count: int) -> None:
    made = parts(count)
    assert [n for part in made for n in part] == list(range(count))
    assert all(0 < len(part) <= POSTERS_MAX for part in made)


@pytest.mark.parametrize(
    ("spot", "name"), [("con", "con_"), ("lpt1", "lpt1_"), ("conway", "conway")]
)
def test_no_file_has_a_devices_name(spot: str, name: str) -> None:
    assert file_name(spot) == name
