"""Projections as plain Python would have them: folds over facts, slow and easy to read."""

from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any
from uuid import UUID

from domain.conditions import Seen
from domain.course import Course
from domain.encoding import micros
from domain.events import (
    CardLinked,
    CheckInRefused,
    Fact,
    HandOverReversed,
    HeadcountRecorded,
    PrizeEntered,
    PrizeHandedOver,
    VisitConfirmed,
    VisitorErased,
    VisitRecorded,
    VisitReinstated,
    VisitVoided,
)

Rows = dict[tuple[Any, ...], tuple[Any, ...]]
"""The key of a row, and the rest of it."""
Placed = tuple[tuple[int, int], Fact]
"""A fact, and its bucket and position."""


def voided(placed: list[Placed]) -> list[Fact]:
    """The visits that are void in the end or on another card, and what confirms them."""
    void: dict[tuple[int, int], bool] = {}
    visit_of: dict[int, tuple[int, int]] = {}
    for (bucket, position), fact in placed:
        match fact:
            case VisitRecorded():
                visit_of[id(fact)] = (bucket, position)
            case VisitConfirmed():
                visit_of[id(fact)] = (bucket, fact.visit)
            case VisitVoided() | VisitReinstated():
                void[bucket, fact.position] = isinstance(fact, VisitVoided)
            case CardLinked():
                void |= {(bucket, each.position): True for each in fact.corrections}
    return [fact for _, fact in placed if void.get(visit_of.get(id(fact)))]


def footfall(course: Course, facts: list[Fact], void: list[Fact]) -> Rows:
    """Visits, and distinct visitors as sizes of sets, each visitor in the set of their first."""
    visits: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 7)
    seen: set[tuple[Any, ...]] = set()
    for fact in facts:
        if isinstance(fact, VisitRecorded):
            local = fact.occurred_at.astimezone(course.zone)
            hour = local.replace(minute=0, second=0, microsecond=0)
            if fact.evidence == "quiz":
                continue
            row = visits[fact.spot, hour, fact.language]
            if fact in void:
                continue
            row[0] += 1
            scopes = [
                (fact.visitor, fact.spot, hour),
                (fact.visitor, fact.spot, local.date()),
                (fact.visitor, fact.spot),
                (fact.visitor,),
                (fact.visitor, local.date()),
            ]
            for index, scope in enumerate(scopes, start=1):
                row[index] += scope not in seen
                seen.add(scope)
        elif isinstance(fact, HeadcountRecorded):
            local = fact.occurred_at.astimezone(course.zone)
            hour = local.replace(minute=0, second=0, microsecond=0)
            visits[fact.spot, hour, ""][6] += fact.count
    return {key: tuple(row) for key, row in visits.items()}


def completion(course: Course, facts: list[Fact], void: list[Fact]) -> Rows:
    """What each card's visits come to, looked at after every one in the order of their times."""
    ways: dict[tuple[UUID, int], dict[str, int]] = defaultdict(dict)
    erased: set[UUID] = set()
    for fact in facts:
        if isinstance(fact, VisitRecorded | VisitConfirmed):
            local = fact.occurred_at.astimezone(course.zone)
            day = 0 if course.plan.carry_over else int(f"{local:%Y%m%d}")
            way = ways[fact.visitor, day]
            at = micros(fact.occurred_at)
            mark = fact.spot if fact.evidence == "printed" else f"{fact.spot}#{fact.evidence}"
            if fact not in void:
                way[mark] = min(at, way.get(mark, at))
        elif isinstance(fact, VisitorErased):
            erased.add(fact.visitor)
    return {
        (visitor, day): (*_come_to(course, way), visitor in erased, _met(course, way), way)
        for (visitor, day), way in ways.items()
    }


def _come_to(course: Course, way: dict[str, int]) -> tuple[Any, ...]:
    """Stamps, spots, areas, lines, first and last moment."""
    planned: dict[str, int] = {}
    for mark, at in way.items():
        spot = mark.partition("#")[0]
        if spot in course.spots:
            planned[spot] = min(at, planned.get(spot, at))
    return (
        sum(course.spots[spot].stamps for spot in planned),
        len(planned),
        len({course.spots[spot].area for spot in planned}),
        course.full_lines(sum(course.bit_of[spot] for spot in planned)),
        min(planned.values(), default=None),
        max(planned.values(), default=None),
    )


def _met(course: Course, way: dict[str, int]) -> dict[str, int]:
    """When each condition was first met: the earliest moment up to which enough was visited."""
    met = {}
    for prize, gauge in course.gauges:
        marks = [
            (at, *((mark + "#printed").split("#")[:2]))
            for mark, at in way.items()
            if mark.partition("#")[0] in course.spots
        ]
        for moment in sorted(at for at, _, _ in marks):
            so_far = [
                (course.bit_of[spot], evidence)
                for at, spot, evidence in sorted(marks)
                if at <= moment
            ]
            have, need = gauge(Seen(sum({bit for bit, _ in so_far}), so_far))
            if have >= need:
                met[prize] = moment
                break
    return met


def completion_totals(rows: Rows) -> Rows:
    """How many visitors have which measure."""
    totals: Counter[tuple[Any, ...]] = Counter()
    for stamps, _, _, _, first_at, _, _, met, _ in rows.values():
        if first_at is not None:
            totals["stamps", "", stamps] += 1
            for prize, at in met.items():
                totals["met", prize, counted_as((at - first_at) // 60_000_000)] += 1
    return {key: (visitors,) for key, visitors in totals.items()}


def counted_as(minutes: int) -> int:
    """Minutes exact in the first hour, then by fives, by quarters of an hour, by hours."""
    if minutes < 60:
        return minutes
    step = 5 if minutes < 180 else 15 if minutes < 1440 else 60
    return minutes // step * step


def flow(course: Course, facts: list[Fact], void: list[Fact]) -> Rows:
    """Each visitor's days, walked through in the order of their times."""
    days = defaultdict(list)
    for number, fact in enumerate(facts):
        if isinstance(fact, VisitRecorded) and fact.evidence != "quiz" and fact not in void:
            day = fact.occurred_at.astimezone(course.zone).date()
            days[fact.visitor, day].append((fact.occurred_at, number, fact.spot))
    minutes: dict[tuple[str, str], list[int]] = defaultdict(list)
    for visits in days.values():
        walked = sorted(visits)
        for (before, _, origin), (after, _, destination) in pairwise(walked):
            if origin != destination:
                minutes[origin, destination].append(
                    counted_as(int((after - before).total_seconds()) // 60)
                )
    return {pair: (len(taken), _median(taken), Counter(taken)) for pair, taken in minutes.items()}


def _median(values: list[int]) -> float:
    values = sorted(values)
    middle = len(values) // 2
    return (values[middle] + values[~middle]) / 2


def prizes(course: Course, placed: list[Placed]) -> Rows:
    """What happened to each prize in each hour; what a void visit changes, in the visits' hours."""
    counts: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 4)
    visited_at = {place: fact.occurred_at for place, fact in placed}
    for (bucket, _), fact in placed:
        local = fact.occurred_at.astimezone(course.zone)
        hour = local.replace(minute=0, second=0, microsecond=0)
        match fact:
            case VisitRecorded() | VisitConfirmed():
                for prize in fact.earned:
                    counts[prize, hour][0] += 1
            case VisitVoided() | VisitReinstated() | CardLinked():
                for prize in getattr(fact, "entered", ()):
                    counts[prize, hour][1] -= 1
                for given in getattr(fact, "handed", ()):
                    local = given.at.astimezone(course.zone)
                    hour = local.replace(minute=0, second=0, microsecond=0)
                    counts[given.prize, hour][2] -= 1
                for each in fact.corrections:
                    local = visited_at[bucket, each.position].astimezone(course.zone)
                    hour = local.replace(minute=0, second=0, microsecond=0)
                    for prize in each.earned:
                        counts[prize, hour][0] += 1
                    for prize in each.unearned:
                        counts[prize, hour][0] -= 1
            case PrizeEntered():
                counts[fact.prize, hour][1] += 1
            case PrizeHandedOver():
                counts[fact.prize, hour][2] += 1
            case HandOverReversed():
                counts[fact.prize, hour][2] -= 1
                counts[fact.prize, hour][3] += 1
    return {key: tuple(row) for key, row in counts.items()}


def refusals(course: Course, facts: list[Fact]) -> Rows:
    """Refused scans by spot, hour and code."""
    counts: Counter[tuple[Any, ...]] = Counter()
    for fact in facts:
        if isinstance(fact, CheckInRefused):
            local = fact.occurred_at.astimezone(course.zone)
            hour = local.replace(minute=0, second=0, microsecond=0)
            counts[fact.spot, hour, str(fact.refusal.code)] += 1
    return {key: (count,) for key, count in counts.items()}
