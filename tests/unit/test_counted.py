"""What shops are told: small numbers not, ranks where the plan says so, and guests by number."""

from datetime import timedelta
from uuid import UUID

import pytest
from builders import NOW, names, plan, rally
from hypothesis import given
from hypothesis import strategies as st

from domain.heads import count_heads
from domain.plan import Plan, Question, Spot
from domain.rally import NotAllowed
from domain.ranks import Rank, rank
from domain.withheld import FEWEST_TOLD, in_steps, told

QUIZ = Spot("q", names(), "east", kind="quiz", question=Question(["x"]))


@given(st.integers(0, 10_000))
def test_no_number_that_is_told_is_of_a_few(count: int) -> None:
    said = told(count)
    assert said == (None if count in range(1, FEWEST_TOLD) else count)


def test_fewer_than_five_are_a_few() -> None:
    assert [told(count) for count in (0, 1, 4, 5)] == [0, None, None, 5]
    assert [in_steps(n) for n in (0, 4, 5, 9, 10, 104)] == [None, None, 5, 5, 10, 100]


def ranked(**changes: object) -> Plan:
    return plan(spots=[*plan().spots, QUIZ], **{"ranks_shown": True} | changes)


@pytest.mark.parametrize(
    ("visits", "place"),
    [
        ({"a": 1}, 1),
        ({"a": 3, "b": 7, "c": 5}, 3),
        ({"a": 5, "b": 7, "c": 5}, 2),  # equals share a place
        ({"a": 1, "b": 1, "c": 1, "d": 1}, 1),
        ({"a": 1, "q": 90}, 1),  # nobody comes to a quiz
        ({"a": 1, "gone": 90}, 1),  # no longer planned
        ({"b": 7}, None),
        ({}, None),
    ],
)
def test_a_spot_is_ranked_by_its_visits(visits: dict[str, int], place: int | None) -> None:
    assert rank(ranked(), "a", visits) == (None if place is None else Rank(place, 4))


def test_a_plan_that_does_not_say_so_shows_no_rank() -> None:
    assert rank(ranked(ranks_shown=False), "a", {"a": 3}) is None
    assert rank(plan(), "a", {"a": 3}) is None


@pytest.mark.parametrize(
    ("ago", "dated"),
    [
        (timedelta(), timedelta()),
        (timedelta(minutes=7), timedelta(minutes=7)),
        (timedelta(hours=72), timedelta(hours=72)),
        (timedelta(hours=72, seconds=1), timedelta()),
        (timedelta(days=300), timedelta()),
        (timedelta(seconds=-1), timedelta()),
    ],
)
def test_guests_are_dated_when_they_were_counted_as_long_as_a_scan_would_be(
    ago: timedelta, dated: timedelta
) -> None:
    fact = count_heads(rally().course, "a", -3, UUID(int=4), ago, NOW, "staff")
    assert (fact.occurred_at, fact.count, fact.spot, fact.by) == (NOW - dated, -3, "a", "staff")


def test_nobody_is_counted_at_a_spot_that_has_left_the_plan() -> None:
    with pytest.raises(NotAllowed) as refused:
        count_heads(rally().course, "gone", 1, UUID(int=4), timedelta(), NOW, "staff")
    assert refused.value.code == "spot_unknown"


def test_nobody_is_counted_where_nobody_comes() -> None:
    with pytest.raises(NotAllowed) as refused:
        count_heads(rally(ranked()).course, "q", 1, UUID(int=4), timedelta(), NOW, "staff")
    assert refused.value.code == "heads_not_counted"
