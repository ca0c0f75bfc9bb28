"""Conditions of prizes: what a plan may demand, and how far a card has come.

A condition counts something on a card and names how many are needed; its gauge gives both, so
that a page can say "3 of 5" and a prize is won when the first has reached the second.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, NamedTuple

from msgspec import Meta, Struct

if TYPE_CHECKING:
    from domain.course import Course

Count = Annotated[int, Meta(ge=1, le=10_000)]


class Stamps(Struct, frozen=True, forbid_unknown_fields=True, tag="stamps", tag_field="kind"):
    """At least so many stamps; a spot may be worth more than one."""

    at_least: Count


class AllSpots(Struct, frozen=True, forbid_unknown_fields=True, tag="all_spots", tag_field="kind"):
    """Every spot of the rally."""


class BingoLines(
    Struct, frozen=True, forbid_unknown_fields=True, tag="bingo_lines", tag_field="kind"
):
    """At least so many full rows, columns and diagonals, over all sheets together."""

    at_least: Count


Condition = Stamps | AllSpots | BingoLines


class Standing(NamedTuple):
    """How far a card has come towards a condition."""

    have: int
    need: int

    @property
    def met(self) -> bool:
        return self.have >= self.need


Gauge = Callable[[int, int], Standing]
"""How far a card has come, given its stamped spots as bits (`Course.bit_of`) and their stamps."""


def gauge(course: "Course", condition: Condition) -> Gauge:
    """The gauge of `condition`: made once a plan, read twice a scan."""
    match condition:
        case Stamps(at_least):
            return lambda _, stamps: Standing(stamps, at_least)
        case AllSpots():
            spots = len(course.spots)
            return lambda stamped, _: Standing((stamped & course.every_spot).bit_count(), spots)
        case BingoLines(at_least):
            return lambda stamped, _: Standing(course.full_lines(stamped), at_least)
