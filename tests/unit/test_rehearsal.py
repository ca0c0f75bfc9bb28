"""A rehearsal is its rally at any hour and from anywhere, under a name that says what it is."""

from datetime import date, datetime, time

import pytest
from builders import names, plan

from domain.mistakes import mistakes
from domain.place import Place
from domain.plan import DayException, Near, Spot
from domain.rally import NotAllowed
from domain.rehearsal import number_of, rehearsal, rehearsed

DAY = date(2025, 12, 20)


def test_it_has_all_of_the_plan_but_its_hours_and_places() -> None:
    spot = Spot(
        "a",
        names(),
        "east",
        place=Place(35.0, 139.0),
        near=Near(100),
        starts=datetime.fromisoformat("2026-01-09T10:30"),
        ends=datetime.fromisoformat("2026-01-09T12:00"),
    )
    others = plan().spots[1:]
    of = plan(
        spots=[spot, *others],
        opens=time(9),
        closes=time(17),
        exceptions=[DayException(date(2026, 1, 9), closed=True)],
    )
    made = rehearsal(of, 1, DAY)
    bare = Spot("a", names(), "east", place=Place(35.0, 139.0))
    days = {"first_day": DAY, "last_day": date(2025, 12, 26)}
    assert made == plan(rally="try-1-walk", spots=[bare, *others], **days)
    assert mistakes(made) == []


@pytest.mark.parametrize(
    ("name", "of", "number"),
    [
        ("try-1-walk", "walk", 1),
        ("try-12-a-b", "a-b", 12),
        ("walk", None, 0),
        ("try-walk", None, 0),
        ("try-1", None, 0),
        ("retry-1-walk", None, 0),
    ],
)
def test_its_name_says_of_which_rally_it_is(name: str, of: str | None, number: int) -> None:
    assert (rehearsed(name), number_of(name)) == (of, number)


@pytest.mark.parametrize(
    ("rally", "code"),
    [("try-1-walk", "rehearsal_of_rehearsal"), ("w" * 35, "name_too_long")],
)
def test_what_cannot_be_rehearsed_is_told(rally: str, code: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        rehearsal(plan(rally=rally), 1, DAY)
    assert refused.value.code == code
