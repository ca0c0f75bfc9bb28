"""Signals: what looks as if stamps were not collected by walking. For people to judge, never for
machines to punish: a family walks as one too, and clocks are wrong.

A signal names the visits behind it, so that whoever looks can void them (`domain/voids.py`).
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, time, timedelta
from itertools import pairwise
from uuid import UUID

from msgspec import Struct

from domain.course import Course
from domain.encoding import moment_of
from domain.place import distance_m
from domain.plan import Spot

SPEED_MAX_KMH = 300
"""Faster than this from door to door is nobody, not even by Shinkansen."""
HOP_MIN_M = 500
"""Nearer than this, spots may be wrong by as much as they are apart."""
TOGETHER_CARDS_MIN = 3
TOGETHER_SPOTS_MIN = 3
TOGETHER_WITHIN = timedelta(minutes=5)
"""So many cards with the same spots in the same order, so many of them, so near in time at each:
one person with several phones, or friends."""
TOGETHER_LOOKED_AT_MAX = 1_000
"""Of those who began within the same minutes: a bound on work where a gate lets all go one way."""
NIGHT_VISITORS_MIN = 5
"""So many visitors of one spot in an hour in which it is closed: its code was passed on."""
NIGHT = (time(0), time(5))
"""When spots are closed that do not say when they open."""
_US = 1_000_000


class Hop(Struct, frozen=True, tag_field="kind", tag="hop"):
    """A visitor was at two spots faster than anybody can be; `at` the second at that time."""

    visitor: UUID
    origin: str
    destination: str
    metres: int
    seconds: int
    at: datetime

    @property
    def visitors(self) -> tuple[UUID, ...]:
        return (self.visitor,)

    @property
    def spots(self) -> tuple[str, ...]:
        return (self.origin, self.destination)


class Company(Struct, frozen=True, tag_field="kind", tag="company"):
    """Cards that walked as one: the same spots in the same order at nearly the same times."""

    visitors: tuple[UUID, ...]
    spots: tuple[str, ...]
    first_at: datetime
    last_at: datetime


class Night(Struct, frozen=True, tag_field="kind", tag="night"):
    """Many visitors at a spot in an hour in which it is closed; `hour` is when that began."""

    visitors: tuple[UUID, ...]
    spot: str
    hour: datetime

    @property
    def spots(self) -> tuple[str, ...]:
        return (self.spot,)


Signal = Hop | Company | Night
_Walk = list[tuple[int, str]]


def signals(course: Course, cards: Iterable[tuple[UUID, Mapping[str, int]]]) -> list[Signal]:
    """What is odd about cards: visitors, and when each was first at each spot.

    Moments are microseconds since 1970. The gravest of a kind come first.
    """
    hops: list[Hop] = []
    walks: dict[tuple[str, ...], list[tuple[UUID, _Walk]]] = {}
    nights: dict[tuple[str, int], list[UUID]] = {}
    for visitor, visited in cards:
        walk = sorted((at, spot) for spot, at in visited.items() if spot in course.spots)
        hops += _hops(course, visitor, walk)
        if len(walk) >= TOGETHER_SPOTS_MIN:
            walks.setdefault(tuple(spot for _, spot in walk), []).append((visitor, walk))
        for at, spot in walk:
            if is_closed(course, course.spots[spot], at):
                nights.setdefault((spot, course.hour_at(at).of_hour.start), []).append(visitor)
    return [
        *sorted(hops, key=lambda hop: -hop.metres / max(hop.seconds, 1)),
        *sorted(
            (one for spots, alike in walks.items() for one in _companies(course, spots, alike)),
            key=lambda company: -len(company.visitors),
        ),
        *sorted(
            (
                Night(tuple(visitors), spot, course.local(hour))
                for (spot, hour), visitors in nights.items()
                if len(visitors) >= NIGHT_VISITORS_MIN
            ),
            key=lambda night: -len(night.visitors),
        ),
    ]


def is_closed(course: Course, spot: Spot, at: int) -> bool:
    """Whether a spot is closed in the whole hour of a moment; the hours before it opens and after
    it closes are not counted, as people come early and leave late."""
    hour = course.local(course.hour_at(at).of_hour.start).time().hour
    if spot.opens is None or spot.closes is None:
        return NIGHT[0].hour <= hour < NIGHT[1].hour
    early, late = hour + 1 < spot.opens.hour, hour > spot.closes.hour
    return early and late if spot.closes <= spot.opens else early or late


def _hops(course: Course, visitor: UUID, walk: _Walk) -> Iterator[Hop]:
    """Between the spots that have a place, one after the other."""
    placed = [(at, spot, course.spots[spot].place) for at, spot in walk]
    known = [(at, spot, place) for at, spot, place in placed if place is not None]
    for (left_at, origin, left), (came_at, destination, came) in pairwise(known):
        metres, seconds = distance_m(left, came), (came_at - left_at) / _US
        if metres >= HOP_MIN_M and metres * 3.6 > SPEED_MAX_KMH * seconds:
            at = moment_of(came_at).astimezone(course.zone)
            yield Hop(visitor, origin, destination, round(metres), round(seconds), at)


def _companies(
    course: Course, spots: tuple[str, ...], alike: list[tuple[UUID, _Walk]]
) -> Iterator[Company]:
    """Those of the walks that were near in time at every spot to the first of them."""
    within = TOGETHER_WITHIN // timedelta(microseconds=1)
    waiting = sorted(alike, key=lambda card: card[1])
    taken: set[UUID] = set()
    for index, (first_visitor, leader) in enumerate(waiting):
        if first_visitor in taken:
            continue
        near: list[tuple[UUID, _Walk]] = []
        for visitor, walk in waiting[index : index + TOGETHER_LOOKED_AT_MAX]:
            if walk[0][0] - leader[0][0] > within:
                break  # they began later, and so did all that come after them
            apart = max(abs(at - first) for (at, _), (first, _) in zip(walk, leader, strict=True))
            if apart <= within and visitor not in taken:
                near.append((visitor, walk))
        if len(near) >= TOGETHER_CARDS_MIN:
            taken.update(visitor for visitor, _ in near)
            yield Company(
                tuple(visitor for visitor, _ in near),
                spots,
                course.local(leader[0][0]),
                course.local(max(walk[-1][0] for _, walk in near)),
            )
