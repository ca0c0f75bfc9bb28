"""Plans written as files: what is written reads back as the very plan, and reads well."""

import csv
import io
from datetime import date, datetime, time
from typing import Any

import msgspec
import pytest
from builders import plan
from hypothesis import given
from hypothesis import strategies as st
from strategies import ORDERED, SHEETS, UNORDERED, nested
from support import PLANS

from domain.place import Place
from domain.plan import (
    Choice,
    Coupon,
    DayException,
    Draw,
    FirstCome,
    Near,
    OncePerDay,
    OncePerInterval,
    OncePerRally,
    Plan,
    Prize,
    Question,
    Spot,
    SurveyQuestion,
    Tier,
)
from service.plan_files import parse_plan, read_plan
from service.plan_files.convert import converted
from service.plan_files.document import Document
from service.plan_files.export import TITLES, spots_table, written

READY = sorted(path.parent.name for path in PLANS.glob("*/plan.yaml"))


def no_csv(name: str) -> bytes:
    raise AssertionError(f"a written plan names no other file, such as {name}")


def reread(text: str) -> Plan:
    return parse_plan(text.encode(), "plan.yaml", no_csv)


@pytest.mark.parametrize("name", READY)
def test_a_ready_plan_is_written_and_read_back_as_it_was(name: str) -> None:
    ready = read_plan(PLANS / name / "plan.yaml")
    assert reread(written(ready)) == ready


# Whatever may stand in a plan: a text with a quote, a hash, a colon, a line end, a number, a word.
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"),
    min_size=1,
    max_size=60,
) | st.sampled_from(
    [
        "no",
        "~",
        "null",
        "10:00",
        "2026-01-08",
        "1e3",
        "- a",
        "#",
        "a: b",
        "{x}",
        "=",
        "'",
        '"',
        " a ",
    ]
)
NAMES = st.dictionaries(st.sampled_from(["ja", "en", "zh-Hant", "ko"]), TEXTS, min_size=1)
TIMES = st.times().map(lambda at: at.replace(microsecond=0, tzinfo=None)) | st.times()
MOMENTS = st.datetimes(datetime(2026, 1, 8), datetime(2026, 2, 28))  # noqa: DTZ001
PLACES = st.builds(Place, st.floats(-90, 90), st.floats(-180, 180))
GIVINGS = st.one_of(
    st.builds(FirstCome, st.none() | st.integers(1, 99), st.none() | st.integers(1, 9)),
    st.builds(Coupon, st.integers(1, 9), st.sampled_from([[], ["east"], ["east", "west"]])),
    st.builds(
        Draw,
        st.integers(1, 99),
        st.sampled_from(["one", "per_line"]),
        st.sampled_from([[], [Tier(2, 2), Tier(3, 4)]]),
        st.sampled_from([None, "favourite"]),
        st.booleans(),
    ),
)
QUESTIONS = st.builds(
    Question,
    st.lists(TEXTS, min_size=1, max_size=3),
    st.none() | NAMES,
    st.lists(NAMES, max_size=3),
    st.integers(1, 20),
)
SPOTS = st.lists(
    st.builds(
        Spot,
        st.sampled_from(["a", "b", "c", "d", "007", "1e3", "true", "null", "2026-01-08"]),
        NAMES,
        st.sampled_from(["east", "west"]),
        stamps=st.integers(0, 100),
        place=st.none() | PLACES,
        address=st.none() | NAMES,
        opens=st.none() | TIMES,
        closes=st.none() | TIMES,
        closed_days=st.none() | NAMES,
        after=st.none() | st.just("a"),
        clue=st.none() | NAMES,
        kind=st.sampled_from(["printed", "rotating", "quiz", "badge"]),
        near=st.none()
        | st.builds(Near, st.integers(10, 100), st.sampled_from(["accept", "staff"])),
        question=st.none() | QUESTIONS,
        capacity=st.none() | st.integers(1, 99),
        starts=st.none() | MOMENTS,
        ends=st.none() | MOMENTS,
    ),
    min_size=1,
    max_size=4,
)
PRIZES = st.lists(
    st.builds(
        Prize,
        st.sampled_from(["one", "two"]),
        NAMES,
        nested(UNORDERED | ORDERED),
        GIVINGS,
        st.booleans(),
    ),
    max_size=3,
)
EXCEPTIONS = st.lists(
    st.builds(
        DayException,
        st.dates(date(2026, 1, 8), date(2026, 2, 28)),
        st.none() | TIMES,
        st.none() | TIMES,
        st.booleans(),
        st.sampled_from([[], ["west"]]),
    ),
    max_size=2,
)
SURVEYS = st.lists(
    st.builds(
        SurveyQuestion,
        st.just("home"),
        NAMES,
        st.lists(st.builds(Choice, st.just("x"), NAMES), min_size=2, max_size=3),
    ),
    max_size=2,
)
PLANS_MADE = st.builds(
    lambda **made: plan(**made),
    names=NAMES,
    summary=st.none() | NAMES,
    spots=SPOTS,
    prizes=PRIZES,
    exceptions=EXCEPTIONS,
    sheets=st.sampled_from([[], SHEETS]),
    survey=SURVEYS,
    revisit=st.sampled_from([OncePerRally(), OncePerDay(), OncePerInterval(15)]),
    carry_over=st.booleans(),
    one_at_a_time=st.booleans(),
    late_scan_hours_max=st.integers(0, 99),
    opens=st.none() | TIMES,
    closes=st.none() | TIMES,
)


def taken(text: str) -> Plan:
    """As `reread`, but also of a plan that has mistakes: these are not the writer's."""
    from service.plan_files.values import Reader

    document = Document("plan.yaml")
    document.values = Reader(text, document).read()
    document.stop_if_mistaken()
    return converted(document)


@given(PLANS_MADE)
def test_any_plan_is_written_and_read_back_as_it_was(made: Plan) -> None:
    assert taken(written(made)) == made


def test_it_reads_as_a_person_would_write_it() -> None:
    text = written(
        plan(
            opens=time(9),
            closes=time(17, 30),
            exceptions=[DayException(date(2026, 1, 9), closed=True)],
            spots=[
                Spot("a", {"ja": "灯台"}, "east", place=Place(35.5, 139.0), opens=time(9, 30)),
                Spot("b", {"ja": "291"}, "east"),
            ],
            sheets=[],
            prizes=[],
        )
    )
    for line in (
        "first_day: 2026-01-08",
        "opens: 09:00",
        "  - {day: 2026-01-09, closed: true}",
        "revisit: {kind: daily}",
        "  - id: a",
        "    names: {ja: 灯台}",
        "    place: {lat: 35.5, lon: 139.0}",
        "    opens: 09:30",
        "    names: {ja: '291'}",
        f"# {TITLES['spots']}",
    ):
        assert line in text.splitlines(), text
    for unsaid in ("late_scan", "carry_over", "stamps:", "kind: printed", "sheets", "prizes"):
        assert unsaid not in text


def test_the_titles_are_in_the_language_of_whoever_asks() -> None:
    assert "# !Spots" in written(plan(), lambda title: f"!{title}")


def test_the_spots_as_a_table_read_back() -> None:
    ready = read_plan(PLANS / "tokyo-antenna-shops" / "plan.yaml")
    table = spots_table(ready)
    document = msgspec.json.encode(msgspec.structs.replace(ready, spots=ready.spots[:1]))
    said: dict[str, Any] = msgspec.json.decode(document)
    said["spots"] = {"csv": "spots.csv"}
    again = parse_plan(msgspec.json.encode(said), "plan.json", lambda _: table.encode("utf-8-sig"))
    assert again.spots == ready.spots
    header = next(csv.reader(io.StringIO(table)))
    assert header[:2] == ["id", "name_ja"]
    assert "capacity" not in header
