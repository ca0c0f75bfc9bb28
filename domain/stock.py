"""What there is only so much of: the places at a spot, the prizes that are given at once.

How much of it is taken is counted where all writers meet (`taken` in the database), in the
transaction of the fact that takes it. What a fact takes is said here, once.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from domain.encoding import micros
from domain.events import (
    CardLinked,
    HandOverReversed,
    PrizeHandedOver,
    VisitorFact,
    VisitRecorded,
    VisitReinstated,
    VisitVoided,
)
from domain.plan import FirstCome
from domain.rally import Rally

IN_ALL = 0
"""The period of what is counted over the whole rally."""


class Lot(NamedTuple):
    """Places at a spot in a period, or a prize: in all, or on a day (such as 20260108)."""

    rally: str
    item: str
    period: int


class Taken(NamedTuple):
    """How many of a prize were given to anybody, less those that were taken back."""

    in_all: int = 0
    today: int = 0


class Left(NamedTuple):
    """How many of a prize there are still, in all and of today's share; None: no limit is set."""

    in_all: int | None
    today: int | None


def left_of(giving: FirstCome, taken: Taken) -> Left:
    """What is left of a prize. A plan may be changed to less than was given: that is none left."""
    in_all = None if giving.stock is None else max(giving.stock - taken.in_all, 0)
    if giving.per_day is None:
        return Left(in_all, None)
    today = max(giving.per_day - taken.today, 0)
    return Left(in_all, today if in_all is None else min(today, in_all))


def places(rally: Rally, spot: str, period: int) -> Lot:
    """The places at a spot."""
    return Lot(rally.plan.rally, f"spot:{spot}", period)


def prize_lots(rally: Rally, prize: str, now: datetime) -> tuple[Lot, Lot]:
    """A prize in all, and its share of the day."""
    name, day = rally.plan.rally, rally.course.hour_at(micros(now)).day
    return Lot(name, f"prize:{prize}", IN_ALL), Lot(name, f"prize:{prize}", day)


def taken_by(rally: Rally, facts: Iterable[VisitorFact]) -> Counter[Lot]:
    """What facts of a rally take in all; less than nothing where they give back."""
    taken: Counter[Lot] = Counter()
    for fact in facts:
        for lot, one in takes(rally, fact):
            taken[lot] += one
    return taken


def takes(rally: Rally, fact: VisitorFact) -> Iterator[tuple[Lot, int]]:
    """What a fact takes (1) or gives back (-1): a prize that is taken back, of the day on which it
    was given."""
    match fact:
        case VisitRecorded() | VisitReinstated() | VisitVoided():
            if fact.spot in rally.course.limited:
                one = -1 if isinstance(fact, VisitVoided) else 1
                yield places(rally, fact.spot, fact.period), one
        case PrizeHandedOver() | HandOverReversed():
            one = -1 if isinstance(fact, HandOverReversed) else 1
            at = fact.occurred_at
            if isinstance(fact, HandOverReversed):
                at = fact.handed_over_at or at
            for lot in prize_lots(rally, fact.prize, at):
                yield lot, one
        case CardLinked():
            for visit in fact.corrections:
                if visit.spot in rally.course.limited:
                    yield places(rally, visit.spot, visit.period), -1
            for given in fact.handed:
                for lot in prize_lots(rally, given.prize, given.at):
                    yield lot, -1
