"""Rounds of a rally: which other rallies one may be compared with, and which is meant."""

from collections.abc import Iterable
from datetime import date

from aiohttp import web

from domain.rally import Rally
from domain.rehearsal import rehearsed
from service.context import engine_of, rally_of
from service.failures import RallyUnknown
from service.rounds_compared import Comparison, read_comparison


def last_round(rally: Rally, others: Iterable[Rally]) -> Rally | None:
    """Of rallies that were over before this one began, the one with the most spots in common; of
    several, the last."""
    spots = set(rally.course.spots)

    def likeness(other: Rally) -> tuple[int, date]:
        return len(spots & set(other.course.spots)), other.plan.last_day

    before = [other for other in others if other.plan.last_day < rally.plan.first_day]
    return max(before, key=likeness, default=None)


def others_seen(request: web.Request) -> list[Rally]:
    """The other rallies of the same organisation of which the asker may see all, as of the one that
    the address names; rehearsals apart, the newest first."""
    engine, rally = engine_of(request), rally_of(request)
    asker = engine.people.viewer(request, rally.plan.rally)
    others = [
        each
        for each in engine.rallies.all()
        if each.plan.rally != rally.plan.rally
        and each.organisation == rally.organisation
        and not rehearsed(each.plan.rally)
        and engine.people.belongs(asker, each.plan.rally)
    ]
    return sorted(others, key=lambda each: each.plan.first_day, reverse=True)


def asked_round(request: web.Request, others: Iterable[Rally]) -> Rally | None:
    """The one that the address names by `with`, else the last round. Raises RallyUnknown."""
    name = request.query.get("with")
    if not name:
        return last_round(rally_of(request), others)
    for other in others:
        if other.plan.rally == name:
            return other
    raise RallyUnknown


async def compared_with(request: web.Request, other: Rally) -> Comparison:
    """The rally that the address names beside another one, as of today."""
    engine, course = engine_of(request), rally_of(request).course
    today = engine.clock().astimezone(course.zone).date()
    return await read_comparison(engine.pool, course, other.course, today)
