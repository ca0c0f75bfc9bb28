"""The close-out as it stands: what its pages show, read from the facts and the books each time."""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import structlog
from msgspec import Struct

from domain.close_out import Step, Tally, review, steps
from domain.draw import drawn_in_order
from domain.plan import Prize
from domain.rally import NotAllowed, Rally
from domain.reconcile import Book, Line, differences, reconcile
from projections.prizes import PRIZES
from service import drawing
from service.engine import Engine, of_known
from service.failures import BeingRebuilt
from service.figures import read_prizes
from service.fixings import Fixing
from service.people import Device, devices
from service.sql import stored

RECENT = timedelta(hours=24)
FIX_SHOWN_AFTER_S = 2
"""Whoever presses the button waits so long for the list; then the page shows how far it is."""
_COUNT_MARKED = stored("count_marked_visits")
_READ_WINNERS = stored("read_winners")
_READ_HAND_OVERS = stored("read_hand_overs")
_COUNT_HAND_OVERS = stored("count_hand_overs")
_COUNT_ENTRIES = stored("count_draw_entries")
_COUNT_ADDRESSES = stored("count_addresses")
_COUNT_CARDS = stored("count_cards")

log = structlog.get_logger()


class Winner(Struct, frozen=True):
    """Who has won a prize, and what became of it. `visitor` is None where the list is of an earlier
    release. `waiting`: to be given; `unaddressed`: nobody knows yet where to send it."""

    entry: str
    visitor: UUID | None
    state: Literal["waiting", "unaddressed", "handed", "forfeited"]
    moved_up: bool
    at: datetime | None


class Marked(Struct, frozen=True):
    """How many visits are marked, came late, came late within the last day, and are void."""

    marked: int
    late: int
    late_recent: int
    void: int


class Overview(Struct, frozen=True):
    """All that the page of the steps shows."""

    steps: list[Step]
    tally: Tally
    lines: list[Line]
    marked: Marked
    addresses: int


async def read_overview(engine: Engine, rally: Rally) -> Overview:
    """Where a rally's close-out stands."""
    won = await read_winners(engine, rally, drawn_in_order(rally.plan))
    lines = reconcile(rally, await _books(engine, rally, won))
    tally = _tally(rally, won, differences(lines))
    return Overview(
        steps(rally, tally, engine.clock()),
        tally,
        lines,
        await read_marked(engine, rally),
        await engine.pool.fetchval(_COUNT_ADDRESSES, rally.plan.rally),
    )


async def read_marked(engine: Engine, rally: Rally) -> Marked:
    """What there is to look through."""
    name = rally.plan.rally
    row = await engine.pool.fetchrow(_COUNT_MARKED, name, engine.clock() - RECENT)
    void = len(await engine.log.voids(name))
    return Marked(row["marked"], row["late"], row["late_since"], void)


async def late_devices(engine: Engine, rally: str) -> list[Device]:
    """The staff's devices that keep scans or have been silent for a day, the fullest first."""
    now = engine.clock()
    late = [
        one
        for one in await devices(engine.pool, rally)
        if one.life is None or one.life.unsent or now - one.life.seen_at > RECENT
    ]
    return sorted(late, key=lambda one: -(one.life.unsent if one.life else 0))


async def reviewed(engine: Engine, name: str, by: str) -> Rally:
    """Say that what is odd was looked at. Raises RallyUnknown, NotAllowed."""
    found = await read_marked(engine, engine.rallies.known(name))
    return await engine.change(name, of_known(review, by, found.marked, found.void))


async def read_winners(
    engine: Engine, rally: Rally, prizes: Sequence[Prize]
) -> dict[str, list[Winner]]:
    """The winners of prizes: as they were drawn, then those who have moved up."""
    name, held = rally.plan.rally, rally.drawing
    if held is None or held.secret is None:
        return {}
    ids = [prize.id for prize in prizes]
    given: dict[tuple[str, UUID], datetime] = {
        (row["prize"], row["visitor"]): row["newest_at"]
        for row in await engine.pool.fetch(_READ_HAND_OVERS, name, ids)
        if row["given"] > 0
    }
    found: dict[str, list[Winner]] = {}
    for prize in prizes:
        entries, moved_up = held.ever_won(prize.id), held.moved_up(prize.id)
        rows = await engine.pool.fetch(_READ_WINNERS, name, prize.id, entries)
        known = {row["entry"]: (row["visitor"], row["addressed"]) for row in rows}
        given_up = set(held.given_up(prize.id))
        found[prize.id] = [
            _winner(prize, entry, *known.get(entry, (None, False)), given, given_up, moved_up)
            for entry in entries
        ]
    return found


def _winner(
    prize: Prize,
    entry: str,
    visitor: UUID | None,
    addressed: bool,
    given: dict[tuple[str, UUID], datetime],
    given_up: set[str],
    moved_up: Sequence[str],
) -> Winner:
    at = given.get((prize.id, visitor)) if visitor else None
    state: Literal["waiting", "unaddressed", "handed", "forfeited"] = "waiting"
    if entry in given_up:
        state = "forfeited"
    elif at is not None:
        state = "handed"
    elif prize.by_post and not addressed:
        state = "unaddressed"
    return Winner(entry, visitor, state, entry in moved_up, at)


def _tally(rally: Rally, won: dict[str, list[Winner]], found: int) -> Tally:
    by_post = {prize.id for prize in rally.plan.prizes if prize.by_post}
    now = [
        (prize, each) for prize, all_ in won.items() for each in all_ if each.state != "forfeited"
    ]
    posted = [each for prize, each in now if prize in by_post]
    return Tally(
        winners=len(now),
        handed=sum(each.state == "handed" for _, each in now),
        by_post=len(posted),
        addressed=sum(each.state != "unaddressed" for each in posted),
        differences=found,
    )


async def _books(engine: Engine, rally: Rally, won: dict[str, list[Winner]]) -> list[Book]:
    name, pool = rally.plan.rally, engine.pool
    with contextlib.suppress(BeingRebuilt):  # then the figures differ, and the page says why
        await engine.judge_all(PRIZES)
    by_log = dict(await pool.fetch(_COUNT_HAND_OVERS, name))
    entries = dict(await pool.fetch(_COUNT_ENTRIES, name))
    figures = {each.prize: each.handed_over for each in await read_prizes(pool, rally.course)}
    return [
        Book(
            prize=prize,
            log=by_log.get(prize.id, 0),
            projection=figures.get(prize.id, 0),
            counter=(await engine.log.taken(rally, prize.id)).in_all,
            entries=entries.get(prize.id, 0),
            waiting=_waiting(won.get(prize.id, ())),
        )
        for prize in rally.plan.prizes
    ]


def _waiting(winners: Iterable[Winner]) -> int:
    return sum(each.state in ("waiting", "unaddressed") for each in winners)


async def begin_fixing(engine: Engine, name: str, by: str) -> Fixing:
    """Fix the entries in the background, unless that is under way; wait a little for it."""
    fixing = engine.fixings.get(name)
    if fixing is None or not fixing.under_way:
        fixing = Fixing(await engine.pool.fetchval(_COUNT_CARDS, name))
        fixing.task = asyncio.create_task(_fix(engine, name, by, fixing), name=f"fix {name}")
        engine.fixings[name] = fixing
    assert fixing.task is not None
    await asyncio.wait([fixing.task], timeout=FIX_SHOWN_AFTER_S)
    return fixing


async def _fix(engine: Engine, name: str, by: str, fixing: Fixing) -> None:
    try:
        await drawing.fix(engine, name, by, fixing.advanced)
    except NotAllowed as refused:
        fixing.failed = refused.code
    except Exception:
        log.exception("fixing_failed", rally=name)
        fixing.failed = "fault"
