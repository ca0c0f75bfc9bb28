"""Conditions of prizes: what a plan may demand, and how far a card has come.

A condition counts something on a card and names how many are needed; its gauge gives both, so
that a page can say "3 of 5" and a prize is won when the first has reached the second.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple, Union

from msgspec import Meta, Struct

if TYPE_CHECKING:
    from domain.course import Course

Count = Annotated[int, Meta(ge=1, le=10_000)]
SpotId = Annotated[str, Meta(description="a spot's id", max_length=40)]
AreaId = Annotated[str, Meta(description="an area's id", max_length=40)]
Evidence = Literal["printed", "rotating", "keyword", "quiz", "badge", "paper", "place"]
"""What may stand behind a visit: the kind of its code, an answer, or a place that was checked.
Several are written one after the other: `printed+place`."""
Line = Literal["rows", "columns", "diagonals"]
LINES: tuple[Line, ...] = ("rows", "columns", "diagonals")
CONDITIONS_DEEP_MAX = 4
"""A condition within a condition, so deep at most: past this nobody can say what is missing."""


class Kind(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind"):
    """One of several things that a plan may say at a place: its `kind` tells which."""


class Always(Kind, frozen=True, tag="always"):
    """Nothing: everybody who has a card. For tickets."""


class Stamps(Kind, frozen=True, tag="stamps"):
    """At least so many stamps; a spot may be worth more than one."""

    at_least: Count


class AllSpots(Kind, frozen=True, tag="all_spots"):
    """Every spot of the rally."""


class SpotsOf(Kind, frozen=True, tag="spots_of"):
    """At least so many of the named spots; all of them if no number is said."""

    spots: Annotated[list[SpotId], Meta(min_length=1)]
    at_least: Count | None = None


class SpotsInArea(Kind, frozen=True, tag="spots_in_area"):
    """At least so many spots of one area; all of them if no number is said."""

    area: AreaId
    at_least: Count | None = None


class Areas(Kind, frozen=True, tag="areas"):
    """At least so many areas, with at least so many spots in each."""

    at_least: Count
    spots_each: Count = 1


class BingoLines(Kind, frozen=True, tag="bingo_lines"):
    """At least so many full lines, over all sheets together or on one of them."""

    at_least: Count
    sheet: Annotated[str, Meta(description="a sheet's id", max_length=40)] | None = None
    lines: Annotated[tuple[Line, ...], Meta(min_length=1)] = LINES


class InOrder(Kind, frozen=True, tag="in_order"):
    """The named spots, visited one after the other in this order; others may lie between."""

    spots: Annotated[list[SpotId], Meta(min_length=1)]


class WithEvidence(Kind, frozen=True, tag="with_evidence"):
    """A condition for which only visits count that have one of these behind them."""

    evidence: Annotated[list[Evidence], Meta(min_length=1)]
    condition: "Condition"


class AllOf(Kind, frozen=True, tag="all_of"):
    """Every one of several conditions."""

    conditions: Annotated[list["Condition"], Meta(min_length=1, max_length=20)]


class AnyOf(Kind, frozen=True, tag="any_of"):
    """One of several conditions, or at least so many."""

    conditions: Annotated[list["Condition"], Meta(min_length=1, max_length=20)]
    at_least: Count = 1


Condition = Union[  # noqa: UP007 - it names itself within, which `|` cannot at run time
    Always,
    Stamps,
    AllSpots,
    SpotsOf,
    SpotsInArea,
    Areas,
    BingoLines,
    InOrder,
    WithEvidence,
    AllOf,
    AnyOf,
]


def parts(condition: Condition) -> Iterator[Condition]:
    """A condition and all that it consists of."""
    yield condition
    match condition:
        case WithEvidence(_, inner):
            yield from parts(inner)
        case AllOf(conditions) | AnyOf(conditions):
            for each in conditions:
                yield from parts(each)


class Standing(NamedTuple):
    """How far a card has come towards a condition."""

    have: int
    need: int

    @property
    def met(self) -> bool:
        return self.have >= self.need


class Seen(NamedTuple):
    """A card as conditions see it: spots as bits (`Course.bit_of`).

    `visits` are the spots with the evidence behind them, in the order of the scans' own times; they
    are there if some condition of the plan asks for order or evidence.
    """

    stamped: int
    visits: Sequence[tuple[int, str]] = ()

    def only(self, evidence: Sequence[str]) -> "Seen":
        """The same with nothing but the visits that have some of `evidence`."""
        visits = [
            visit for visit in self.visits if not set(evidence).isdisjoint(visit[1].split("+"))
        ]
        stamped = 0
        for bit, _ in visits:
            stamped |= bit
        return Seen(stamped, visits)


Gauge = Callable[[Seen], Standing]
"""How far a card has come."""


def gauge(course: "Course", condition: Condition) -> Gauge:
    """The gauge of `condition`: made once a plan, read twice a scan."""
    match condition:
        case Always():
            return lambda _: Standing(1, 1)
        case Stamps(stamps):
            return lambda seen: Standing(course.stamps_of(seen.stamped), stamps)
        case AllSpots():
            return _spots(course.every_spot, course.every_spot.bit_count())
        case SpotsOf(spots, at_least):
            return _spots(course.mask(spots), at_least or len(spots))
        case SpotsInArea(area, at_least):
            bits = course.area_bits[area]
            return _spots(bits, at_least or bits.bit_count())
        case Areas(areas, spots_each):
            return _areas(list(course.area_bits.values()), areas, spots_each)
        case BingoLines(lines, sheet, kinds):
            return _lines(course, course.lines_of(sheet, kinds), lines)
        case InOrder(spots):
            return _in_order([course.mask([spot]) for spot in spots])
        case WithEvidence(evidence, inner):
            within = gauge(course, inner)
            return lambda seen: within(seen.only(evidence))
        case AllOf(conditions):
            return _several([gauge(course, each) for each in conditions], len(conditions))
        case AnyOf(conditions, enough):
            return _several([gauge(course, each) for each in conditions], enough)


def _areas(areas: list[int], need: int, spots_each: int) -> Gauge:
    def read(seen: Seen) -> Standing:
        full = sum(1 for bits in areas if (bits & seen.stamped).bit_count() >= spots_each)
        return Standing(full, need)

    return read


def _lines(course: "Course", lines: list[int], need: int) -> Gauge:
    if lines == course.lines:  # what the card shows too, and the course remembers
        return lambda seen: Standing(course.full_lines(seen.stamped), need)
    return lambda seen: Standing(sum(1 for one in lines if seen.stamped & one == one), need)


def _spots(bits: int, need: int) -> Gauge:
    return lambda seen: Standing((seen.stamped & bits).bit_count(), need)


def _in_order(wanted: list[int]) -> Gauge:
    def read(seen: Seen) -> Standing:
        have = 0
        for bit in dict.fromkeys(bit for bit, _ in seen.visits):
            if have < len(wanted) and bit == wanted[have]:
                have += 1
        return Standing(have, len(wanted))

    return read


def _several(gauges: list[Gauge], need: int) -> Gauge:
    if len(gauges) == 1:
        return gauges[0]
    return lambda seen: Standing(sum(1 for each in gauges if each(seen).met), need)
