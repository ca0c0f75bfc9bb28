"""Signals: what is odd about cards, and what is not."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest
from builders import NOW, names, plan
from msgspec.structs import replace

from domain.course import Course
from domain.encoding import micros
from domain.plan import Place, Spot
from domain.signals import Company, Hop, Night, Signal, signals

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
KM = 1 / 111.195
"""A degree of latitude is so many kilometres on the sphere of WGS 84's mean radius."""
SPOTS = [
    Spot(name, names(), "east", place=Place(35 + km * KM, 139))
    for name, km in (("a", 0), ("b", 0.4), ("c", 10), ("d", 30))
]
COURSE = Course(plan(spots=[*SPOTS, Spot("nowhere", names(), "west")], sheets=[], prizes=[]))


def found(*cards: dict[str, datetime], course: Course = COURSE) -> list[Signal]:
    """What is odd about cards, numbered from 1 on."""
    return signals(
        course,
        [
            (UUID(int=number), {spot: micros(at) for spot, at in card.items()})
            for number, card in enumerate(cards, start=1)
        ],
    )


@pytest.mark.parametrize(
    ("card", "hops"),
    [
        ({"a": NOW, "c": NOW + 121 * SECOND}, []),  # 10 km at 297 km/h
        ({"a": NOW, "c": NOW + 119 * SECOND}, [("a", "c", 10_000, 119)]),  # at 302 km/h
        ({"c": NOW + 10 * SECOND, "a": NOW}, [("a", "c", 10_000, 10)]),
        ({"a": NOW, "c": NOW}, [("a", "c", 10_000, 0)]),
        ({"a": NOW, "b": NOW}, []),  # so near that the places may be wrong by as much
        ({"a": NOW, "nowhere": NOW, "gone": NOW}, []),
        ({"a": NOW, "nowhere": NOW + SECOND, "c": NOW + 2 * SECOND}, [("a", "c", 10_000, 2)]),
        (
            {"a": NOW, "c": NOW + 60 * SECOND, "d": NOW + 120 * SECOND},
            [("c", "d", 20_000, 60), ("a", "c", 10_000, 60)],
        ),
    ],
)
def test_nobody_is_at_two_spots_faster_than_a_train(
    card: dict[str, datetime], hops: list[tuple[str, str, int, int]]
) -> None:
    """The gravest first."""
    assert [
        (hop.origin, hop.destination, hop.metres, hop.seconds)
        for hop in found(card)
        if isinstance(hop, Hop)
    ] == hops


def walk(start: datetime, *spots: str, each: timedelta = HOUR) -> dict[str, datetime]:
    return {spot: start + n * each for n, spot in enumerate(spots)}


def companies(*cards: dict[str, datetime]) -> list[tuple[list[int], tuple[str, ...]]]:
    return [
        ([visitor.int for visitor in one.visitors], one.spots)
        for one in found(*cards)
        if isinstance(one, Company)
    ]


def test_three_cards_that_walk_as_one_are_said() -> None:
    """Given three cards a minute apart everywhere, one an hour later, one the other way round."""
    near = [walk(NOW + n * MINUTE, "a", "b", "c") for n in range(3)]
    later, other = walk(NOW + HOUR, "a", "b", "c"), walk(NOW, "c", "b", "a")
    assert companies(later, *near, other) == [([2, 3, 4], ("a", "b", "c"))]
    (company,) = [one for one in found(*near) if isinstance(one, Company)]
    assert (company.first_at, company.last_at) == (NOW, NOW + 2 * HOUR + 2 * MINUTE)


@pytest.mark.parametrize(
    "cards",
    [
        [walk(NOW, "a", "b", "c")] * 2,  # a couple
        [walk(NOW, "a", "b")] * 5,  # two spots are nothing
        [walk(NOW + n * 6 * MINUTE, "a", "b", "c") for n in range(5)],  # one after the other
        [walk(NOW, "a", "b", "c", each=each * MINUTE) for each in (10, 20, 30)],  # parted soon
        [],
    ],
)
def test_others_are_not(cards: list[dict[str, datetime]]) -> None:
    assert companies(*cards) == []


def test_several_companies_on_one_way_are_told_apart_the_largest_first() -> None:
    cards = [walk(NOW + 3 * HOUR, "a", "b", "c")] * 3 + [walk(NOW, "a", "b", "c")] * 4
    assert companies(*cards) == [
        ([4, 5, 6, 7], ("a", "b", "c")),
        ([1, 2, 3], ("a", "b", "c")),
    ]


def night(hour: int, minute: int = 30) -> datetime:
    """A time of the day after NOW, in Tokyo."""
    return datetime(2026, 1, 15, 15, tzinfo=UTC) + hour * HOUR + minute * MINUTE


@pytest.mark.parametrize(
    ("opens", "closes", "at", "odd"),
    [
        (time(10), time(20), night(3), True),
        (time(10), time(20), night(8), True),
        (time(10), time(20), night(9), False),  # people come early
        (time(10), time(20), night(20), False),  # and leave late
        (time(10), time(20), night(21), True),
        (None, None, night(4), True),
        (None, None, night(5), False),
        (None, None, night(22), False),
        (time(18), time(2), night(1), False),  # a bar's night
        (time(18), time(2), night(9), True),
    ],
)
def test_a_spot_that_is_closed_has_no_crowd(
    opens: time | None, closes: time | None, at: datetime, odd: bool
) -> None:
    spots = [replace(SPOTS[0], opens=opens, closes=closes)]
    course = Course(plan(spots=spots, sheets=[], prizes=[]))
    crowd = [{"a": at + n * SECOND} for n in range(5)]
    nights = [one for one in found(*crowd, course=course) if isinstance(one, Night)]
    assert [(len(one.visitors), one.spot, one.hour) for one in nights] == (
        [(5, "a", at.replace(minute=0))] if odd else []
    )
    assert not [one for one in found(*crowd[:4], course=course) if isinstance(one, Night)]
