"""mistakes(): what a plan's types alone cannot rule out, each at its place."""

from datetime import date, datetime, time
from typing import Any

import msgspec
import pytest
from builders import names, plan
from hypothesis import given
from hypothesis import strategies as st

from domain import mistakes as mistakes_module
from domain.conditions import (
    AllOf,
    AllSpots,
    Always,
    AnyOf,
    Areas,
    BingoLines,
    InOrder,
    SpotsInArea,
    SpotsOf,
    Stamps,
    WithEvidence,
)
from domain.course import Course
from domain.mistakes import mistakes
from domain.place import Place
from domain.plan import (
    Area,
    Coupon,
    DayException,
    Draw,
    FirstCome,
    Id,
    Language,
    LocalTime,
    Near,
    OncePerRally,
    Plan,
    Prize,
    Question,
    Sheet,
    Spot,
    Tier,
    lines_of,
    next_round,
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


SIDE = plan().spots[:3]


def after(**waits: str) -> dict[str, Any]:
    """Spots that wait for others."""
    spots = [msgspec.structs.replace(spot, after=waits.get(spot.id)) for spot in plan().spots]
    return {"spots": spots}


def exceptions(*days: DayException, **changes: Any) -> dict[str, Any]:
    return {"exceptions": list(days), **changes}


def deep(levels: int) -> AllOf:
    """A condition within a condition, so many in all."""
    inner: Any = Stamps(1)
    for _ in range(levels - 1):
        inner = AllOf([inner])
    return inner


JAN_9, JAN_10 = date(2026, 1, 9), date(2026, 1, 10)
NINE_TO_FIVE = {"opens": time(9), "closes": time(17)}
THERE = ("prizes", 0, "condition")
GIVEN = ("prizes", 0, "giving")
HERE_OR_CLOSED = "closed: true, or opens and a later closes"

NEW: list[tuple[dict[str, Any], list[tuple[tuple[str | int, ...], str]]]] = [
    # Ways.
    (after(b="x"), [(("spots", 1, "after"), "a spot of this plan that gives stamps, not x")]),
    (after(b="b"), [(("spots", 1, "after"), "a spot that can be reached first; this way leads back here")]),
    (
        after(a="c", b="a", c="b", d="c"),  # d waits for those who wait for one another; they are told
        [(("spots", n, "after"), "a spot that can be reached first; this way leads back here") for n in range(3)],
    ),
    (after(a="x", b="a"), [(("spots", 0, "after"), "a spot of this plan that gives stamps, not x")]),
    # Hours.
    ({"opens": time(9)}, [(("closes",), "both opens and closes")]),
    ({"closes": time(17)}, [(("opens",), "both opens and closes")]),
    ({"opens": time(9), "closes": time(9)}, [(("closes",), "a time after opens (09:00)")]),
    ({"opens": time(18, 30), "closes": time(2)}, [(("closes",), "a time after opens (18:30)")]),
    # Exceptions.
    (
        exceptions(DayException(JAN_9, closed=True), DayException(JAN_9, closed=True)),
        [(("exceptions", 1, "day"), "a day that is not named before")],
    ),
    (
        exceptions(DayException(date(2026, 1, 7), closed=True), DayException(date(2026, 3, 1), closed=True)),
        [(("exceptions", n, "day"), "a day from 2026-01-08 to 2026-02-28") for n in range(2)],
    ),
    (exceptions(DayException(JAN_9)), [(("exceptions", 0), HERE_OR_CLOSED)]),
    (exceptions(DayException(JAN_9, opens=time(9))), [(("exceptions", 0), HERE_OR_CLOSED)]),
    (exceptions(DayException(JAN_9, closes=time(9))), [(("exceptions", 0), HERE_OR_CLOSED)]),
    (exceptions(DayException(JAN_9, time(9), time(9))), [(("exceptions", 0), HERE_OR_CLOSED)]),
    (
        exceptions(DayException(JAN_9, opens=time(17)), DayException(JAN_10, closes=time(9)), **NINE_TO_FIVE),
        [(("exceptions", n), HERE_OR_CLOSED) for n in range(2)],
    ),
    # Draws and coupons.
    (
        prize(Stamps(1), Draw(1, tiers=[Tier(2, 1), Tier(2, 2), Tier(1, 3), Tier(4, 4)])),
        [
            ((*GIVEN, "tiers", 1, "at_least"), "more than 2, the tier before"),
            ((*GIVEN, "tiers", 2, "at_least"), "more than 2, the tier before"),
        ],
    ),
    (
        prize(Stamps(1), Coupon(areas=["west", "north"])),
        [((*GIVEN, "areas", 1), "one of the areas: east, west")],
    ),
    # Conditions that ask for more than there is.
    (prize(Stamps(7)), [((*THERE, "at_least"), "at most 6, the stamps of all spots")]),
    (prize(BingoLines(7)), [((*THERE, "at_least"), "at most 6, the lines of all sheets")]),
    (prize(BingoLines(3, lines=("rows",))), [((*THERE, "at_least"), "at most 2, the lines of all sheets")]),
    (prize(BingoLines(5, lines=("rows", "columns"))), [((*THERE, "at_least"), "at most 4, the lines of all sheets")]),
    (prize(BingoLines(1, sheet="other")), [((*THERE, "sheet"), "a sheet of this plan")]),
    ({"sheets": []} | prize(BingoLines(1)), [((*THERE, "at_least"), "at most 0, the lines of all sheets")]),
    (prize(SpotsOf(["a", "b"], 3)), [((*THERE, "at_least"), "at most 2, the spots named")]),
    (prize(SpotsInArea("west", 3)), [((*THERE, "at_least"), "at most 2, the spots of the area")]),
    (prize(Areas(3)), [((*THERE, "at_least"), "at most 2, the areas with so many spots")]),
    (prize(Areas(1, 3)), [((*THERE, "at_least"), "at most 0, the areas with so many spots")]),
    (
        {"spots": SIDE, "sheets": []} | prize(Areas(2, 2)),
        [((*THERE, "at_least"), "at most 1, the areas with so many spots")],
    ),
    (prize(AnyOf([Stamps(1)], 2)), [((*THERE, "at_least"), "at most 1, the conditions named")]),
    # Conditions that name what is not there.
    (prize(SpotsOf(["a", "x"])), [((*THERE, "spots", 1), "a spot of this plan that gives stamps, not x")]),
    (prize(SpotsOf(["a", "b", "a"])), [((*THERE, "spots", 2), "each spot once (a)")]),
    (prize(InOrder(["x", "a"])), [((*THERE, "spots", 0), "a spot of this plan that gives stamps, not x")]),
    (prize(InOrder(["a", "b", "a"])), [((*THERE, "spots", 2), "each spot once (a)")]),
    (prize(SpotsInArea("north")), [((*THERE, "area"), "one of the areas: east, west")]),
    (prize(SpotsInArea("north", 9)), [((*THERE, "area"), "one of the areas: east, west")]),
    # … within others, at their places.
    (
        prize(WithEvidence(["badge"], Stamps(7))),
        [((*THERE, "condition", "at_least"), "at most 6, the stamps of all spots")],
    ),
    (
        prize(AllOf([Stamps(1), WithEvidence(["badge"], AnyOf([SpotsOf(["x"])]))])),
        [((*THERE, "conditions", 1, "condition", "conditions", 0, "spots", 0), "a spot of this plan that gives stamps, not x")],
    ),
    (
        prize(AnyOf([Stamps(7), Areas(3)], 3)),
        [
            ((*THERE, "at_least"), "at most 2, the conditions named"),
            ((*THERE, "conditions", 0, "at_least"), "at most 6, the stamps of all spots"),
            ((*THERE, "conditions", 1, "at_least"), "at most 2, the areas with so many spots"),
        ],
    ),
    (prize(deep(5)), [((*THERE, *["conditions", 0] * 4), "conditions at most 4 deep")]),
    (
        prize(WithEvidence(["badge"], deep(4))),
        [((*THERE, "condition", *["conditions", 0] * 3), "conditions at most 4 deep")],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), NEW)
def test_what_a_rule_says_of_itself_must_be_possible(
    changes: dict[str, Any], expected: list[tuple[tuple[str | int, ...], str]]
) -> None:
    assert [(mistake.path, mistake.expected) for mistake in mistakes(plan(**changes))] == expected


@pytest.mark.parametrize(
    "changes",
    [
        after(b="a", c="a", d="c"),
        NINE_TO_FIVE,
        {"opens": time(0), "closes": time(23, 59)},
        exceptions(DayException(JAN_9, closed=True), DayException(JAN_10, time(10), time(12))),
        exceptions(
            DayException(JAN_9, closes=time(21)), DayException(JAN_10, time(11)), **NINE_TO_FIVE
        ),
        exceptions(
            DayException(date(2026, 1, 8), closed=True),
            DayException(date(2026, 2, 28), closed=True),
        ),
        {"carry_over": False},
        prize(Stamps(1), Draw(1, tiers=[Tier(2, 1), Tier(3, 2)], choice="favourite")),
        prize(Stamps(1), Draw(1, automatic=True)),
        prize(Stamps(1), FirstCome(stock=10, per_day=5)),
        prize(Always(), Coupon(uses=3, areas=["east", "west"])),
        prize(deep(4)),
    ],
)
def test_what_can_be_done_is_no_mistake(changes: dict[str, Any]) -> None:
    assert mistakes(plan(**changes)) == []


# --- how a stamp is proved, and who may have it -------------------------------------------------


def last(**changes: Any) -> dict[str, Any]:
    """The plan's spots, the last of them of another kind."""
    return {"spots": [*SIDE, Spot("d", names(), "west", **changes)]}


def asked(*answers: str, kind: Any = "quiz", choices: int = 0) -> dict[str, Any]:
    """The same with a question and so many choices."""
    numbered = [names(str(number)) for number in range(choices)]
    attempts = max(1, choices - 1)
    return last(kind=kind, question=Question(list(answers), None, numbered, attempts))


def local(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


D = ("spots", 3)
ASK = (*D, "question")
ASK_NOTHING = "no question, or kind: keyword or quiz"
NOTHING_HERE = "nothing here: at a counted spot nobody is known"
NO_NUMBER = "the number of a choice: 1, 2"
NO_LETTER = "an answer with a letter or digit in it"
TIME_BETWEEN = "a time from 2026-01-08 to 2026-02-28"
NOT_D = "a spot of this plan that gives stamps, not d"
KNOWN_DAY = "a day that is not named before"
WEST_CLOSED = DayException(JAN_9, closed=True, areas=["west"])
COUNTED = last(kind="counted")
NO_SHEET = COUNTED | {"sheets": [], "prizes": []}
ALL_COUNTED = {
    "spots": [msgspec.structs.replace(spot, kind="counted") for spot in plan().spots],
    "sheets": [],
}
PLACE = Place(35.67, 139.76)

PROOF: list[tuple[dict[str, Any], list[tuple[tuple[str | int, ...], str]]]] = [
    # Questions are there where they are asked, and can be answered.
    (last(kind="keyword"), [(ASK, "a question, as its kind is keyword")]),
    (last(kind="quiz"), [(ASK, "a question, as its kind is quiz")]),
    *((asked("x", kind=kind), [(ASK, ASK_NOTHING)]) for kind in ("printed", "rotating", "badge")),
    (NO_SHEET | asked("x", kind="counted"), [(ASK, ASK_NOTHING)]),
    (asked("!", kind="printed"), [(ASK, ASK_NOTHING), ((*ASK, "answers", 0), NO_LETTER)]),
    (asked("x", "、。", " "), [((*ASK, "answers", n), NO_LETTER) for n in (1, 2)]),
    (asked("1", choices=1), [((*ASK, "choices"), "two choices or more, or none")]),
    (asked("2", "3", "１", "x", "!", choices=2), [((*ASK, "answers", n), NO_NUMBER) for n in (1, 2, 3, 4)]),
    # Places and slots.
    (last(near=Near(50)), [((*D, "place"), "the place that visitors must be near")]),
    (last(starts=local(2026, 1, 9, 10), ends=local(2026, 1, 9, 10)), [((*D, "ends"), "a time after starts (2026-01-09 10:00)")]),
    (last(starts=local(2026, 1, 9, 10), ends=local(2026, 1, 9, 9, 59)), [((*D, "ends"), "a time after starts (2026-01-09 10:00)")]),
    (last(starts=local(2026, 1, 7, 23, 59)), [((*D, "starts"), TIME_BETWEEN)]),
    (last(ends=local(2026, 3, 1, 0, 1)), [((*D, "ends"), TIME_BETWEEN)]),
    (
        last(starts=local(2025, 1, 9), ends=local(2024, 1, 9)),
        [((*D, "ends"), "a time after starts (2025-01-09 00:00)"), ((*D, "starts"), TIME_BETWEEN), ((*D, "ends"), TIME_BETWEEN)],
    ),
    # Where guests are counted, nobody is known and no stamp is given.
    (NO_SHEET | last(kind="counted", near=Near(50), place=PLACE), [((*D, "near"), NOTHING_HERE)]),
    (
        NO_SHEET | last(kind="counted", near=Near(50), capacity=1, after="a", clue=names()),
        [((*D, "place"), "the place that visitors must be near"), *(((*D, field), NOTHING_HERE) for field in ("near", "capacity", "after", "clue"))],
    ),
    ({"prizes": []} | COUNTED, [(("sheets", 0, "rows", 1, 1), NOT_D)]),
    (NO_SHEET | {"spots": [*after(a="d")["spots"][:3], *COUNTED["spots"][3:]]}, [(("spots", 0, "after"), NOT_D)]),
    (NO_SHEET | prize(SpotsOf(["a", "d"])), [((*THERE, "spots", 1), NOT_D)]),
    (NO_SHEET | prize(InOrder(["d", "a"])), [((*THERE, "spots", 0), NOT_D)]),
    (NO_SHEET | prize(Stamps(6)), [((*THERE, "at_least"), "at most 5, the stamps of all spots")]),
    (NO_SHEET | prize(SpotsInArea("west", 2)), [((*THERE, "at_least"), "at most 1, the spots of the area")]),
    (NO_SHEET | prize(Areas(2, 2)), [((*THERE, "at_least"), "at most 1, the areas with so many spots")]),
    (ALL_COUNTED | prize(SpotsInArea("west")), [((*THERE, "area"), "an area that has spots")]),
    (ALL_COUNTED | prize(AllSpots()), [(THERE, "another condition, as this plan has no spots that give stamps")]),
    (
        ALL_COUNTED | prize(AnyOf([Always(), AllSpots()])),
        [((*THERE, "conditions", 1), "another condition, as this plan has no spots that give stamps")],
    ),
    # One at a time, and areas of their own.
    (
        {"one_at_a_time": True, "revisit": OncePerRally()},
        [(("revisit",), "daily or interval: of one in all, nobody needs a card")],
    ),
    ({"one_at_a_time": True, "carry_over": False, "revisit": OncePerRally()}, [
        (("revisit",), "daily or interval: a stamp of yesterday is gone today"),
        (("revisit",), "daily or interval: of one in all, nobody needs a card"),
    ]),
    (
        exceptions(DayException(JAN_9, closed=True, areas=["west", "north"])),
        [(("exceptions", 0, "areas", 1), "one of the areas: east, west")],
    ),
    (exceptions(WEST_CLOSED, WEST_CLOSED), [(("exceptions", 1, "day"), KNOWN_DAY)]),
    (
        exceptions(DayException(JAN_9, closed=True, areas=["east", "west"]), WEST_CLOSED),
        [(("exceptions", 1, "day"), KNOWN_DAY)],
    ),
    (exceptions(DayException(JAN_9, areas=["west"])), [(("exceptions", 0), HERE_OR_CLOSED)]),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), PROOF)
def test_a_spot_has_what_its_kind_needs_and_nothing_that_it_cannot_do(
    changes: dict[str, Any], expected: list[tuple[tuple[str | int, ...], str]]
) -> None:
    assert [(mistake.path, mistake.expected) for mistake in mistakes(plan(**changes))] == expected


@pytest.mark.parametrize(
    "changes",
    [
        asked("x", "１", kind="keyword"),
        asked("1", "2", choices=2),
        asked("9", choices=9),
        *(last(kind=kind, capacity=1, after="a", clue=names()) for kind in ("rotating", "badge")),
        *(last(near=Near(50, how), place=PLACE) for how in ("accept", "refuse", "staff")),
        last(starts=local(2026, 1, 8)),
        last(ends=local(2026, 3, 1)),  # until midnight of the last day
        last(starts=local(2026, 1, 8), ends=local(2026, 1, 8, 0, 1)),
        NO_SHEET | last(kind="counted", place=PLACE, opens=time(9), starts=local(2026, 1, 9)),
        NO_SHEET | prize(Stamps(5)),
        NO_SHEET | prize(AllSpots()),
        NO_SHEET | prize(SpotsInArea("west")),
        ALL_COUNTED | {"prizes": []},
        ALL_COUNTED | prize(Always()),
        {"one_at_a_time": True},
        {"one_at_a_time": True, "carry_over": False},
        exceptions(WEST_CLOSED, DayException(JAN_9, closed=True, areas=["east"])),
        exceptions(WEST_CLOSED, DayException(JAN_9, closed=True)),
        exceptions(WEST_CLOSED, DayException(JAN_10, closed=True, areas=["west"])),
    ],
)
def test_what_a_spot_can_do_is_no_mistake(changes: dict[str, Any]) -> None:
    assert mistakes(plan(**changes)) == []
    Course(plan(**changes))


def test_the_next_round_has_its_slots_on_the_same_days_of_the_rally() -> None:
    slot = last(starts=local(2026, 1, 9, 10), ends=local(2026, 1, 10, 9, 30))
    following = next_round(plan(**slot), "walk-2027", date(2027, 3, 1))
    assert (following.spots[3].starts, following.spots[3].ends) == (
        local(2027, 3, 2, 10),
        local(2027, 3, 3, 9, 30),
    )
    assert following.spots[:3] == SIDE
    assert mistakes(following) == []


# --- what cannot be meant, and what can ---------------------------------------------------------

EMPTY_AREA = {"areas": [*plan().areas, Area("north", names())]}


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        (EMPTY_AREA | prize(SpotsInArea("north")), (*THERE, "area")),
        (EMPTY_AREA | prize(SpotsInArea("north", 1)), (*THERE, "area")),
        ({"carry_over": False, "revisit": OncePerRally()}, ("revisit",)),
        (prize(Stamps(1), Draw(1, choice="favourite", automatic=True)), (*GIVEN, "automatic")),
    ],
)
def test_what_cannot_be_meant_is_a_mistake(
    changes: dict[str, Any], path: tuple[str | int, ...]
) -> None:
    assert [mistake.path for mistake in mistakes(plan(**changes))] == [path]


@pytest.mark.parametrize(
    "condition",
    [
        Stamps(6),
        BingoLines(6),
        BingoLines(6, sheet="sheet"),
        BingoLines(2, lines=("diagonals",)),
        AllSpots(),
        Always(),
        SpotsOf(["a", "b", "c", "d"], 4),
        SpotsInArea("west", 2),
        Areas(2, 2),
        InOrder(["d", "c", "b", "a"]),
        WithEvidence(["place"], Stamps(6)),
        AllOf([AllSpots(), Stamps(6)]),
        AnyOf([AllSpots(), Stamps(6)], 2),
    ],
)
def test_a_prize_for_everything_there_is_can_be_had(condition: Any) -> None:
    assert mistakes(plan(**prize(condition))) == []


def test_all_mistakes_are_said_at_once() -> None:
    bad = plan(time_zone="x", **sheet([["a", "x"], ["y", "d"]]), **prize(Stamps(99)))
    assert len(mistakes(bad)) == 4


def test_two_spots_whose_codes_would_be_equal_are_a_mistake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mistakes_module, "spot_tag", lambda spot: len(spot))
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
    ("kinds", "lines"),
    [
        (("rows",), "abc def ghi"),
        (("columns",), "adg beh cfi"),
        (("diagonals",), "aei gec"),
        (("diagonals", "rows"), "abc def ghi aei gec"),
    ],
)
def test_only_some_lines_of_a_sheet_may_be_asked_for(kinds: Any, lines: str) -> None:
    rows = [["a", "b", "c"], ["d", "e", "f"], ["g", "h", "i"]]
    found = lines_of(Sheet("sheet", names(), rows), kinds)
    assert ["".join(line) for line in found] == lines.split()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Ginza"),
        ("en-GB", "Ginza"),
        ("zh-Hant", "銀座(繁)"),
        ("zh", "銀座(繁)"),
        ("zh-Hans", "銀座(繁)"),
        ("fr", "Ginza"),
        ("ja-JP", "銀座"),
    ],
)
def test_a_text_falls_back_to_its_base_language_then_to_english(language: str, text: str) -> None:
    assert text_in({"ja": "銀座", "en": "Ginza", "zh-Hant": "銀座(繁)"}, language) == text


@pytest.mark.parametrize(
    ("languages", "language", "found"),
    [
        ("zh-Hant en", "ja", "zh-Hant"),
        ("en zh-Hant", "ja", "en"),
        ("ko ja", "fr", "ko"),
        ("ja zh-Hant zh", "zh-Hans", "zh"),
        ("ja zh-Hant zh-Hans", "zh", "zh-Hant"),
        ("ja en-GB", "fr", "ja"),
    ],
)
def test_without_english_and_for_readers_of_japanese_the_first_language_stands_in(
    languages: str, language: str, found: str
) -> None:
    assert text_in({each: each for each in languages.split()}, language) == found


@pytest.mark.parametrize("codec", [msgspec.json, msgspec.msgpack])
def test_a_plan_comes_back_from_the_log_as_it_was(codec: Any) -> None:
    assert codec.decode(codec.encode(plan()), type=Plan) == plan()


@given(st.text(max_size=30))
def test_whatever_is_called_a_time_zone_is_a_zone_or_a_mistake(name: str) -> None:
    assert len(mistakes(plan(time_zone=name))) <= 1


def test_the_next_round_has_the_same_rules_on_other_days() -> None:
    exceptions = [DayException(date(2026, 1, 10), closed=True)]
    this = plan(exceptions=exceptions)
    following = next_round(this, "walk-2027", date(2027, 1, 8))
    assert (following.rally, following.first_day) == ("walk-2027", date(2027, 1, 8))
    assert following.last_day - following.first_day == this.last_day - this.first_day
    assert [each.day for each in following.exceptions] == [date(2027, 1, 10)]
    assert mistakes(following) == []
    same = {"rally": this.rally, "first_day": this.first_day, "last_day": this.last_day}
    assert msgspec.structs.replace(following, exceptions=exceptions, **same) == this


def test_the_next_round_needs_an_id_that_is_one() -> None:
    with pytest.raises(msgspec.ValidationError):
        next_round(plan(), "Walk 2027", date(2027, 1, 8))
