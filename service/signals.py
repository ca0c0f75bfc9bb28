"""Signals of a day, with the visits behind them, for the organiser to judge."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from uuid import UUID

import msgspec
from msgspec import Struct

from domain.card import Card, Visit
from domain.completion import spot_of_mark
from domain.course import Course
from domain.encoding import micros
from domain.signals import Signal, signals
from projections.completion import COMPLETION
from service.engine import Engine
from service.figures import read
from service.preview import CARDS_AT_ONCE

SIGNALS_SHOWN_MAX = 50
CARDS_SHOWN_MAX = 12
"""Of one signal."""
_decode = msgspec.json.Decoder(dict[str, int]).decode


class Suspect(Struct, frozen=True):
    """A card of a signal, and those of its visits that the signal is about."""

    visitor: UUID
    visits: list[Visit]


class Finding(Struct, frozen=True):
    """A signal and (the first of) its cards."""

    signal: Signal
    suspects: list[Suspect]


def kind_of(signal: Signal) -> str:
    """What kind of signal it is, in a word: hop, company or night."""
    return str(signal.__struct_config__.tag)


async def read_signals(engine: Engine, course: Course, day: date) -> list[Signal]:
    """What is odd about the cards of a day of the rally's time zone."""
    begins, ends = _bounds(course, day)
    cards: list[tuple[UUID, dict[str, int]]] = []
    async for visitor, visited in _cards(engine, course):
        if today := _of_day(visited, begins, ends):
            cards.append((visitor, today))
    async with engine.long_work:  # one at a time: check-ins share the processor with it
        return await asyncio.to_thread(signals, course, cards)


async def count_signals(engine: Engine, course: Course, days: Sequence[date]) -> dict[date, int]:
    """How much is odd on each of some days; the cards are read once for all of them."""
    bounds = {day: _bounds(course, day) for day in days}
    cards: dict[date, list[tuple[UUID, dict[str, int]]]] = {day: [] for day in days}
    async for visitor, visited in _cards(engine, course):
        for day, (begins, ends) in bounds.items():
            if any(begins <= at < ends for at in visited.values()):
                cards[day].append((visitor, _of_day(visited, begins, ends)))
    async with engine.long_work:
        return {
            day: len(await asyncio.to_thread(signals, course, of_day))
            for day, of_day in cards.items()
        }


async def _cards(engine: Engine, course: Course) -> AsyncIterator[tuple[UUID, dict[str, int]]]:
    """All cards of a rally that are not erased: visitors, and what each has visited when."""
    after, rally = (UUID(int=0), 0), course.plan.rally
    while rows := await read(engine.pool, COMPLETION, "read_cards", rally, *after, CARDS_AT_ONCE):
        for visitor, _, erased, _, visited in rows:
            if not erased:
                yield visitor, _decode(visited)
        after = (rows[-1]["visitor"], rows[-1]["day"])
        await asyncio.sleep(0)


def _bounds(course: Course, day: date) -> tuple[int, int]:
    begins, ends = (micros(course.begins(day + timedelta(days=days))) for days in (0, 1))
    return begins, ends


def _of_day(visited: dict[str, int], begins: int, ends: int) -> dict[str, int]:
    """When each spot was first visited, if on the day. Answers were given from anywhere."""
    first: dict[str, int] = {}
    for mark, at in visited.items():
        spot, evidence = spot_of_mark(mark)
        if begins <= at < ends and evidence != "quiz":
            first[spot] = min(at, first.get(spot, at))
    return first


async def findings(
    engine: Engine, course: Course, day: date, found: Sequence[Signal]
) -> list[Finding]:
    """The visits of the day behind the first signals, as they are on the cards now."""
    begins, ends = _bounds(course, day)
    cards: dict[UUID, Card] = {}
    shown = []
    for signal in found[:SIGNALS_SHOWN_MAX]:
        suspects = []
        for visitor in signal.visitors[:CARDS_SHOWN_MAX]:
            if visitor not in cards:
                cards[visitor] = await engine.log.card(visitor, course.plan.rally)
            visits = [
                visit
                for visit in cards[visitor].visits
                if visit.spot in signal.spots
                and begins <= visit.occurred_at < ends
                and not (visit.void or visit.confirms)
            ]
            if visits:
                suspects.append(Suspect(visitor, visits))
        if suspects:
            shown.append(Finding(signal, suspects))
    return shown
