"""Pictures of figures: well-formed, told in words, sound for no data and for too much."""

import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from domain.place import Place
from service import charts
from service.charts import At, Bar, Halo, Moves, Step
from service.i18n import LANGUAGES, voice

EN = voice("en")
EVIL = '<script>"&'
NAMES = {"n": "North", "s": "South", "e": "East", "x": EVIL}
MOVES = {("n", "s"): 30, ("s", "n"): 4, ("n", "n"): 900, ("e", "x"): 1}


def at(name: str, lat: float, lon: float, value: int) -> At:
    return At(name, Place(lat, lon), value)


HALOS = [Halo(EVIL, [Place(35, 139), Place(35.01, 139)], 4), Halo("b", [Place(35.1, 139)], 0)]
FULL: dict[str, Callable[..., Markup]] = {
    "bars": lambda v: charts.bars(v, "p", EVIL, [Bar("9", 3, EVIL, 4), Bar("10", 0, "x")], 1, 2.5),
    "funnel": lambda v: charts.funnel(v, "p", EVIL, [Step("all", 8), Step(EVIL, 3)]),
    "matrix": lambda v: charts.matrix(v, "p", EVIL, Moves(NAMES, MOVES)),
    "streams": lambda v: charts.streams(v, "p", EVIL, Moves(NAMES, MOVES)),
    "glow_map": lambda v: charts.glow_map(v, "p", EVIL, HALOS),
    "spot_map": lambda v: charts.spot_map(
        v, "p", EVIL, [at(EVIL, 35, 139, 5), at("b", 36, 139, 0)]
    ),
}
EMPTY: dict[str, Callable[..., Markup]] = {
    "bars": lambda v: charts.bars(v, "p", "t", []),
    "funnel": lambda v: charts.funnel(v, "p", "t", []),
    "funnel of nobody": lambda v: charts.funnel(v, "p", "t", [Step("all", 0), Step("some", 0)]),
    "matrix": lambda v: charts.matrix(v, "p", "t", Moves(NAMES, {})),
    "streams": lambda v: charts.streams(v, "p", "t", Moves(NAMES, {("n", "n"): 4, ("n", "s"): 0})),
    "glow_map": lambda v: charts.glow_map(v, "p", "t", [Halo("nowhere", [], 0)]),
    "spot_map": lambda v: charts.spot_map(v, "p", "t", []),
}


def parsed(drawn: Markup) -> ElementTree.Element:
    return ElementTree.fromstring(drawn)  # noqa: S314 - our own picture


def texts(root: ElementTree.Element, tag: str) -> list[str]:
    return ["".join(each.itertext()) for each in root.iter(tag)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", FULL)
def test_a_picture_is_well_formed_and_told_in_words(kind: str, language: str) -> None:
    root = parsed(FULL[kind](voice(language)))
    assert root.tag == "svg"
    assert root.get("role") == "img"
    title, says = root[0], root[1]
    assert (title.tag, title.text, title.get("id")) == ("title", EVIL, root.get("aria-labelledby"))
    assert says.tag == "desc"
    assert says.get("id") == root.get("aria-describedby")
    assert says.text
    assert re.search(r"\d", says.text) or EVIL in says.text


@pytest.mark.parametrize("kind", FULL)
def test_a_picture_has_neither_styles_nor_scripts(kind: str) -> None:
    """The pages' policy refuses both, and texts of a plan come from outside."""
    root = parsed(FULL[kind](EN))
    for each in root.iter():
        assert each.tag != "script"
        assert not {name for name in each.attrib if name == "style" or name.startswith("on")}


@pytest.mark.parametrize("kind", EMPTY)
def test_no_data_is_said(kind: str) -> None:
    root = parsed(EMPTY[kind](EN))
    assert "No figures yet." in texts(root, "text")


@pytest.mark.parametrize("kind", FULL)
def test_all_references_lead_somewhere(kind: str) -> None:
    drawn = FULL[kind](EN)
    ids = set(re.findall(r' id="([^"]+)"', drawn))
    assert set(re.findall(r"url\(#([^)]+)\)", drawn)) <= ids


def test_bars_are_as_high_as_their_values() -> None:
    root = parsed(charts.bars(EN, "p", "t", [Bar("a", 10, "A"), Bar("b", 5, "B")]))
    tall, half = (
        float(rect.get("height", "").rstrip("%"))
        for rect in root.iter("rect")
        if rect.get("class") == "value"
    )
    assert half * 2 == pytest.approx(tall)


def test_the_bar_of_now_is_marked() -> None:
    root = parsed(charts.bars(EN, "p", "t", [Bar("a", 1, "A"), Bar("b", 2, "B")], now=1))
    marked = [group for group in root.iter("g") if group.get("class") == "bar now"]
    assert texts(marked[0], "title") == ["B: 2"]
    assert len(marked) == 1


def test_two_series_stand_side_by_side_and_the_second_is_hatched() -> None:
    root = parsed(charts.bars(EN, "p", "t", [Bar("a", 4, "A", beside=2), Bar("b", 3, "B", 0)]))
    assert texts(root, "title")[1] == "A: 4 (2)"
    assert [rect for rect in root.iter("rect") if rect.get("fill") == "url(#p-h1)"]


def test_many_bars_keep_few_labels_and_the_last_of_them() -> None:
    items = [Bar(f"1/{n}", n, f"day {n}") for n in range(1_000)]
    root = parsed(charts.bars(EN, "p", "t", items, now=999))
    bars = [group for group in root.iter("g") if (group.get("class") or "").startswith("bar")]
    labels = [each for each in root.iter("text") if "label" in each.get("class", "")]
    assert len(bars) == 120
    assert len(labels) < 20
    assert texts(bars[-1], "title") == ["day 999: 999"]
    assert bars[-1].get("class") == "bar now"


def test_a_funnel_says_numbers_and_shares() -> None:
    root = parsed(charts.funnel(EN, "p", "t", [Step("All", 1_200), Step("Half", 600)]))
    assert texts(root, "text") == ["All", "1,200 (100%)", "Half", "600 (50%)"]


def test_a_matrix_has_its_numbers_in_its_cells() -> None:
    names = {"a": "A", "b": "B"}
    root = parsed(charts.matrix(EN, "p", "t", Moves(names, {("a", "b"): 1_234, ("b", "a"): 1})))
    cells = [each for each in root.iter("g") if (each.get("class") or "").startswith("cell")]
    assert [texts(cell, "title")[0] for cell in cells] == [
        "A → A: 0",
        "A → B: 1,234",
        "B → A: 1",
        "B → B: 0",
    ]
    assert [cell.get("class") for cell in cells] == [
        "cell s0 same",
        "cell s6",
        "cell s1",
        "cell s0 same",
    ]


@given(st.dictionaries(st.tuples(st.integers(0, 40), st.integers(0, 40)), st.integers(0, 10**6)))
def test_gathering_the_smallest_loses_no_move(counts: dict[tuple[int, int], int]) -> None:
    names = {str(n): f"area {n}" for n in range(41)}
    moves = Moves(names, {(str(a), str(b)): n for (a, b), n in counts.items()})
    gathered = charts.moves.gathered(EN, moves, 10)
    assert len(gathered.names) <= 10
    assert sum(gathered.counts.values()) == sum(counts.values())
    assert {each for pair in gathered.counts for each in pair} == set(gathered.names)
    parsed(charts.matrix(EN, "p", "t", moves))
    parsed(charts.streams(EN, "p", "t", moves))


def test_streams_leave_moves_within_an_area_out() -> None:
    drawn = charts.streams(EN, "p", "t", Moves(NAMES, MOVES))
    assert "35 moves; the most frequent: North → South (30)." in drawn
    assert "North → North" not in drawn


def test_a_map_names_the_largest_and_puts_what_is_far_off_at_the_edge() -> None:
    near = [at(f"s{n}", 35.0 + n / 1_000, 139.0 + n % 3 / 1_000, n) for n in range(20)]
    root = parsed(charts.spot_map(EN, "p", "t", [*near, at("island", 20.0, 130.0, 500)]))
    far = [group for group in root.iter("g") if "far" in (group.get("class") or "")]
    assert [texts(group, "title") for group in far] == [["island: 500"]]
    circle = far[0].find("circle")
    assert circle is not None
    assert 0 < float(circle.get("cx", "")) < 100
    assert "island" in texts(root, "text")


def test_thousands_of_spots_are_drawn_with_few_names() -> None:
    many = [at(f"s{n}", 35 + n % 50 / 100, 139 + n // 50 / 100, n) for n in range(2_000)]
    root = parsed(charts.spot_map(EN, "p", "t", many))
    assert len(list(root.iter("circle"))) == 2_000
    assert len(texts(root, "text")) <= 9
