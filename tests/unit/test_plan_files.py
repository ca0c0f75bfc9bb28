"""Plans as people write them: good ones are read, bad ones are told by file, line and field."""

import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, time
from itertools import chain, combinations
from math import cos, hypot, radians
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from domain.conditions import AllOf, Always, BingoLines, InOrder, Seen, WithEvidence
from domain.course import Course
from domain.mistakes import mistakes
from domain.plan import Coupon, DayException, Draw, Near, Plan, Question, Spot, lines_of
from service.plan_files import FileMistake, OpenCsv, PlanMistakes, parse_plan, read_plan
from service.plan_files.document import FILE_BYTES_MAX, MISTAKES_MAX

PLANS = Path(__file__).parents[2] / "plans"
TOKYO = PLANS / "tokyo-antenna-shops" / "plan.yaml"
README = (PLANS / "README.md").read_text(encoding="utf-8")

GOOD = """\
rally: walk
names: {ja: みなと巡り, no: Havnetur}
time_zone: Asia/Tokyo
first_day: 2026-05-01
last_day: 2026-05-05
areas:
  - {id: pier, names: {ja: 桟橋}}
spots:
  - id: light
    names:
      ja: 灯台
    area: pier
    stamps: 2
    place: {lat: 35.5, lon: 139}
    opens: 9:30
    closes: 17:00
  - id: ferry
    names: {ja: "291"}
    area: pier
    address:
prizes:
  - id: towel
    names: {ja: 手ぬぐい}
    condition: {kind: all_spots}
    giving: {kind: draw, winners: 3}
"""
CSV = """\
id,name_ja,name_en,area,stamps,lat,lon,opens,closes,address_ja,closed_days_ja
light,灯台,Lighthouse,pier,2,35.5,139,9:30,17:00,,
ferry,渡し船,,pier,,,,,,"みなと町
1-2",月曜日
"""
CSV_PLAN = re.sub(r"(?s)spots:.*(?=prizes:)", "spots: {csv: spots.csv}\n", GOOD)


def no_csv(name: str) -> bytes:
    raise FileNotFoundError(2, "No such file or directory")


def read(text: str | bytes, open_csv: OpenCsv = no_csv) -> Plan:
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return parse_plan(raw, "plans/walk.yaml", open_csv)


def mistakes_of(text: str | bytes, open_csv: OpenCsv = no_csv) -> list[str]:
    with pytest.raises(PlanMistakes) as raised:
        read(text, open_csv)
    assert str(raised.value).splitlines() == [str(one) for one in raised.value.mistakes]
    return str(raised.value).splitlines()


def changed(old: str, new: str, text: str = GOOD) -> str:
    assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in the text"
    return text.replace(old, new)


def with_csv(text: str | bytes) -> tuple[str, OpenCsv]:
    raw = text.encode() if isinstance(text, str) else text
    return CSV_PLAN, lambda name: raw


# --- good plans ---------------------------------------------------------------------------------


def test_a_plan_is_read_with_texts_days_times_and_numbers() -> None:
    plan = read(GOOD)
    assert plan.names == {"ja": "みなと巡り", "no": "Havnetur"}
    assert (plan.first_day, plan.last_day) == (date(2026, 5, 1), date(2026, 5, 5))
    light, ferry = plan.spots
    assert (light.opens, light.closes, light.stamps) == (time(9, 30), time(17), 2)
    assert light.place is not None
    assert (light.place.lat, light.place.lon) == (35.5, 139.0)
    assert (ferry.names, ferry.stamps, ferry.address) == ({"ja": "291"}, 1, None)


@pytest.mark.parametrize("indent", [None, 2, "\t"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_the_same_plan_is_read_from_json(indent: Any, ascii_only: bool) -> None:
    plan = msgspec.structs.replace(read(GOOD), names={"ja": "桜🌸"})
    said = json.dumps(msgspec.to_builtins(plan), indent=indent, ensure_ascii=ascii_only)
    assert read(said) == plan


def test_a_byte_order_mark_and_windows_line_ends_change_nothing() -> None:
    windows = GOOD.replace("\n", "\r\n").encode("utf-8-sig")
    assert read(windows) == read(GOOD)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("~", "~"),
        ("10:00", "10:00"),
        ("2026-01-08", "2026-01-08"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("0777", "0777"),
        (".5", ".5"),
        (".nan", ".nan"),
        ("=", "="),
        ("NULL", "NULL"),
        ("9" * 5_000, None),
    ],
)
def test_words_are_texts_unless_json_knows_them(word: str, text: str | None) -> None:
    plan = changed("ja: 手ぬぐい", f"ja: {word}")
    if text is None:
        assert "expected a text of length 400 or less" in mistakes_of(plan)[0]
    else:
        assert read(plan).prizes[0].names == {"ja": text}


@pytest.mark.parametrize("word", ["3", "-3", "3.5", "1e3", "true", "false"])
def test_what_json_knows_is_no_text_without_quotes(word: str) -> None:
    (found,) = mistakes_of(changed("ja: 手ぬぐい", f"ja: {word}"))
    assert found.startswith("plans/walk.yaml:23: prizes[0].names.ja: expected a text, in quotes")
    assert read(changed("ja: 手ぬぐい", f"ja: '{word}'")).prizes[0].names == {"ja": word}


# --- mistakes -----------------------------------------------------------------------------------

HERE = "plans/walk.yaml"
MISTAKES: list[tuple[str, str, str]] = [
    # What msgspec says, in plain words and at its line.
    ("area: pier\n    stamps", "aera: pier\n    stamps", "12: spots[0].aera: expected one of: id, names, area, stamps, place, address, opens, closes, closed_days, after, clue, kind, near, question, capacity, starts, ends, rally, complete; did you mean area? (found \"pier\")"),
    ("rally: walk", "rally: walk\nzzz: 1", "2: zzz: expected one of: rally, names, time_zone, first_day, last_day, areas, spots, summary, revisit, late_scan_hours_max, carry_over, one_at_a_time, ranks_shown, opens, closes, exceptions, sheets, prizes, survey (found 1)"),
    ("time_zone: Asia/Tokyo\n", "", "1: time_zone: expected a text; it is missing"),
    ("  - id: light\n    names:", "  - names:", "9: spots[0].id: expected lower-case letters, digits and single hyphens; it is missing"),
    ("rally: walk", "rally: My Walk", '1: rally: expected lower-case letters, digits and single hyphens (found "My Walk")'),
    ("rally: walk", "rally: " + "w" * 41, "1: rally: expected a text of length 40 or less"),
    ("rally: walk", "rally: 5", "1: rally: expected lower-case letters, digits and single hyphens, in quotes (found 5)"),
    ("2026-05-05", "2026-5-5", '5: last_day: expected a day such as 2026-01-31 (found "2026-5-5")'),
    ("9:30", "25:30", '15: spots[0].opens: expected a time of day such as 10:00 (found "25:30")'),
    ("9:30", "930", "15: spots[0].opens: expected a time of day such as 10:00 (found 930)"),
    ("9:30", "09:30:00Z", '15: spots[0].opens: expected a time of day such as 10:00 (found "09:30:00Z")'),
    ("stamps: 2", "stamps: two", '13: spots[0].stamps: expected a whole number (found "two")'),
    ("stamps: 2", "stamps: 2.5", "13: spots[0].stamps: expected a whole number (found 2.5)"),
    ("stamps: 2", "stamps: 101", "13: spots[0].stamps: expected a whole number, at most 100 (found 101)"),
    ("stamps: 2", "stamps:", "13: spots[0].stamps: expected a whole number"),
    ("lat: 35.5", "lat: 95.5", "14: spots[0].place.lat: expected a number, at most 90 (found 95.5)"),
    ("lat: 35.5, ", "", "14: spots[0].place.lat: expected a number; it is missing"),
    ("ja: 灯台", "ja:", "11: spots[0].names.ja: expected a text"),
    ("ja: 灯台", 'ja: ""', '11: spots[0].names.ja: expected a text of length 1 or more (found "")'),
    ("ja: 灯台", "ja: x\n      日本語: y", '12: spots[0].names.日本語: expected a language code such as ja, en or zh-Hant (found "日本語")'),
    ("{ja: 桟橋}", "Pier", '7: areas[0].names: expected a text per language, such as {ja: …, en: …} (found "Pier")'),
    ("{ja: 桟橋}", "{}", "7: areas[0].names: expected a mapping (name: value) of length 1 or more"),
    ("kind: all_spots", "kind: all", '24: prizes[0].condition.kind: expected one of: always, stamps, all_spots, spots_of, spots_in_area, areas, bingo_lines, in_order, with_evidence, all_of, any_of (found "all")'),
    ("{kind: all_spots}", "all_spots", '24: prizes[0].condition: expected a mapping whose kind is one of: always, stamps, all_spots, spots_of, spots_in_area, areas, bingo_lines, in_order, with_evidence, all_of, any_of (found "all_spots")'),
    ("winners: 3", "winers: 3", "25: prizes[0].giving.winers: expected one of: kind, winners, chances, tiers, choice, automatic; did you mean winners? (found 3)"),
    ("winners: 3", "winners: 3, chances: two", '25: prizes[0].giving.chances: expected one or per_line (found "two")'),
    ("{kind: all_spots}", "{kind: all_of, conditions: [{kind: stamps, at_least: x}]}", '24: prizes[0].condition.conditions[0].at_least: expected a whole number (found "x")'),
    ("{kind: all_spots}", "{kind: all_of, conditions: []}", "24: prizes[0].condition.conditions: expected a list of length 1 or more"),
    ("{kind: all_spots}", "{kind: any_of, conditions: [{kind: stamp}]}", '24: prizes[0].condition.conditions[0].kind: expected one of: always, stamps, all_spots, spots_of, spots_in_area, areas, bingo_lines, in_order, with_evidence, all_of, any_of (found "stamp")'),
    ("{kind: draw, winners: 3}", "{kind: draw, winners: 3, tiers: [{at_least: 2}]}", "25: prizes[0].giving.tiers[0].chances: expected a whole number; it is missing"),
    ("{kind: draw, winners: 3}", "{kind: draw, winners: 3, automatic: yes}", '25: prizes[0].giving.automatic: expected true or false (found "yes")'),
    ("winners: 3}", "winners: 3}\n    by_post: maybe", '26: prizes[0].by_post: expected true or false (found "maybe")'),
    ("{kind: draw, winners: 3}", "{kind: coupon}\n    by_post: true", "26: prizes[0].by_post: expected false, as this prize is given at the counter; or giving: {kind: draw, …} (found true)"),
    ("prizes:", "exceptions: [{day: 2026-05-32}]\nprizes:", '21: exceptions[0].day: expected a day such as 2026-01-31 (found "2026-05-32")'),
    ("prizes:", "exceptions: [{day: 2026-05-02, close: 10:00}]\nprizes:", '21: exceptions[0].close: expected one of: day, opens, closes, closed, areas; did you mean closes? (found "10:00")'),
    ("prizes:", "carry_over: no\nprizes:", '21: carry_over: expected true or false (found "no")'),
    # What the plan itself says.
    ("{kind: all_spots}", "{kind: spots_of, spots: [ferry, lihgt]}", '24: prizes[0].condition.spots[1]: expected a spot of this plan that gives stamps, not lihgt (found "lihgt")'),
    ("{kind: all_spots}", "{kind: all_of, conditions: [{kind: areas, at_least: 2}]}", "24: prizes[0].condition.conditions[0].at_least: expected at most 1, the areas with so many spots (found 2)"),
    ("prizes:", "exceptions: [{day: 2026-05-06, closed: true}]\nprizes:", '21: exceptions[0].day: expected a day from 2026-05-01 to 2026-05-05 (found "2026-05-06")'),
    ("prizes:", "opens: 9:00\nprizes:", "1: closes: expected both opens and closes"),
    ("stamps: 2", "after: light", '13: spots[0].after: expected a spot that can be reached first; this way leads back here (found "light")'),
    ("Asia/Tokyo", "Asia/Tokio", '3: time_zone: expected a time zone such as Asia/Tokyo (found "Asia/Tokio")'),
    ("area: pier\n    stamps", "area: peir\n    stamps", '12: spots[0].area: expected one of the areas: pier (found "peir")'),
    ("id: ferry", "id: light", '17: spots[1].id: expected an id of its own (light is spots[0]) (found "light")'),
    # Kinds, questions, places, slots, areas.
    ("stamps: 2", "kind: posted", '13: spots[0].kind: expected one of: badge, counted, keyword, printed, quiz, rally, rotating (found "posted")'),
    ("stamps: 2", "kind: keyword", "9: spots[0].question: expected a question, as its kind is keyword"),
    ("stamps: 2", "question: {answers: [x]}", "13: spots[0].question: expected no question, or kind: keyword or quiz"),
    ("stamps: 2", "kind: quiz\n    question: {answers: [x, 5]}", "14: spots[0].question.answers[1]: expected a text, in quotes (found 5)"),
    ("stamps: 2", "kind: quiz\n    question: {answers: []}", "14: spots[0].question.answers: expected a list of length 1 or more"),
    ("stamps: 2", "kind: quiz\n    question: {answer: [x]}", "14: spots[0].question.answer: expected one of: answers, text, choices, attempts; did you mean answers?"),
    ("stamps: 2", "kind: quiz\n    question: {answers: [x], attempts: 21}", "14: spots[0].question.attempts: expected a whole number, at most 20 (found 21)"),
    ("stamps: 2", "kind: quiz\n    question:\n      answers: ['1']\n      choices:\n        - {ja: x}\n        - y", '18: spots[0].question.choices[1]: expected a text per language, such as {ja: …, en: …} (found "y")'),
    ("stamps: 2", "kind: quiz\n    question:\n      choices: [{ja: x}, {ja: y}]\n      attempts: 1\n      answers:\n        - '3'", '18: spots[0].question.answers[0]: expected the number of a choice: 1, 2 (found "3")'),
    ("stamps: 2", "near: 50", "13: spots[0].near: expected a mapping (name: value) (found 50)"),
    ("stamps: 2", "near: {radius_m: 5}", "13: spots[0].near.radius_m: expected a whole number, at least 10 (found 5)"),
    ("stamps: 2", "near: {radius_m: 50, unknown: ask}", '13: spots[0].near.unknown: expected one of: accept, refuse, staff (found "ask")'),
    ("stamps: 2", "capacity: 0", "13: spots[0].capacity: expected a whole number, at least 1 (found 0)"),
    ("stamps: 2", "starts: 9:30", '13: spots[0].starts: expected a day and a time such as 2026-01-31 10:00, without a zone (found "9:30")'),
    ("stamps: 2", "starts: 2026-05-01", '13: spots[0].starts: expected a day and a time such as 2026-01-31 10:00, without a zone (found "2026-05-01")'),
    ("stamps: 2", "ends: 2026-05-01 24:00", '13: spots[0].ends: expected a day and a time such as 2026-01-31 10:00, without a zone (found "2026-05-01 24:00")'),
    ("stamps: 2", "ends: 2026-05-01T09:30:00Z", '13: spots[0].ends: expected a day and a time such as 2026-01-31 10:00, without a zone (found "2026-05-01T09:30:00Z")'),
    ("stamps: 2", "ends: 2026-05-06T00:01:00", '13: spots[0].ends: expected a time from 2026-05-01 to 2026-05-05 (found "2026-05-06T00:01:00")'),
    ("prizes:", "one_at_a_time: yes\nprizes:", '21: one_at_a_time: expected true or false (found "yes")'),
    ("prizes:", "exceptions: [{day: 2026-05-02, closed: true, areas: [peer]}]\nprizes:", '21: exceptions[0].areas[0]: expected one of the areas: pier (found "peer")'),
    ("prizes:", "exceptions: [{day: 2026-05-02, closed: true, areas: pier}]\nprizes:", '21: exceptions[0].areas: expected a list (found "pier")'),
    # What YAML has and a plan must not.
    ("rally: walk", "rally: walk\nrally: run", "2: rally: expected each name once; this one is on line 1 already"),
    ("rally: walk", "rally: &a walk", '1: rally: expected a value without an anchor (found "&a")'),
    ("rally: walk", "rally: !!str walk", '1: rally: expected a value without a tag (found "!!str")'),
    ("rally: walk", "rally: !!python/object/apply:os.system [ls]", '1: rally: expected a value without a tag (found "!!python/object/apply:os.system")'),
    ("rally: walk", "? [rally]\n: walk", "1: expected a name before the colon"),
    ("prizes:", "---\nprizes:", "21: expected the end; a second document begins here"),
    ("prizes:", "prizes: ]", "21: expected YAML or JSON (expected the node content, but found ']')"),
    ("prizes:", "\tprizes:", "21: expected YAML or JSON (found character '\\t' that cannot start any token)"),
    ("rally: walk", "rally: wa\x07lk", '1: expected no control characters (found U+0007)'),
    ("ja: 灯台", 'ja: "a\\0"', "11: spots[0].names.ja: expected a text without control characters or half a character"),
    ("ja: 灯台", 'ja: "\\ud83c"', "11: spots[0].names.ja: expected a text without control characters or half a character"),
    ("ja: 灯台", 'ja: "\\Uffffffff"', "11: expected YAML or JSON (a number here is too large)"),
    ("rally: walk", "rally: " + "[" * 5_000, "1: rally[0][0]: expected values nested at most 12 deep"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), MISTAKES, ids=[m[2][:60] for m in MISTAKES])
def test_a_mistake_is_told_with_its_line_its_field_and_what_was_expected(
    old: str, new: str, expected: str
) -> None:
    found = mistakes_of(changed(old, new))
    assert found == [f"{HERE}:{expected}"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("{kind: bingo_lines, at_least: 1, lines: [diagonal]}", 'lines[0]: expected one of: columns, diagonals, rows (found "diagonal")'),
        ("{kind: bingo_lines, at_least: 1, lines: rows}", 'lines: expected a list (found "rows")'),
        ("{kind: with_evidence, evidence: [bagde], condition: {kind: all_spots}}", 'evidence[0]: expected one of: badge, keyword, paper, place, printed, quiz, rotating (found "bagde")'),
        ("{kind: stamps, at_leest: 1}", "at_leest: expected one of: kind, at_least; did you mean at_least? (found 1)"),
        ("{kind: all_of, conditions: [{kind: stamps, at_leest: 1}]}", "conditions[0].at_leest: expected one of: kind, at_least; did you mean at_least? (found 1)"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_condition_is_told_with_the_words_there_are(
    condition: str, expected: str
) -> None:
    (found,) = mistakes_of(changed("{kind: all_spots}", condition))
    assert found == f"{HERE}:24: prizes[0].condition.{expected}"


def test_a_plan_is_read_with_hours_exceptions_ways_and_conditions_within_conditions() -> None:
    text = changed(
        "prizes:",
        "opens: 9:30\ncloses: 17:00\ncarry_over: false\nrevisit: {kind: daily}\n"
        "exceptions:\n  - {day: 2026-05-02, closes: 21:00}\n  - {day: 2026-05-03, closed: true}\n"
        "prizes:",
    )
    text = changed("    address:\n", "    after: light\n    clue: {ja: 海のほう}\n", text)
    condition = "{kind: all_of, conditions: [{kind: in_order, spots: [light, ferry]}, {kind: with_evidence, evidence: [badge], condition: {kind: always}}]}"
    text = changed("{kind: all_spots}", condition, text)
    text = changed("{kind: draw, winners: 3}", "{kind: coupon, uses: 2, areas: [pier]}", text)
    plan = read(text)
    assert (plan.opens, plan.closes, plan.carry_over) == (time(9, 30), time(17), False)
    assert plan.exceptions == [
        DayException(date(2026, 5, 2), closes=time(21)),
        DayException(date(2026, 5, 3), closed=True),
    ]
    assert (plan.spots[1].after, plan.spots[1].clue) == ("light", {"ja": "海のほう"})
    assert plan.prizes[0].condition == AllOf(
        [InOrder(["light", "ferry"]), WithEvidence(["badge"], Always())]
    )
    assert plan.prizes[0].giving == Coupon(2, ["pier"])


@pytest.mark.parametrize(
    ("written", "hour", "minute", "second"),
    [
        ("2026-05-02 9:30", 9, 30, 0),
        ("2026-05-02 09:30", 9, 30, 0),
        ("'2026-05-02 9:30:15'", 9, 30, 15),
        ("2026-05-02T9:30", 9, 30, 0),
        ("2026-05-02T23:59:59", 23, 59, 59),
        ("2026-05-02 0:00", 0, 0, 0),
    ],
)
@pytest.mark.parametrize("field", ["starts", "ends"])
def test_a_slot_is_read_as_people_write_days_and_times(
    field: str, written: str, hour: int, minute: int, second: int
) -> None:
    spot = read(changed("stamps: 2", f"{field}: {written}")).spots[0]
    assert getattr(spot, field) == datetime(2026, 5, 2, hour, minute, second)  # noqa: DTZ001


def test_a_plan_is_read_with_kinds_questions_places_and_areas_that_are_closed() -> None:
    quiz = "    kind: quiz\n    question: {text: {ja: どれ？}, answers: ['2'], choices: [{ja: 甲}, {ja: 乙}], attempts: 1}\n"
    text = changed("    address:\n", quiz + "    capacity: 30\n")
    text = changed("stamps: 2", "kind: rotating\n    near: {radius_m: 80, unknown: staff}", text)
    closed = "exceptions:\n  - {day: 2026-05-02, closed: true, areas: [pier]}\n"
    daily = "one_at_a_time: true\nrevisit: {kind: daily}\n"
    plan = read(changed("prizes:", daily + closed + "prizes:", text))
    light, ferry = plan.spots
    assert (light.kind, light.near) == ("rotating", Near(80, "staff"))
    choices = [{"ja": "甲"}, {"ja": "乙"}]
    assert ferry.question == Question(["2"], {"ja": "どれ？"}, choices, 1)
    assert (ferry.kind, ferry.capacity, plan.one_at_a_time) == ("quiz", 30, True)
    assert plan.exceptions == [DayException(date(2026, 5, 2), closed=True, areas=["pier"])]


def test_an_alias_is_a_mistake_of_its_own() -> None:
    found = mistakes_of(
        changed("area: pier\n    stamps", "area: *p\n    stamps").replace("id: pier", "id: &p pier")
    )
    assert found == [
        f'{HERE}:7: areas[0].id: expected a value without an anchor (found "&p")',
        f'{HERE}:12: spots[0].area: expected the value written out, not an alias (found "*p")',
    ]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", ":1: expected a plan; there is nothing"),
        (b"# a comment\n", ":1: expected a plan; there is nothing"),
        (b"\n- 1\n", ":2: expected a mapping (name: value)"),
        (b"a: 1\nb: \x82\xa0\n", ":2: expected UTF-8 text"),
        ("rally: walk".encode("utf-16"), ":1: expected UTF-8 text"),
        (b" " * (FILE_BYTES_MAX + 1), ": expected a file of at most 2,000,000 bytes"),
        (b"[" + b"3," * 100_001 + b"]", ":1: [99999]: expected at most 100,000 values in a plan"),
    ],
)
def test_what_is_no_plan_at_all_is_said_plainly(raw: bytes, expected: str) -> None:
    assert mistakes_of(raw) == [HERE + expected]


def test_each_spot_tells_its_first_mistake_and_all_are_told_at_once() -> None:
    text = changed("stamps: 2", "stamps: two").replace('{ja: "291"}', "{ja: 291}")
    assert [one.split(":")[1] for one in mistakes_of(text)] == ["13", "18"]


def test_all_that_only_the_whole_plan_shows_is_told_at_once() -> None:
    text = GOOD.replace("    area: pier", "    area: x").replace("Asia/Tokyo", "Tokyo")
    assert [one.split(":")[1] for one in mistakes_of(text)] == ["3", "12", "19"]


# --- spots from a CSV ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        CSV,
        CSV.encode("utf-8-sig"),
        CSV.replace(",", ";"),
        CSV.replace("\n", "\r\n"),
        CSV.replace("\nferry", "\n,,,,,,,,,,\n\nferry"),
        CSV.replace("light,灯台", "light , 灯台"),
    ],
    ids=["plain", "byte order mark", "semicolons", "windows", "blank rows", "spaces"],
)
def test_spots_come_from_a_csv_as_spreadsheets_save_it(text: str | bytes) -> None:
    light, ferry = read(*with_csv(text)).spots
    assert light == msgspec.structs.replace(
        read(GOOD).spots[0], names={"ja": "灯台", "en": "Lighthouse"}
    )
    assert (ferry.names, ferry.stamps, ferry.place) == ({"ja": "渡し船"}, 1, None)
    assert ferry.address is not None
    assert ferry.address["ja"].split() == ["みなと町", "1-2"]
    assert ferry.closed_days == {"ja": "月曜日"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("灯台,Lighthouse,pier", "灯台,Lighthouse,peir", '2: column area: expected one of the areas: pier (found "peir")'),
        ("light,", ",", "2: column id: expected lower-case letters, digits and single hyphens; it is missing"),
        ("灯台,Lighthouse", ",", "2: column name_ja: expected a text per language, such as {ja: …, en: …}; it is missing"),
        ("pier,2,", "pier,two,", '2: column stamps: expected a whole number (found "two")'),
        ("35.5", "", "2: column lat: expected a number; it is missing"),
        ("35.5", "95.5", "2: column lat: expected a number, at most 90 (found 95.5)"),
        ("9:30", "half", '2: column opens: expected a time of day such as 10:00 (found "half")'),
        ("灯台", "灯\x07台", "2: column name_ja: expected a text without control characters"),
        (",月曜日", ",月曜日,x", '3: expected 11 cells, as there are columns (found "12")'),
        ("ferry,", "light,", '3: column id: expected an id of its own (light is spots[0]) (found "light")'),
        ("lat,lon", "latt,lon", "1: column latt: expected one of: id, area, kind, stamps, capacity, lat, lon, radius_m, opens, closes, name_<language>, address_<language>, closed_days_<language>; did you mean lat?"),
        ("name_en", "name_english", "1: column name_english: expected one of: id, area, kind, stamps, capacity, lat, lon, radius_m, opens, closes, name_<language>, address_<language>, closed_days_<language>"),
        ("name_en", "name_ja", "1: column name_ja: expected each column once"),
        ('"みなと町', '"みなと"町', "3: expected a row of a CSV (',' expected after '\"')"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_cell_is_told_with_the_csvs_line_and_column(
    old: str, new: str, expected: str
) -> None:
    found = mistakes_of(*with_csv(changed(old, new, CSV)))
    assert found == [f"plans/spots.csv:{expected}"]


CSV_OF_KINDS = """\
id,name_ja,area,kind,capacity,lat,lon,radius_m
light,灯台,pier,rotating,30,35.5,139,80
ferry,渡し船,pier,,,,,
"""


def test_a_csv_has_columns_for_kinds_capacity_and_radius() -> None:
    light, ferry = read(*with_csv(CSV_OF_KINDS)).spots
    assert (light.kind, light.capacity, light.near) == ("rotating", 30, Near(80))
    assert (ferry.kind, ferry.capacity, ferry.near) == ("printed", None, None)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("rotating", "posted", ['2: column kind: expected one of: badge, counted, keyword, printed, quiz, rally, rotating (found "posted")']),
        ("rotating", "quiz", ["2: expected a question, as its kind is quiz"]),
        ("rotating", "counted", ["2: column radius_m: expected nothing here: at a counted spot nobody is known", "2: column capacity: expected nothing here: at a counted spot nobody is known (found 30)"]),
        (",30,", ",many,", ['2: column capacity: expected a whole number (found "many")']),
        (",30,", ",0,", ["2: column capacity: expected a whole number, at least 1 (found 0)"]),
        (",80", ",5", ["2: column radius_m: expected a whole number, at least 10 (found 5)"]),
        (",80", ",80.5", ["2: column radius_m: expected a whole number (found 80.5)"]),
        ("35.5,139", ",", ["2: column lat: expected the place that visitors must be near"]),
        (",kind,capacity,", ",kind,kind,", ["1: column kind: expected each column once"]),
    ],
)  # fmt: skip
def test_a_mistake_in_a_cell_about_proof_is_told_with_its_line_and_column(
    old: str, new: str, expected: list[str]
) -> None:
    found = mistakes_of(*with_csv(changed(old, new, CSV_OF_KINDS)))
    assert found == [f"plans/spots.csv:{one}" for one in expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["1: expected a row that names the columns"]),
        ("name_ja\n", ["1: column id: expected this column", "1: column area: expected this column"]),
        ("id,area\n", ["1: column name_ja: expected this column, or that of another language"]),
        ("あ".encode("cp932"), ['1: expected UTF-8 text (in Excel: save as "CSV UTF-8")']),
    ],
)  # fmt: skip
def test_a_csv_without_its_columns_is_a_mistake(text: str | bytes, expected: list[str]) -> None:
    assert mistakes_of(*with_csv(text)) == [f"plans/spots.csv:{one}" for one in expected]


def test_a_line_after_a_cell_of_two_lines_is_counted_right() -> None:
    found = mistakes_of(*with_csv(CSV + "x,え,,nowhere,,,,,,,\n"))
    assert found == [
        'plans/spots.csv:5: column area: expected one of the areas: pier (found "nowhere")'
    ]


def test_more_mistakes_than_one_can_mend_are_cut_short() -> None:
    rows = "".join(f"s{n},x,nowhere\n" for n in range(MISTAKES_MAX + 7))
    with pytest.raises(PlanMistakes) as raised:
        read(*with_csv("id,name_ja,area\n" + rows))
    assert len(raised.value.mistakes) == MISTAKES_MAX
    assert str(raised.value).endswith("\n… and 7 more mistakes")


@pytest.mark.parametrize(
    ("spots", "expected"),
    [
        ("{csv: ../spots.csv}", "spots.csv: expected a file in the plan's folder or below it"),
        ("{csv: /etc/passwd}", "spots.csv: expected a file in the plan's folder or below it"),
        ("{csv: 'C:\\spots.csv'}", "spots.csv: expected a file in the plan's folder or below it"),
        ("{csv: gone.csv}", "spots.csv: expected a CSV file that can be read (No such file or"),
        ("{csv: 3}", "spots: expected a list of spots, or {csv: FILE}"),
        ("{cvs: spots.csv}", "spots: expected a list of spots, or {csv: FILE}"),
        ("{csv: spots.csv, more: 1}", "spots: expected a list of spots, or {csv: FILE}"),
    ],
)
def test_a_csv_that_is_not_in_the_plans_folder_is_a_mistake_of_the_plan(
    spots: str, expected: str
) -> None:
    (found,) = mistakes_of(changed("{csv: spots.csv}", spots, CSV_PLAN))
    assert found.startswith(f"{HERE}:8: {expected}")


# --- files --------------------------------------------------------------------------------------


def test_a_plan_and_its_csv_are_read_from_their_folder(tmp_path: Path) -> None:
    (tmp_path / "あ b").mkdir()
    (tmp_path / "あ b" / "spots.csv").write_text(CSV, encoding="utf-8")
    file = tmp_path / "あ b" / "plan.yaml"
    file.write_text(CSV_PLAN, encoding="utf-8")
    assert [spot.id for spot in read_plan(file).spots] == ["light", "ferry"]


def test_a_link_does_not_lead_out_of_the_plans_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text(CSV, encoding="utf-8")
    (tmp_path / "plan").mkdir()
    (tmp_path / "plan" / "spots.csv").symlink_to(tmp_path / "secret.csv")
    (tmp_path / "plan" / "plan.yaml").write_text(CSV_PLAN, encoding="utf-8")
    with pytest.raises(PlanMistakes, match="it lies outside the plan's folder"):
        read_plan(tmp_path / "plan" / "plan.yaml")


@pytest.mark.parametrize("name", ["gone.yaml", "."])
def test_a_file_that_cannot_be_read_is_a_mistake_with_the_reason(tmp_path: Path, name: str) -> None:
    with pytest.raises(PlanMistakes, match=r"expected a file that can be read \((No such|Is a)"):
        read_plan(tmp_path / name)


# --- whatever comes -----------------------------------------------------------------------------


def survives(raw: bytes, open_csv: OpenCsv = no_csv) -> None:
    """Read it, or say what is wrong: in a line or more, each with its place."""
    told: list[FileMistake] | None = None
    try:
        is_fit(read(raw, open_csv))
    except PlanMistakes as raised:
        told = raised.mistakes
    assert told is None or told
    for one in told or ():
        assert one.expected
        assert "\n" not in str(one)


def is_fit(plan: Plan) -> None:
    """A plan that was read can be used, kept, and read again."""
    assert mistakes(plan) == []
    course = Course(plan)
    everywhere = Seen(course.every_spot, [(bit, "printed") for bit in course.bit_of.values()])
    for _, gauge in course.gauges:
        assert gauge(Seen(0)).have <= gauge(everywhere).have
    for spot in plan.spots:
        course.slot(spot)
        course.next_opening(course.starts, spot.area)
    said = msgspec.json.encode(plan)
    assert msgspec.json.decode(said, type=Plan) == plan
    assert read(said) == plan


YAML_BITS = st.sampled_from(
    [b"[", b"]", b"{", b"}", b": ", b"- ", b"? ", b"| ", b"> ", b'"', b"'", b"&a ", b"*a", b"!!x ",
     b"\n", b"\n  ", b"\t", b"# ", b"---\n", b"...\n", b"%YAML 1.1\n", b"\\", b"\\U", b"9" * 5_000,
     b"\xff", b"\x00", "あ".encode(), b"null", b"1e999", b"-", b"csv", b"kind", b"spots", b",", b"<<: "]
)  # fmt: skip


@given(st.binary(max_size=200))
@example(b'"\\Uffffffff"')
@example(b"%YAML 1." + b"9" * 5_000 + b"\n--- a\n")
@example(b"\xef\xbb\xbf")
@example(b"[" * 100_000)
@example(b"{a: " * 100_000)
@example(b"- " * 100_000)
@example(b"? " * 100_000)
def test_random_bytes_are_never_a_crash(raw: bytes) -> None:
    survives(raw)


@given(st.lists(YAML_BITS, max_size=40).map(b"".join))
def test_random_yaml_is_never_a_crash(raw: bytes) -> None:
    survives(raw)


@given(
    st.lists(st.tuples(st.integers(0, 700), st.integers(0, 60), YAML_BITS), min_size=1, max_size=4)
)
def test_a_good_plan_with_pieces_replaced_is_never_a_crash(
    edits: list[tuple[int, int, bytes]],
) -> None:
    raw = GOOD.encode()
    for at, length, bit in edits:
        raw = raw[:at] + bit + raw[at + length :]
    survives(raw)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["2026-01-01", "10:00", "pier", "draw", "csv"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["id", "names", "ja", "kind", "at_least", "csv", "lat", "x"])
        | st.text(max_size=5),
        inner,
        max_size=3,
    ),
    max_leaves=8,
)  # fmt: skip


@given(st.data())
def test_a_good_plan_with_any_value_anywhere_is_never_a_crash(data: st.DataObject) -> None:
    values = msgspec.to_builtins(read(GOOD))
    place: Any = values
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(JSON_VALUES)
    survives(json.dumps(values).encode())


CSV_BITS = st.sampled_from(
    [b",", b";", b'"', b"\n", b"\r", b"\r\n", b"\x00", b"\xff", b"id", b"name_ja", b"area", b"lat",
     b"9" * 5_000, b"nan", b"1e999", b"pier", "あ".encode(), b"x" * 140_000]
)  # fmt: skip


@given(
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 40), CSV_BITS), min_size=1, max_size=4)
)
def test_a_good_csv_with_pieces_replaced_is_never_a_crash(
    edits: list[tuple[int, int, bytes]],
) -> None:
    raw = CSV.encode()
    for at, length, bit in edits:
        raw = raw[:at] + bit + raw[at + length :]
    survives(CSV_PLAN.encode(), lambda name: raw)


READY = {
    path.parent.name: (path.read_bytes(), {csv.name: csv.read_bytes() for csv in path.parent.glob("*.csv")})
    for path in sorted(PLANS.glob("*/plan.yaml"))
}  # fmt: skip
READY_LINES = sorted({line for text, _ in READY.values() for line in text.split(b"\n")})
PARTS = st.sampled_from(READY_LINES) | st.binary(max_size=6) | YAML_BITS
WORDS = sorted({word for line in READY_LINES for word in re.split(rb"[\s{},\[\]]+", line) if word})
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["drop", "double", "move", "splice", "word", "cut", "bits"]),
        st.integers(0, 10_000),
        st.integers(0, 10_000),
        PARTS,
        st.sampled_from(WORDS),
    ),
    min_size=1,
    max_size=5,
)


def edited(text: bytes, edits: list[tuple[str, int, int, bytes, bytes]]) -> bytes:
    """A plan's text after somebody was careless with it."""
    lines = text.split(b"\n")
    for how, where, other, part, word in edits:
        at = where % len(lines)
        line = lines[at]
        match how:
            case "drop":
                lines[at : at + 1 + other % 3] = [] if len(lines) > 4 else [b""]
            case "double":
                lines.insert(at, line)
            case "move":
                lines.insert(other % len(lines), lines.pop(at))
            case "splice":
                lines.insert(at, part)
            case "cut":
                lines[at] = line[: other % (len(line) + 1)]
            case "word":
                words = list(re.finditer(rb"[^\s{},\[\]]+", line))
                if words:
                    begins, ends = words[other % len(words)].span()
                    lines[at] = line[:begins] + word + line[ends:]
            case _:
                middle = other % (len(line) + 1)
                lines[at] = line[:middle] + part + line[middle:]
    return b"\n".join(lines)


@pytest.mark.parametrize("name", READY)
@settings(max_examples=settings.default.max_examples // 4)  # of each plan
@given(edits=EDITS)
def test_a_ready_plan_that_was_edited_carelessly_is_a_plan_or_has_mistakes(
    name: str, edits: list[tuple[str, int, int, bytes, bytes]]
) -> None:
    text, tables = READY[name]
    tables = {file: edited(table, edits[2:]) for file, table in tables.items()}

    def open_csv(file: str) -> bytes:
        return tables.get(file) or no_csv(file)

    survives(edited(text, edits), open_csv)


IDS = st.sampled_from(["pier", "light", "ferry", "towel", "north"])
TEXTS = st.sampled_from(["海", "1", "2", "!", "light"])
DAYS = st.sampled_from(["2026-05-01", "2026-05-03", "2026-05-09"])
CLOCKS = st.sampled_from(["0:00", "9:30", "17:00:30"])


def like(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Plain values of a type of the plan's; ids, days and times mostly those of GOOD."""
    match kind:
        case inspect.Metadata():
            return like(kind.type)
        case inspect.StructType():
            return STRUCTS.setdefault(kind.cls, st.deferred(lambda: struct_like(kind)))
        case inspect.UnionType():
            return st.one_of([like(each) for each in kind.types])
        case inspect.ListType() | inspect.VarTupleType():
            return st.lists(like(kind.item_type), min_size=kind.min_length or 0, max_size=3)
        case inspect.IntType():
            lowest = kind.ge or 0
            return st.integers(lowest, lowest + 3)
    return PLAIN[type(kind)](kind)


def struct_like(kind: inspect.StructType) -> st.SearchStrategy[Any]:
    """Each field that must be there, and some of the others."""
    needed = {} if kind.tag is None else {str(kind.tag_field): st.just(kind.tag)}
    fields = {one.encode_name: field_like(one) for one in kind.fields}
    needed |= {one.encode_name: fields.pop(one.encode_name) for one in kind.fields if one.required}
    return st.fixed_dictionaries(needed, optional=fields)


def field_like(field: inspect.Field) -> st.SearchStrategy[Any]:
    return MOSTLY[field.encode_name] if field.encode_name in MOSTLY else like(field.type)


MOSTLY: dict[str, st.SearchStrategy[Any]] = {
    "area": st.sampled_from(["pier", "pier", "pier", "ferry"]),
    "after": st.sampled_from([None, "light"]),
    "time_zone": st.sampled_from(["Asia/Tokyo", "UTC", "Europe/Berlin", "Tokyo"]),
    "first_day": st.just("2026-05-01"),
    "areas": st.sampled_from([[], ["pier"], ["pier", "north"]]),
}
"""Otherwise hardly any of them would be good."""
STRUCTS: dict[type, st.SearchStrategy[Any]] = {}
"""Each once: conditions hold conditions."""
PLAIN: dict[type, Callable[[Any], st.SearchStrategy[Any]]] = {
    inspect.StrType: lambda kind: IDS if kind.pattern else IDS | TEXTS,
    inspect.LiteralType: lambda kind: st.sampled_from(kind.values),
    inspect.DictType: lambda _: st.dictionaries(st.sampled_from(["ja", "en"]), TEXTS, min_size=1),
    inspect.FloatType: lambda _: st.sampled_from([0, 35.5, -90]),
    inspect.BoolType: lambda _: st.booleans(),
    inspect.DateType: lambda _: DAYS,
    inspect.TimeType: lambda _: CLOCKS,
    inspect.DateTimeType: lambda _: st.builds("{} {}".format, DAYS, CLOCKS),
    inspect.NoneType: lambda _: st.none(),
}
PLAN_TYPE = inspect.type_info(Plan)
assert isinstance(PLAN_TYPE, inspect.StructType)
FIXED = {"rally", "areas", "first_day", "last_day"}
PLAN_LIKE = {
    one.encode_name: field_like(one) for one in PLAN_TYPE.fields if one.encode_name not in FIXED
}


@given(st.data())
def test_a_plan_of_any_values_of_the_right_types_is_a_plan_or_has_mistakes(
    data: st.DataObject,
) -> None:
    """Given a good plan; when some of its parts are others, one of them perhaps of a wrong type."""
    values = msgspec.to_builtins(read(GOOD))
    fields = data.draw(st.lists(st.sampled_from(sorted(PLAN_LIKE)), min_size=1, max_size=3))
    for field in fields:
        values[field] = data.draw(PLAN_LIKE[field], field)
    if isinstance(values["spots"], list) and data.draw(st.booleans()):
        values["spots"][-1] |= data.draw(like(inspect.type_info(Spot)), "spot")
    if data.draw(st.integers(0, 4)) == 4:
        values[data.draw(st.sampled_from(sorted(PLAN_LIKE)))] = data.draw(JSON_VALUES)
    survives(json.dumps(values).encode())


# --- the plans we ship --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tokyo() -> Plan:
    return read_plan(TOKYO)


def test_tokyos_rally_is_as_published(tokyo: Plan) -> None:
    assert (tokyo.first_day, tokyo.last_day) == (date(2026, 1, 8), date(2026, 2, 28))
    assert len(tokyo.spots) == 43
    assert sum(len(lines_of(sheet)) for sheet in tokyo.sheets) == 36
    assert {spot.id for spot in tokyo.spots if spot.stamps != 1} == {
        "ishikawa-yaesu",
        "kanazawa-ginza",
        "yamagata-ginza",
    }
    assert {spot.stamps for spot in tokyo.spots} == {1, 3}
    said = [(p.condition, p.giving) for p in tokyo.prizes]
    assert said == [
        (BingoLines(1), Draw(600, "per_line")),
        (BingoLines(36), Draw(20, "one")),
    ]


def test_tokyos_names_are_in_japanese_and_english_and_its_shops_in_tokyo(tokyo: Plan) -> None:
    named = [tokyo.names, tokyo.summary, *(prize.names for prize in tokyo.prizes)]
    named += [thing.names for thing in chain(tokyo.areas, tokyo.spots, tokyo.sheets)]
    assert {tuple(one) for one in named if one} == {("ja", "en")}
    for spot in tokyo.spots:
        assert spot.place is not None
        assert 35.5 < spot.place.lat < 35.9
        assert 139.3 < spot.place.lon < 139.9
        assert spot.address is not None
        assert spot.address["ja"].startswith("東京都")
    assert {spot.area for spot in tokyo.spots} == {area.id for area in tokyo.areas}


def test_every_shop_is_on_a_sheet_and_those_of_three_stamps_on_all_three(tokyo: Plan) -> None:
    times = Counter(chain.from_iterable(chain.from_iterable(s.rows for s in tokyo.sheets)))
    assert set(times) == {spot.id for spot in tokyo.spots}
    assert {spot for spot, n in times.items() if n == 3} == {
        spot.id for spot in tokyo.spots if spot.stamps == 3
    }


def test_the_rows_of_the_sheets_are_walks(tokyo: Plan) -> None:
    """Neighbours are within 1 km of each other, but for three rows that say that they ride."""
    place = {spot.id: spot.place for spot in tokyo.spots}

    def km(one: str, other: str) -> float:
        a, b = place[one], place[other]
        assert a is not None
        assert b is not None
        return hypot((a.lon - b.lon) * 111.3 * cos(radians(35.7)), (a.lat - b.lat) * 111)

    rides = [
        (sheet.id, number)
        for sheet in tokyo.sheets
        for number, row in enumerate(sheet.rows)
        if max(km(*pair) for pair in combinations(row, 2)) > 1.5
    ]
    assert rides == [("south-and-east", 1), ("south-and-east", 4), ("west", 4)]


def test_the_plan_in_the_readme_is_good_and_its_mistakes_are_told_as_it_says() -> None:
    (said,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    (told,) = re.findall(r"```\n(plan\.yaml.*?)```", README, re.DOTALL)
    assert len(read(said).spots) == 2
    lines = said.split("\n")
    for line in told.strip().split("\n")[:2]:
        number = int(line.split(":")[1])
        old, new = (("area", "aera"), ("all_spots", "all"))["condition.kind" in line]
        bad = [*lines]
        bad[number - 1] = bad[number - 1].replace(old, new)
        with pytest.raises(PlanMistakes) as raised:
            parse_plan("\n".join(bad).encode(), "plan.yaml", no_csv)
        assert str(raised.value) == line
