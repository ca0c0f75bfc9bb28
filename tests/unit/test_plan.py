"""mistakes(): what a plan's types alone cannot rule out, each at its place."""

from datetime import date
from typing import Any

import msgspec
import pytest
from builders import names, plan
from hypothesis import given
from hypothesis import strategies as st

from domain import plan as plan_module
from domain.conditions import AllSpots, BingoLines, Stamps
from domain.plan import (
    Area,
    Draw,
    FirstCome,
    Id,
    Language,
    LocalTime,
    Plan,
    Prize,
    Sheet,
    Spot,
    lines_of,
    mistakes,
    text_in,
)

ROWS = [["a", "b"], ["c", "d"]]
FIRST_COME = FirstCome()


def sheet(rows: list[list[str]]) -> dict[str, Any]:
    return {"sheets": [Sheet("sheet", names(), rows)]}


def prize(condition: Any, giving: Any = FIRST_COME) -> dict[str, Any]:
    return {"prizes": [Prize("prize", names(), condition, giving)]}


def test_a_good_plan_has_no_mistakes() -> None:
    assert mistakes(plan()) == []


@pytest.mark.parametrize(
    ("changes", "path", "expected"),
    [
        ({"time_zone": "Asia/Tokio"}, ("time_zone",), "a time zone"),
        ({"time_zone": ""}, ("time_zone",), "a time zone"),
        ({"time_zone": "../etc"}, ("time_zone",), "a time zone"),
        ({"time_zone": "Asia"}, ("time_zone",), "a time zone"),
        ({"last_day": date(2026, 1, 7)}, ("last_day",), "not before first_day (2026-01-08)"),
        ({"last_day": date(9999, 12, 31)}, ("last_day",), "between 2000-01-01 and"),
        ({"first_day": date(1926, 1, 8)}, ("first_day",), "between 2000-01-01 and"),
        (
            {"areas": [*plan().areas, Area("east", names())]},
            ("areas", 2, "id"),
            "an id of its own (east is areas[0])",
        ),
        (
            {"spots": [*plan().spots, Spot("b", names(), "east")]},
            ("spots", 4, "id"),
            "an id of its own (b is spots[1])",
        ),
        ({"sheets": [*plan().sheets] * 2}, ("sheets", 1, "id"), "an id of its own"),
        ({"prizes": plan().prizes[:1] * 2}, ("prizes", 1, "id"), "an id of its own"),
        (
            {"spots": [*plan().spots, Spot("e", names(), "north")]},
            ("spots", 4, "area"),
            "one of the areas: east, west",
        ),
        (sheet([["a", "b"], ["c"]]), ("sheets", 0, "rows", 1), "2 squares"),
        (sheet([["a", "b"], ["c", "x"]]), ("sheets", 0, "rows", 1, 1), "not x"),
        (sheet([["a", "b"], ["c", "a"]]), ("sheets", 0, "rows"), "each spot once (a)"),
        (prize(BingoLines(7)), ("prizes", 0, "condition", "at_least"), "at most 6"),
        (prize(Stamps(7)), ("prizes", 0, "condition", "at_least"), "at most 6"),
        (
            {"sheets": []} | prize(AllSpots(), Draw(1, "per_line")),
            ("prizes", 0, "giving", "chances"),
            "one, as this plan has no sheets",
        ),
    ],
)
def test_a_mistake_is_said_where_it_is(
    changes: dict[str, Any], path: tuple[str | int, ...], expected: str
) -> None:
    found = mistakes(plan(**changes))
    assert [mistake.path for mistake in found] == [path]
    assert expected in found[0].expected


@pytest.mark.parametrize("condition", [Stamps(6), BingoLines(6), AllSpots()])
def test_a_prize_for_everything_there_is_can_be_had(condition: Any) -> None:
    assert mistakes(plan(**prize(condition))) == []


def test_all_mistakes_are_said_at_once() -> None:
    bad = plan(time_zone="x", **sheet([["a", "x"], ["y", "d"]]), **prize(Stamps(99)))
    assert len(mistakes(bad)) == 4


def test_two_spots_whose_codes_would_be_equal_are_a_mistake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plan_module, "spot_tag", lambda spot: len(spot))
    found = mistakes(plan(spots=[*plan().spots[:1], Spot("bb", names(), "east")], **sheet(ROWS)))
    assert not [one for one in found if "code differs" in one.expected]
    found = mistakes(plan())
    assert [one.path for one in found] == [("spots", n, "id") for n in (1, 2, 3)]
    assert "code differs from that of a" in found[0].expected


@pytest.mark.parametrize(
    ("kind", "value", "good"),
    [
        (Id, "ginza-4", True),
        (Id, "4", True),
        (Id, "a" * 40, True),
        (Id, "a" * 41, False),
        (Id, "", False),
        (Id, "-a", False),
        (Id, "a-", False),
        (Id, "a--b", False),
        (Id, "Ginza", False),
        (Id, "銀座", False),
        (Id, "a/b", False),
        (Id, "ginza\n", False),
        (Language, "ja", True),
        (Language, "zh-Hant", True),
        (Language, "pt-BR", True),
        (Language, "japanese", False),
        (Language, "ja\n", False),
        (LocalTime, "10:00:00", True),
        (LocalTime, "10:00:00+09:00", False),
    ],
)
def test_ids_languages_and_hours(kind: Any, value: str, good: bool) -> None:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        assert not good
    else:
        assert good


def test_the_lines_of_a_sheet_are_rows_columns_and_diagonals() -> None:
    rows = [["a", "b", "c"], ["d", "e", "f"], ["g", "h", "i"]]
    assert ["".join(line) for line in lines_of(Sheet("sheet", names(), rows))] == [
        "abc", "def", "ghi", "adg", "beh", "cfi", "aei", "gec",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "Ginza"), ("en-GB", "Ginza"), ("zh-Hant", "銀座(繁)"), ("zh", "銀座"), ("fr", "銀座")],
)
def test_a_text_falls_back_to_its_base_language_then_to_the_first(language: str, text: str) -> None:
    assert text_in({"ja": "銀座", "en": "Ginza", "zh-Hant": "銀座(繁)"}, language) == text


@pytest.mark.parametrize("codec", [msgspec.json, msgspec.msgpack])
def test_a_plan_comes_back_from_the_log_as_it_was(codec: Any) -> None:
    assert codec.decode(codec.encode(plan()), type=Plan) == plan()


@given(st.text(max_size=30))
def test_whatever_is_called_a_time_zone_is_a_zone_or_a_mistake(name: str) -> None:
    assert len(mistakes(plan(time_zone=name))) <= 1
