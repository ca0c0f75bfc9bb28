"""complete(): how far visits go, whatever the order in which they arrived."""

from datetime import timedelta
from itertools import permutations

import pytest
from builders import NOW, SPOTS, card_of, names, plan, rally, scan
from hypothesis import given
from hypothesis import strategies as st

from domain.card import Visit, seen
from domain.completion import Completion, complete, mark_of
from domain.conditions import (
    AllSpots,
    Always,
    BingoLines,
    Condition,
    InOrder,
    SpotsOf,
    Stamps,
    WithEvidence,
)
from domain.course import Course
from domain.encoding import micros
from domain.plan import Area, FirstCome, Prize, Spot

NOTHING = Completion(0, 0, 0, 0, None, None, {})


def prizes(**conditions: Condition) -> list[Prize]:
    return [Prize(id_, names(), condition, FirstCome()) for id_, condition in conditions.items()]


PLANS = [
    plan(),
    plan(
        areas=[*plan().areas, Area("nowhere", names())],
        spots=[*plan().spots, Spot("free", names(), "west", stamps=0)],
        prizes=prizes(one=Stamps(1), four=Stamps(4), three=BingoLines(3), all=AllSpots()),
    ),
    plan(spots=plan().spots[1:], sheets=[], prizes=prizes(all=AllSpots(), none=Stamps(99))),
]
COURSES = st.sampled_from([Course(each) for each in PLANS])
VISITED = st.dictionaries(st.sampled_from([*SPOTS, "free", "gone"]), st.integers(0, 6))
"""Few moments, so that many are the same."""


def visits(visited: dict[str, int]) -> list[Visit]:
    return [Visit(spot, 0, at, b"", 1) for spot, at in visited.items()]


def met_by(course: Course, visited: dict[str, int]) -> set[str]:
    """The prizes whose conditions a card of these visits meets, as the card's own page says it."""
    return {prize for prize, gauge in course.gauges if gauge(seen(course, visits(visited))).met}


@given(COURSES, VISITED)
def test_it_says_what_the_card_of_the_same_visits_says(
    course: Course, visited: dict[str, int]
) -> None:
    done = complete(course, visited)
    stamped = seen(course, visits(visited)).stamped
    assert (done.stamps, done.lines) == (course.stamps_of(stamped), course.full_lines(stamped))
    assert set(done.met) == met_by(course, visited)
    planned = {spot: at for spot, at in visited.items() if spot in course.spots}
    assert done.spots == len(planned)
    assert done.areas == len({course.spots[spot].area for spot in planned})
    assert done.first_at == min(planned.values(), default=None)
    assert done.last_at == max(planned.values(), default=None)


@given(COURSES, VISITED)
def test_a_condition_is_met_at_the_first_moment_up_to_which_the_visits_meet_it(
    course: Course, visited: dict[str, int]
) -> None:
    expected = {}
    for moment in sorted(set(visited.values())):
        until = {spot: at for spot, at in visited.items() if at <= moment}
        for prize in met_by(course, until):
            expected.setdefault(prize, moment)
    assert complete(course, visited).met == expected


@given(COURSES, VISITED, st.data())
def test_the_order_of_arrival_says_nothing(
    course: Course, visited: dict[str, int], data: st.DataObject
) -> None:
    arrived = dict(data.draw(st.permutations(list(visited.items()))))
    assert complete(course, arrived) == complete(course, visited)


@given(COURSES, VISITED)
def test_conditions_are_met_by_visits_to_planned_spots(
    course: Course, visited: dict[str, int]
) -> None:
    moments = {at for spot, at in visited.items() if spot in course.spots}
    assert set(complete(course, visited).met.values()) <= moments


@given(COURSES, VISITED, VISITED)
def test_more_visits_never_unmeet_a_condition_nor_put_it_off(
    course: Course, visited: dict[str, int], more: dict[str, int]
) -> None:
    """`more` are further spots, and earlier moments at the same ones: late scans."""
    before = complete(course, visited)
    merged = {
        spot: min(each[spot] for each in (visited, more) if spot in each) for spot in visited | more
    }
    after = complete(course, merged)
    assert all(after.met[prize] <= at for prize, at in before.met.items())
    assert all(now >= then for now, then in zip(after[:4], before[:4], strict=True))


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_scans_that_arrive_in_any_order_meet_a_condition_at_the_same_visit(
    order: tuple[int, ...],
) -> None:
    """Given scans at a, b and c, an hour apart; then b makes a line and c the fifth stamp."""
    hours = [NOW - timedelta(hours=3 - number) for number in range(3)]
    scans = [
        (scan(spot, number, scanned_at=at), NOW)
        for number, (spot, at) in enumerate(zip("abc", hours, strict=True))
    ]
    walked = card_of(rally(), [scans[index] for index in order])
    visited = {visit.spot: visit.occurred_at for visit in walked.visits}
    assert complete(rally().course, visited) == Completion(
        stamps=5,
        spots=3,
        areas=2,
        lines=3,
        first_at=micros(hours[0]),
        last_at=micros(hours[2]),
        met={"line": micros(hours[1]), "five": micros(hours[2])},
    )


def test_a_late_scan_moves_the_moment_to_the_visit_that_now_meets_the_condition() -> None:
    """Given a line by a and c; when a scan at b from between them arrives; then b made it."""
    course = Course(plan())
    assert complete(course, {"a": 10, "c": 30}).met == {"line": 30}
    assert complete(course, {"a": 10, "c": 30, "b": 20}).met == {"line": 20, "five": 30}


def test_spots_that_left_the_plan_count_for_nothing_and_give_no_moment() -> None:
    without_b = Course(plan(spots=[s for s in plan().spots if s.id != "b"], sheets=[]))
    visited = {"b": 1, "a": 2, "gone": 9}
    assert complete(without_b, visited) == Completion(1, 1, 1, 0, 2, 2, {})


@pytest.mark.parametrize("visited", [{}, {"gone": 5}])
def test_without_a_planned_spot_there_is_nothing(visited: dict[str, int]) -> None:
    assert complete(Course(plan()), visited) == NOTHING


def test_a_spot_that_is_worth_no_stamp_is_still_a_visit() -> None:
    done = complete(Course(PLANS[1]), {"free": 7})
    assert done == Completion(0, 1, 1, 0, 7, 7, {})


# --- evidence and order -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("evidence", "mark"), [("printed", "a"), ("badge", "a#badge"), ("place", "a#place")]
)
def test_a_visit_leaves_its_spot_and_what_stands_behind_it(evidence: str, mark: str) -> None:
    assert mark_of("a", evidence) == mark


PROVEN = Course(
    plan(
        prizes=prizes(
            badges=WithEvidence(["badge"], SpotsOf(["a", "b"])),
            way=InOrder(["a", "b", "c"]),
            three=SpotsOf(["a", "b", "c"]),
        )
    )
)


@pytest.mark.parametrize(
    ("visited", "met"),
    [
        ({"a": 1, "b": 2}, {}),
        ({"a": 1, "b": 2, "c": 3}, {"way": 3, "three": 3}),
        ({"a": 1, "c": 2, "b": 3}, {"three": 3}),
        ({"a": 9, "b": 2, "c": 3}, {"three": 9}),
        ({"a#badge": 1, "b#badge": 2}, {"badges": 2}),
        ({"a#badge": 1, "b#quiz": 2, "c": 3}, {"way": 3, "three": 3}),
        ({"a": 1, "a#badge": 5, "b": 2, "b#badge": 4}, {"badges": 5}),
        ({"a": 1, "a#badge": 5, "b#badge": 4, "c": 7}, {"badges": 5, "way": 7, "three": 7}),
    ],
)
def test_evidence_counts_from_its_own_moment_and_an_order_from_the_first(
    visited: dict[str, int], met: dict[str, int]
) -> None:
    for arrived in permutations(visited.items()):
        assert complete(PROVEN, dict(arrived)).met == met


def test_a_spot_with_several_kinds_of_evidence_is_one_spot_from_its_first_visit_on() -> None:
    done = complete(PROVEN, {"a": 4, "a#badge": 2, "a#quiz": 9, "b#badge": 3, "gone#badge": 1})
    assert done == Completion(4, 2, 1, 1, 2, 3, {"badges": 3})


MARKS = st.dictionaries(
    st.sampled_from(
        [f"{spot}{kind}" for spot in [*SPOTS, "gone"] for kind in ("", "#badge", "#quiz")]
    ),
    st.integers(0, 6),
)


@given(MARKS)
def test_with_evidence_and_order_a_condition_is_met_when_the_visits_until_then_meet_it(
    marks: dict[str, int],
) -> None:
    """If it is met in the end: no later visit undoes it."""
    expected: dict[str, int] = {}
    for moment in sorted(set(marks.values())):
        until = {mark: at for mark, at in marks.items() if at <= moment}
        for prize in complete(PROVEN, until).met:
            expected.setdefault(prize, moment)
    assert complete(PROVEN, marks).met == expected


@given(MARKS)
def test_spots_and_moments_are_those_of_marks_without_their_evidence(marks: dict[str, int]) -> None:
    bare: dict[str, int] = {}
    for mark, at in marks.items():
        spot = mark.partition("#")[0]
        bare[spot] = min(bare.get(spot, at), at)
    assert complete(PROVEN, marks)[:6] == complete(PROVEN, bare)[:6]


def test_a_prize_that_asks_for_nothing_is_met_by_the_first_visit() -> None:
    course = Course(plan(prizes=prizes(ticket=Always())))
    assert complete(course, {"b": 7, "a": 5}).met == {"ticket": 5}
    assert complete(course, {}).met == {}
