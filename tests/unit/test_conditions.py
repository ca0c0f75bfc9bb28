"""Conditions: how far a card has come towards each kind, alone and within one another."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import permutations
from typing import Any, NamedTuple, get_args

import msgspec
import pytest
from builders import NOW, SPOTS, card_of, names, plan, rally, scan
from hypothesis import given
from hypothesis import strategies as st
from strategies import ORDERED, SHEETS, UNORDERED, nested

from domain.card import Visit, seen
from domain.conditions import (
    AllOf,
    AllSpots,
    Always,
    AnyOf,
    Areas,
    BingoLines,
    Condition,
    Evidence,
    InOrder,
    Line,
    Seen,
    SpotsInArea,
    SpotsOf,
    Stamps,
    Standing,
    WithEvidence,
    gauge,
    parts,
)
from domain.course import Course
from domain.encoding import micros
from domain.mistakes import mistakes
from domain.plan import FirstCome, Plan, Prize, lines_of


def asking(condition: Condition, **changes: Any) -> Plan:
    """A plan with one prize, for `condition`; a and b (worth 3) lie in the east, c and d west."""
    prizes = [Prize("prize", names(), condition, FirstCome())]
    return plan(**{"sheets": SHEETS, "prizes": prizes} | changes)


def visits(way: str, first: int = 0) -> list[Visit]:
    """Visits one after the other: `a b+badge` is a's printed code, then b's badge."""
    marks = [mark.partition("+") for mark in way.split()]
    return [
        Visit(spot, 0, at, b"", at, evidence=evidence)
        for at, (spot, _, evidence) in enumerate(marks, start=first)
    ]


def standing(condition: Condition, of: Iterable[Visit], **changes: Any) -> Standing:
    """How far a card with these visits has come, as its page and its prizes are told."""
    course = Course(asking(condition, **changes))
    ((_, read),) = course.gauges
    return read(seen(course, list(of)))


ROWS: tuple[Line, ...] = ("rows",)
TWO_EACH = Areas(2, spots_each=2)
EAST, WEST = SpotsInArea("east"), SpotsInArea("west")
BADGES = WithEvidence(["badge"], SpotsOf(["a", "b"]))
PROVEN = WithEvidence(["badge", "place"], Stamps(4))
EITHER = AnyOf([EAST, WEST])
TWO_OF_THREE = AnyOf([EAST, WEST, InOrder(["d", "a"])], at_least=2)
BOTH = AllOf([Stamps(4), EITHER, BADGES])

STANDINGS: list[tuple[Condition, str, int, int]] = [
    # Nothing is asked for: met from the start, by everybody, and never more than met.
    (Always(), "", 1, 1),
    (Always(), "a b c d", 1, 1),
    # Stamps, by what a spot is worth, each spot once.
    (Stamps(4), "", 0, 4),
    (Stamps(4), "b", 3, 4),
    (Stamps(4), "b b b", 3, 4),
    (Stamps(4), "b a", 4, 4),
    (Stamps(4), "a b c d", 6, 4),
    # All spots.
    (AllSpots(), "", 0, 4),
    (AllSpots(), "a c a", 2, 4),
    (AllSpots(), "a b c d", 4, 4),
    # Some of named spots; spots of other names count for nothing.
    (SpotsOf(["a", "b", "c"], at_least=2), "", 0, 2),
    (SpotsOf(["a", "b", "c"], at_least=2), "d", 0, 2),
    (SpotsOf(["a", "b", "c"], at_least=2), "d b", 1, 2),
    (SpotsOf(["a", "b", "c"], at_least=2), "c a", 2, 2),
    (SpotsOf(["a", "b", "c"], at_least=2), "a b c d", 3, 2),
    # … all of them, if no number is said.
    (SpotsOf(["a", "b", "c"]), "a b", 2, 3),
    (SpotsOf(["a", "b", "c"]), "a b c", 3, 3),
    # Spots of one area.
    (SpotsInArea("west", at_least=1), "", 0, 1),
    (SpotsInArea("west", at_least=1), "a b", 0, 1),
    (SpotsInArea("west", at_least=1), "d", 1, 1),
    (SpotsInArea("west", at_least=1), "c d", 2, 1),
    (WEST, "a c", 1, 2),
    (WEST, "c d", 2, 2),
    # Areas, with so many spots in each.
    (Areas(2), "", 0, 2),
    (Areas(2), "a b", 1, 2),
    (Areas(2), "a c", 2, 2),
    (Areas(1), "a c", 2, 1),
    (TWO_EACH, "a c", 0, 2),
    (TWO_EACH, "a b c", 1, 2),
    (TWO_EACH, "a b c d", 2, 2),
    # Lines of all sheets together, of one of them, of some kinds.
    (BingoLines(3), "", 0, 3),
    (BingoLines(3), "a", 0, 3),
    (BingoLines(3), "a b", 2, 3),
    (BingoLines(3), "a b c", 6, 3),
    (BingoLines(2, sheet="two"), "a b", 1, 2),
    (BingoLines(2, sheet="two"), "a b c d", 6, 2),
    (BingoLines(2, lines=ROWS), "a c", 1, 2),
    (BingoLines(2, lines=ROWS), "a b c d", 4, 2),
    (BingoLines(1, sheet="one", lines=ROWS), "a c", 0, 1),
    (BingoLines(1, sheet="one", lines=("columns",)), "a c", 1, 1),
    (BingoLines(1, sheet="one", lines=("columns",)), "a d", 0, 1),
    (BingoLines(1, sheet="one", lines=("diagonals",)), "a d", 1, 1),
    (BingoLines(1, sheet="one", lines=("rows", "diagonals")), "a b d", 2, 1),
    # In order; others may lie between, and what came too early is not waited for again.
    (InOrder(["a", "c", "b"]), "", 0, 3),
    (InOrder(["a", "c", "b"]), "c b", 0, 3),
    (InOrder(["a", "c", "b"]), "a b c", 2, 3),
    (InOrder(["a", "c", "b"]), "a d c b", 3, 3),
    (InOrder(["a", "c", "b"]), "a c b d", 3, 3),
    (InOrder(["a"]), "d a", 1, 1),
    # With evidence: only visits count that have it, of whatever the condition within asks for.
    (BADGES, "", 0, 2),
    (BADGES, "a b", 0, 2),
    (BADGES, "a+badge b+place c+badge", 1, 2),
    (BADGES, "a+badge b b+badge", 2, 2),
    (PROVEN, "a+badge b+keyword", 1, 4),
    (PROVEN, "a+badge b+place", 4, 4),
    (PROVEN, "a+badge b+place c+badge d+badge", 6, 4),
    (WithEvidence(["printed"], AllSpots()), "a b+badge c+printed", 2, 4),
    (WithEvidence(["badge"], EITHER), "a b", 0, 1),
    (WithEvidence(["badge"], EITHER), "a+badge b+badge", 1, 1),
    (WithEvidence(["badge"], InOrder(["a", "b"])), "a+badge b c+badge", 1, 2),
    (WithEvidence(["badge", "quiz"], WithEvidence(["quiz"], AllSpots())), "a+badge b+quiz", 1, 4),
    # All of: so many conditions are met, of all there are.
    (AllOf([EAST, WEST]), "", 0, 2),
    (AllOf([EAST, WEST]), "a c", 0, 2),
    (AllOf([EAST, WEST]), "a b c", 1, 2),
    (AllOf([EAST, WEST]), "a b c d", 2, 2),
    # Any of: so many conditions are met, of those that are enough.
    (EITHER, "", 0, 1),
    (EITHER, "a c", 0, 1),
    (EITHER, "d c", 1, 1),
    (EITHER, "a b c d", 2, 1),
    (TWO_OF_THREE, "a b", 1, 2),
    (TWO_OF_THREE, "d a b", 2, 2),
    (TWO_OF_THREE, "d a b c", 3, 2),
    # One within: one sees how far it is, not only whether it is met.
    (AllOf([Stamps(4)]), "b", 3, 4),
    (AnyOf([AllSpots()]), "b", 1, 4),
    # Within one another.
    (BOTH, "b", 0, 3),
    (BOTH, "a b", 2, 3),
    (BOTH, "a+badge b+badge", 3, 3),
    (AnyOf([AllOf([EAST, AnyOf([Stamps(6), WEST])]), BADGES]), "a b c d", 1, 1),
    (AnyOf([AllOf([EAST, AnyOf([Stamps(6), WEST])]), BADGES]), "a b c", 0, 1),
]  # fmt: skip


def _as_said(case: tuple[Condition, str, int, int]) -> str:
    return f"{msgspec.json.encode(case[0]).decode()}: {case[1] or 'nothing'}"


@pytest.mark.parametrize(
    ("condition", "way", "have", "need"), STANDINGS, ids=[_as_said(case) for case in STANDINGS]
)
def test_a_card_has_come_so_far(condition: Condition, way: str, have: int, need: int) -> None:
    assert mistakes(asking(condition)) == [], "the condition can be asked for"
    reached = standing(condition, visits(way))
    assert reached == (have, need)
    assert reached.met is (have >= need)


def test_every_kind_of_condition_is_tested_here_with_nothing_partly_met_and_beyond() -> None:
    kinds = set(get_args(Condition))
    without_a_between = {Always}
    assert {type(case[0]) for case in STANDINGS} == kinds
    for kind in kinds - without_a_between:
        cases = [case for case in STANDINGS if type(case[0]) is kind]
        assert any(way == "" and have == 0 for _, way, have, _ in cases), kind
        assert any(0 < have < need for _, _, have, need in cases), kind
        assert any(have == need for _, _, have, need in cases), kind
    beyond = {type(case[0]) for case in STANDINGS if case[2] > case[3]}
    # All there is, and everything named in order, is never more than asked for.
    assert beyond == kinds - {Always, AllSpots, InOrder, AllOf}


# --- in order -----------------------------------------------------------------------------------

IN_ORDER = asking(InOrder(["a", "b", "c"]))


@pytest.mark.parametrize("arrival", list(permutations(range(3))))
@pytest.mark.parametrize(("way", "have"), [("abc", 3), ("acb", 2), ("bca", 1), ("cab", 2)])
def test_the_order_is_that_of_the_scans_whatever_the_order_in_which_they_arrive(
    way: str, have: int, arrival: tuple[int, ...]
) -> None:
    """Given scans an hour apart, kept without a network; when they are sent in any order."""
    of = rally(IN_ORDER)
    scans = [
        (scan(spot, number, scanned_at=NOW - timedelta(hours=9 - number)), NOW)
        for number, spot in enumerate(way)
    ]
    card = card_of(of, [scans[index] for index in arrival])
    ((_, read),) = of.course.gauges
    assert read(seen(of.course, card.visits)) == (have, 3)


@pytest.mark.parametrize(
    ("way", "have"),
    [("b a b c", 1), ("a b a c", 3), ("a a b b c", 3), ("c a b c", 2)],
)
def test_in_order_counts_the_first_visit_of_each_spot_and_no_revisit(way: str, have: int) -> None:
    assert standing(InOrder(["a", "b", "c"]), visits(way)) == (have, 3)


def test_a_spot_that_left_the_plan_is_passed_by_in_silence() -> None:
    condition = InOrder(["b", "c"])
    without_a = {"spots": plan().spots[1:], "sheets": []}
    assert standing(condition, visits("b a+badge c"), **without_a) == (2, 2)
    assert standing(WithEvidence(["badge"], condition), visits("a+badge"), **without_a) == (0, 2)


def test_scans_of_one_moment_have_one_order_whichever_arrived_first() -> None:
    first, second = (
        [msgspec.structs.replace(visit, occurred_at=5) for visit in visits(arrival)]
        for arrival in ("a b", "b a")
    )
    condition = InOrder(["a", "b"])
    assert standing(condition, first) == standing(condition, second)


# --- evidence -----------------------------------------------------------------------------------

EVIDENCE: tuple[Evidence, ...] = get_args(Evidence)


@pytest.mark.parametrize("asked", EVIDENCE)
@pytest.mark.parametrize("given_", ["", *EVIDENCE])
def test_a_visit_counts_for_the_evidence_behind_it_and_no_other(asked: Any, given_: str) -> None:
    """A visit that names none has a printed code behind it."""
    counted = standing(WithEvidence([asked], SpotsOf(["a"])), visits(f"a+{given_}"))
    assert counted == (int((given_ or "printed") == asked), 1)


@pytest.mark.parametrize(("way", "have"), [("a b+badge a+badge", 1), ("b a+badge b+badge", 2)])
def test_in_order_with_evidence_is_the_order_of_the_visits_that_have_it(
    way: str, have: int
) -> None:
    """Given a printed scan first; when badges are asked for from a to b; then it says nothing."""
    assert standing(WithEvidence(["badge"], InOrder(["a", "b"])), visits(way)) == (have, 2)


def test_evidence_within_evidence_asks_for_both_of_one_visit() -> None:
    """Given a printed scan and a badge at a; then no visit has been both."""
    condition = WithEvidence(["badge"], WithEvidence(["printed"], SpotsOf(["a"])))
    assert standing(condition, visits("a a+badge")) == (0, 1)


# --- a slow model -------------------------------------------------------------------------------


class Stop(NamedTuple):
    spot: str
    evidence: str


STOPS = st.builds(Stop, st.sampled_from(SPOTS), st.sampled_from(["printed", "badge", "quiz"]))
WALKS = st.lists(STOPS, max_size=8)
SINGLE_WALKS = st.lists(STOPS, max_size=4, unique_by=lambda stop: stop.spot)


def walked(stops: Iterable[Stop], first: int = 0) -> list[Visit]:
    return visits(" ".join(f"{stop.spot}+{stop.evidence}" for stop in stops), first)


def counted(condition: Condition, stops: list[Stop]) -> tuple[int, int]:
    """Counted with a finger: over the stops of a walk, each spot visited once."""
    spots = {stop.spot for stop in stops}
    areas = {"east": {"a", "b"}, "west": {"c", "d"}}
    match condition:
        case Always():
            return 1, 1
        case Stamps(need):
            return sum(3 if spot == "b" else 1 for spot in spots), need
        case AllSpots():
            return len(spots), 4
        case SpotsOf(named, need):
            return len(spots.intersection(named)), need or len(named)
        case SpotsInArea(area, need):
            return len(spots & areas[area]), need or 2
        case Areas(need, each):
            return sum(len(spots & area) >= each for area in areas.values()), need
        case BingoLines(need, name, kinds):
            lines = [
                line for one in SHEETS if name in (None, one.id) for line in lines_of(one, kinds)
            ]
            return sum(spots.issuperset(line) for line in lines), need
        case InOrder(named):
            left = list(named)
            for stop in stops:
                if left and stop.spot == left[0]:
                    left.pop(0)
            return len(named) - len(left), len(named)
        case WithEvidence(evidence, inner):
            return counted(inner, [stop for stop in stops if stop.evidence in evidence])
        case AllOf([one]) | AnyOf([one], _):
            return counted(one, stops)
        case AllOf(several):
            return sum(have >= need for have, need in (counted(c, stops) for c in several)), len(
                several
            )
        case AnyOf(several, enough):
            return sum(have >= need for have, need in (counted(c, stops) for c in several)), enough


@given(nested(UNORDERED | ORDERED), SINGLE_WALKS)
def test_every_condition_counts_what_one_counts_with_a_finger(
    condition: Condition, stops: list[Stop]
) -> None:
    assert standing(condition, walked(stops)) == counted(condition, stops)


@given(nested(UNORDERED | ORDERED), WALKS, st.data())
def test_the_order_of_the_visits_on_the_card_says_nothing(
    condition: Condition, stops: list[Stop], data: st.DataObject
) -> None:
    straight = walked(stops)
    shuffled = data.draw(st.permutations(straight))
    assert standing(condition, shuffled) == standing(condition, straight)


# --- more visits --------------------------------------------------------------------------------


def check_no_less(condition: Condition, before: list[Visit], after: list[Visit]) -> None:
    was, is_ = standing(condition, before), standing(condition, after)
    assert is_.need == was.need
    assert is_.have >= was.have


@given(nested(UNORDERED), WALKS, st.data())
def test_more_visits_at_any_time_never_take_anything_away_without_an_order(
    condition: Condition, stops: list[Stop], data: st.DataObject
) -> None:
    """Each kind but in_order is monotone, and so is whatever is made of them."""
    all_of_them = walked(stops)
    some = data.draw(st.sets(st.sampled_from(range(len(stops))))) if stops else set()
    check_no_less(condition, [all_of_them[index] for index in sorted(some)], all_of_them)


@given(nested(UNORDERED | ORDERED), WALKS, WALKS)
def test_later_visits_never_take_anything_away(
    condition: Condition, stops: list[Stop], more: list[Stop]
) -> None:
    """With in_order, too: what comes after all else comes too late to change an order."""
    before = walked(stops)
    check_no_less(condition, before, [*before, *walked(more, first=len(stops))])


@given(nested(UNORDERED | ORDERED), SINGLE_WALKS, st.data())
def test_visits_of_other_spots_never_take_anything_away(
    condition: Condition, stops: list[Stop], data: st.DataObject
) -> None:
    """With in_order, too, and at any time: others may lie between."""
    way = walked(stops)
    left = data.draw(st.sets(st.sampled_from(SPOTS)))
    check_no_less(condition, [visit for visit in way if visit.spot in left], way)


def test_an_earlier_visit_of_a_stamped_spot_may_undo_an_order_and_nothing_else_may() -> None:
    """Given a then b, in order; when yesterday's scan of b arrives late; then b came first."""
    way = visits("a b", first=1)
    yesterday = visits("b", first=0)
    assert standing(InOrder(["a", "b"]), way) == (2, 2)
    assert standing(InOrder(["a", "b"]), [*way, *yesterday]) == (1, 2)


# --- what a course works out --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        (Stamps(1), False),
        (AllOf([Stamps(1), AnyOf([BingoLines(1)])]), False),
        (InOrder(["a"]), True),
        (WithEvidence(["badge"], Stamps(1)), True),
        (AllOf([Stamps(1), AnyOf([WithEvidence(["badge"], InOrder(["a"]))])]), True),
    ],
)
def test_a_card_is_asked_for_its_visits_only_where_a_condition_wants_them(
    condition: Condition, wanted: bool
) -> None:
    course = Course(asking(condition))
    how = seen(course, visits("a+badge b"))
    assert course.needs_visits is wanted
    assert how.stamped == 0b0011
    assert list(how.visits) == ([(0b0001, "badge"), (0b0010, "printed")] if wanted else [])


def test_visits_are_seen_in_the_order_of_their_own_times_then_by_spot() -> None:
    """Revisits, too; but none of a spot that the plan does not have."""
    course = Course(asking(InOrder(["a"])))
    late = visits("c d+quiz", first=5)
    same = [msgspec.structs.replace(visit, occurred_at=3) for visit in visits("b a+badge gone")]
    early = visits("d")
    expected = [
        (0b1000, "printed"),
        (0b0001, "badge"),
        (0b0010, "printed"),
        (0b0100, "printed"),
        (0b1000, "quiz"),
    ]
    for arrived in permutations([*late, *same, *early]):
        how = seen(course, arrived)
        assert (how.stamped, list(how.visits)) == (0b1111, expected)


@pytest.mark.parametrize(
    ("evidence", "stamped", "left"),
    [
        (["badge"], 0b0001, [(0b0001, "badge")]),
        (["printed"], 0b0011, [(0b0010, "printed"), (0b0001, "printed")]),
        (
            ["badge", "printed"],
            0b0011,
            [(0b0010, "printed"), (0b0001, "badge"), (0b0001, "printed")],
        ),
        (["quiz"], 0, []),
        ([], 0, []),
    ],
)
def test_only_some_evidence_leaves_the_visits_that_have_it_and_their_spots(
    evidence: list[str], stamped: int, left: list[tuple[int, str]]
) -> None:
    how = Seen(0b0011, [(0b0010, "printed"), (0b0001, "badge"), (0b0001, "printed")])
    only = how.only(evidence)
    assert (only.stamped, list(only.visits)) == (stamped, left)


def test_a_condition_consists_of_itself_and_all_within() -> None:
    inner = WithEvidence(["badge"], Stamps(1))
    outer = AllOf([Always(), AnyOf([inner])])
    assert list(parts(outer)) == [outer, Always(), AnyOf([inner]), inner, Stamps(1)]


def test_a_gauge_may_be_read_again_and_again() -> None:
    course = Course(asking(BOTH))
    read = gauge(course, BOTH)
    way = visits("a+badge b+badge c")
    readings = [read(seen(course, way[:length])) for length in (0, 1, 2, 3, 2, 1, 0)]
    assert [have for have, _ in readings] == [0, 0, 3, 3, 3, 0, 0]


@given(nested(UNORDERED | ORDERED))
def test_a_condition_comes_back_from_the_log_as_it_was(condition: Condition) -> None:
    for codec in (msgspec.json, msgspec.msgpack):
        assert codec.decode(codec.encode(condition), type=Condition) == condition  # type: ignore[arg-type]


def test_a_visit_of_today_counts_by_what_was_scanned() -> None:
    """The whole way: a scan's evidence is on the card, and counts there."""
    of = rally(asking(BADGES))
    scans = [(scan("a", 1, evidence="badge"), NOW), (scan("b", 2), NOW)]
    ((_, read),) = of.course.gauges
    card = card_of(of, scans)
    assert [(visit.evidence, visit.occurred_at) for visit in card.visits] == [
        ("badge", micros(NOW)),
        ("", micros(NOW)),
    ]
    assert read(seen(of.course, card.visits)) == (1, 2)
