"""Forms to plans: what was typed is kept, what is meant is understood, what is wrong is told."""

from typing import Any

import pytest
from builders import plan
from hypothesis import given
from hypothesis import strategies as st
from support import PLANS
from test_export import PLANS_MADE
from test_plan import NEW, PROOF
from test_plan_files import MISTAKES

from domain.mistakes import mistakes
from domain.plan import Plan
from service.plan_files import read_plan
from service.plan_files.plain import plain
from service.plan_forms.basics import with_basics
from service.plan_forms.days import with_day, without_day
from service.plan_forms.differences import differences, rebased
from service.plan_forms.encodings import UnreadableFile, read
from service.plan_forms.form import Form, digest, free, slug
from service.plan_forms.judge import judge
from service.plan_forms.prizes import kind_of, with_prize, without_prize
from service.plan_forms.rules import made_sheet, near_of, with_rules
from service.plan_forms.sentences import _OTHERWISE, sentence
from service.plan_forms.spots import with_spot, without_spot
from service.plan_forms.table import read_table, taken

READY = sorted(path.parent.name for path in PLANS.glob("*/plan.yaml"))


def form(**fields: Any) -> Form:
    """A form; `__` in a name is a dot."""
    named = {name.replace("__", "."): value for name, value in fields.items()}
    return Form({n: v if isinstance(v, list) else [v] for n, v in named.items()})


# --- plain values --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", READY)
def test_a_ready_plan_survives_being_filled_in(name: str) -> None:
    ready = read_plan(PLANS / name / "plan.yaml")
    judged = judge(plain(ready))
    assert (judged.plan, judged.faults) == (ready, {})


@given(PLANS_MADE)
def test_what_is_wrong_in_a_plan_is_told_by_its_field(made: Plan) -> None:
    judged = judge(plain(made))
    found = mistakes(made)
    assert (judged.plan == made) == (not found)
    assert sum(map(len, judged.faults.values())) <= len(found)
    assert bool(judged.faults) == bool(found)


def test_every_field_says_what_is_wrong_in_it() -> None:
    values = {
        "rally": "My Walk",
        "first_day": "soon",
        "areas": [],
        "spots": [{"id": "A", "stamps": "x"}],
    }
    faults = judge(values).faults
    assert {"rally", "first_day", "names", "time_zone", "last_day", "areas"} <= faults.keys()
    assert {"spots[0].id", "spots[0].stamps", "spots[0].names", "spots[0].area"} <= faults.keys()
    assert judge(values).of_step("prizes") == {}
    assert "spots[0].id" in judge(values).of_step("spots")


def test_days_are_judged_while_prizes_have_mistakes() -> None:
    values = plain(plan())
    values |= {"last_day": "2026-01-01", "prizes": [{"id": "x"}]}
    faults = judge(values).faults
    assert {"last_day", "prizes[0].names"} <= faults.keys()
    assert not [where for where in faults if where.startswith(("spots", "areas"))]


# --- sentences -----------------------------------------------------------------------------------

EXPECTED = sorted(
    {expected for _, found in [*NEW, *PROOF] for _, expected in found}
    | {said.partition("expected ")[2].rpartition(" (found")[0] or said.partition("expected ")[2] for _, _, said in MISTAKES if "YAML" not in said and "value" not in said and "document" not in said and "colon" not in said and "this one" not in said}
)  # fmt: skip


@pytest.mark.parametrize("expected", EXPECTED)
def test_a_mistake_has_a_sentence_in_every_language(expected: str) -> None:
    said = sentence(expected)
    rare = expected.startswith("a language code") or expected in (
        "true or false",
        "a list",
        "a mapping (name: value)",
        "one or per_line",
    )
    assert rare or said.message != _OTHERWISE, expected
    assert said.message.format(**said.values)


# --- each form -----------------------------------------------------------------------------------


def test_basics_are_kept_as_they_were_typed() -> None:
    after = with_basics(
        {"names": {"fr": "x", "ja": "旧"}},
        form(names__ja="新", names__en="New", first_day="２０２６-05-01", rally=""),
        set(),
    )
    assert after["names"] == {"ja": "新", "en": "New", "fr": "x"}
    assert after["first_day"] == "2026-05-01"
    assert after["rally"] == "new"
    assert "opens" not in after
    fixed = with_basics(
        {"rally": "walk", "time_zone": "UTC"}, form(rally="other"), set(), fixed=True
    )
    assert (fixed["rally"], fixed["time_zone"]) == ("walk", "UTC")


@pytest.mark.parametrize(
    ("wish", "known", "expected"),
    [
        ("walk", set(), "walk"),
        ("walk", {"walk"}, "walk-1"),
        ("", {"spot-1"}, "spot-2"),
        ("w" * 40, {"w" * 40}, "w" * 36 + "-1"),
    ],
)
def test_an_id_is_nobody_elses(wish: str, known: set[str], expected: str) -> None:
    assert free(wish, known, "spot") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Harbour Walk!", "harbour-walk"), ("Café Été", "cafe-ete"), ("港", ""), ("  -- ", "")],
)
def test_an_id_is_made_of_a_name(text: str, expected: str) -> None:
    assert slug(text) == expected


def test_days_off_are_put_in_order_and_replaced() -> None:
    values = plain(plan())
    once = with_day(
        values, form(day="2026-01-10", until="2026-01-11", hours="closed", areas=["east"])
    )
    twice = with_day(
        once,
        form(
            day="2026-01-10",
            hours="other",
            day_opens="10:00",
            day_closes="12:00",
            areas=["east"],
            longer="yes",
        ),
    )
    assert twice["exceptions"] == [
        {"day": "2026-01-10", "opens": "10:00", "closes": "12:00", "areas": ["east"]},
        {"day": "2026-01-11", "closed": True, "areas": ["east"]},
    ]
    assert twice["last_day"] == "2026-03-01"
    first, second = map(digest, twice["exceptions"])
    once_off = without_day(twice, first)
    assert without_day(once_off, first) == once_off, "it is gone already"
    assert "exceptions" not in without_day(once_off, second)
    typed = with_day(values, form(day="tomorrow"))
    assert typed["exceptions"] == [{"day": "tomorrow", "closed": True}]
    assert "exceptions[0].day" in judge(typed).faults


def test_a_spot_keeps_what_its_form_does_not_ask() -> None:
    values = plain(plan())
    asked = {
        "names__ja": "新",
        "area": "east",
        "kind": "quiz",
        "stamps": "１",
        "answers": "はい\nyes\n",
        "question__ja": "?",
        "attempts": "2",
        "lat": "35.5",
        "lon": "x",
        "radius_m": "50",
    }
    after = with_spot(values, form(**asked), 1)
    spot = after["spots"][1]
    assert (spot["id"], spot["stamps"], spot["kind"]) == ("b", 1, "quiz")
    assert spot["question"] == {"answers": ["はい", "yes"], "text": {"ja": "?"}, "attempts": 2}
    assert spot["place"] == {"lat": 35.5, "lon": "x"}
    assert "spots[1].place.lon" in judge(after).faults
    new = with_spot(values, form(names__en="Tea House", area_new="町", kind="printed"), 4)
    assert new["spots"][4] == {"names": {"en": "Tea House"}, "area": "area-1", "id": "tea-house"}
    assert new["areas"][-1] == {"id": "area-1", "names": {"ja": "町"}}
    assert [each["id"] for each in without_spot(values, 0)["spots"]] == ["b", "c", "d"]


def test_choices_keep_their_places() -> None:
    """What is right is the number of a choice: one that lacks a language moves no other."""
    choices = [{"ja": "海"}, {"en": "Hill", "ja": "山"}, {"en": "Lake"}]
    typed = {"choices__ja": "海\r\n山\r\n", "choices__en": "\r\nHill\r\nLake"}
    after = with_spot(plain(plan()), form(names__ja="灯台", area="east", **typed), 0)
    assert after["spots"][0]["question"]["choices"] == choices
    gap = with_spot(after, form(names__ja="灯台", area="east", choices__ja="海\n\n山"), 0)
    assert gap["spots"][0]["question"]["choices"] == [{"ja": "海"}, {}, {"ja": "山"}]
    faults = judge(gap).faults
    assert "spots[0].question.choices[1]" in faults, faults


def test_rules_are_one_for_all_spots() -> None:
    values = plain(plan(sheets=[]))
    values["spots"][0]["place"] = {"lat": 35.5, "lon": 139.5}
    after = with_rules(
        values,
        form(
            revisit="interval",
            minutes="15",
            near="all",
            radius_m="100",
            unknown="staff",
            carry_over="no",
            sheet="3",
        ),
    )
    assert after["revisit"] == {"kind": "interval", "minutes": 15}
    assert after["carry_over"] is False
    assert after["spots"][0]["near"] == {"radius_m": 100, "unknown": "staff"}
    assert (near_of(values), near_of(after)) == ("none", "all")
    assert near_of(with_rules(after, form(near="none"))) == "none"
    assert [len(row) for row in made_sheet(after, 2)["rows"]] == [2, 2]


@pytest.mark.parametrize(
    ("typed", "condition"),
    [
        ({"condition": "stamps", "stamps__at_least": "３"}, {"kind": "stamps", "at_least": 3}),
        (
            {"condition": "stamps", "stamps__at_least": "many"},
            {"kind": "stamps", "at_least": "many"},
        ),
        ({"condition": "all_spots"}, {"kind": "all_spots"}),
        (
            {"condition": "areas", "areas__at_least": "2", "areas__spots_each": "1"},
            {"kind": "areas", "at_least": 2, "spots_each": 1},
        ),
        (
            {"condition": "spots_in_area", "spots_in_area__area": "east"},
            {"kind": "spots_in_area", "area": "east"},
        ),
        ({"condition": "as_it_is"}, {"kind": "in_order", "spots": ["a", "b"]}),
    ],
)
def test_a_prize_is_said_by_sentences(typed: dict[str, str], condition: dict[str, Any]) -> None:
    before = {
        "prizes": [
            {
                "id": "p",
                "names": {"ja": "賞"},
                "condition": {"kind": "in_order", "spots": ["a", "b"]},
                "giving": {"kind": "draw", "winners": 1, "choice": "x"},
            }
        ]
    }
    after = with_prize(before, form(names__ja="賞", giving="draw", winners="5", **typed), 0)
    assert after["prizes"][0]["condition"] == condition
    assert after["prizes"][0]["giving"] == {"kind": "draw", "winners": 5, "choice": "x"}
    other = with_prize(after, form(names__ja="賞", giving="coupon", uses="2", **typed), 0)
    assert other["prizes"][0]["giving"] == {"kind": "coupon", "uses": 2}
    assert "prizes" not in without_prize(after, 0)


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        (None, "stamps"),
        ({"kind": "stamps", "at_least": 1}, "stamps"),
        ({"kind": "bingo_lines", "at_least": 1, "sheet": "x"}, "as_it_is"),
        ({"kind": "any_of"}, "as_it_is"),
    ],
)
def test_a_condition_that_no_sentence_says_is_left_alone(condition: Any, kind: str) -> None:
    assert kind_of(condition) == kind


# --- tables --------------------------------------------------------------------------------------


@pytest.mark.parametrize("between", [",", ";", "\t"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_a_table_is_understood_as_offices_save_it(between: str, ends: str, codec: str) -> None:
    text = "名称,エリア,緯度,経度,開店,備考\n灯台,港,３５.４,139.6,9:30,x\n渡し船,港,,,,\n".replace(
        ",", between
    ).replace("\n", ends)
    table = read_table(read(text.encode(codec)).text, {}, "ja")
    assert [row.mistakes for row in table.rows] == [[], []]
    assert table.rows[0].spot == {
        "names": {"ja": "灯台"},
        "area": "area-1",
        "place": {"lat": 35.4, "lon": 139.6},
        "opens": "09:30",
        "id": "spot-1",
    }
    assert (table.left_out, table.wrong) == (["備考"], "")
    assert table.new_areas == [{"id": "area-1", "names": {"ja": "港"}}]


def test_a_table_renews_spots_by_name_and_keeps_what_it_cannot_hold() -> None:
    values = plain(read_plan(PLANS / "old-town-treasure-hunt" / "plan.yaml"))
    first = values["spots"][0]
    name = first["names"]["ja"]
    table = read_table(
        f"name_ja,area,stamps\n{name},{first['area']},5\n新,{first['area']},1", values, "ja"
    )
    after = taken(values, table, replace=False)
    assert after["spots"][0] == {**first, "stamps": 5, "names": first["names"]}
    assert len(after["spots"]) == len(values["spots"]) + 1
    assert [spot["names"]["ja"] for spot in taken(values, table, replace=True)["spots"]] == [
        name,
        "新",
    ]


@pytest.mark.parametrize("row", ["a,別の名,,x", ",{name},,x", "B!,{name},east,1"])
def test_a_spot_whose_row_is_to_be_mended_stays_as_it_was(row: str) -> None:
    values = plain(plan())
    values["spots"][0] |= {"names": {"ja": "灯台"}, "clue": {"ja": "橋"}}
    wrong = row.format(name=values["spots"][0]["names"]["ja"])
    table = read_table(f"id,name_ja,area,stamps\nb,Bee,east,1\n{wrong}", values, "ja")
    assert [bool(each.mistakes) for each in table.rows] == [False, True]
    after = taken(values, table, replace=True)
    assert after["spots"][0] == values["spots"][0]
    assert [each["id"] for each in after["spots"]] == ["a", "b"]


def test_each_mistake_of_a_table_has_its_line_and_column() -> None:
    table = read_table(
        "id,name_ja,area,lat,opens\na,A,x,95,9:00\nB!,,x,1,25:00\n\na,C,x,,", {}, "ja"
    )
    told = {(row.line, each.field) for row in table.rows for each in row.mistakes}
    assert told >= {(2, "column lat"), (3, "column id"), (3, "column opens")}
    assert table.wrong.splitlines()[0] == "id,name_ja,area,lat,opens"
    assert read_table("", {}, "ja").mistakes
    assert read_table('name_ja,area\n"a', {}, "ja").mistakes
    assert read_table("area\nx", {}, "ja").mistakes


@given(st.text(max_size=200), st.sampled_from(["ja", "en"]))
def test_any_text_is_looked_over_without_harm(text: str, language: str) -> None:
    table = read_table(text, {}, language)
    assert table.mistakes or len(table.rows) <= text.count("\n") + text.count("\r") + 1


@given(st.binary(max_size=100))
def test_any_file_is_read_or_refused(raw: bytes) -> None:
    try:
        text = read(raw).text
    except UnreadableFile:
        return
    assert "\r" not in text


# --- differences ---------------------------------------------------------------------------------


def test_differences_are_told_by_section_item_and_field() -> None:
    before = plain(plan())
    after = with_day(before, form(day="2026-01-10", hours="closed"))
    after["spots"][0]["stamps"] = 9
    after["prizes"] = after["prizes"][1:]
    after["last_day"] = "2026-03-01"
    told = [
        (each.section, each.item and each.item.get("id"), each.field)
        for each in differences(before, after)
    ]
    assert told == [
        ("last_day", None, "last_day"),
        ("spots", "a", "stamps"),
        ("prizes", "five", None),
        ("exceptions", None, None),
    ]
    assert differences(before, before) == []
    turned = {**before, "areas": before["areas"][::-1]}
    assert [each.field for each in differences(before, turned)] == ["order"]


def test_two_changes_at_once_are_both_kept_where_they_can_be() -> None:
    base = {"a": 1, "b": 1, "c": 1}
    assert rebased(base, {"a": 2, "b": 1, "c": 1}, {"a": 1, "b": 3, "c": 1}) == (
        {"a": 2, "b": 3, "c": 1},
        [],
    )
    assert rebased(base, {"a": 2, "b": 1}, {"a": 3, "b": 1, "c": 1}) == ({"a": 2, "b": 1}, ["a"])
