"""What the organiser's overview shows: its figures, read and made ready for pictures and tables."""

from collections.abc import Awaitable
from typing import Any, TypeVar

from domain.rally import Rally
from projections.follow import read_lag
from projections.footfall import FOOTFALL
from service.engine import Engine
from service.failures import BeingRebuilt
from service.i18n import Voice
from service.pages.overview import footfall, progress, trouble

T = TypeVar("T")


async def overview(engine: Engine, rally: Rally, voice: Voice) -> dict[str, Any]:
    """What the live part of the overview is drawn of. A part whose figures are just being rebuilt
    is None; without footfall there is no overview. Raises BeingRebuilt."""
    course = rally.course
    # Before the rows: what is applied in between makes them newer than said, never older.
    lag = await read_lag(engine.pool, FOOTFALL, engine.clock())
    now = engine.clock().astimezone(course.zone)
    return {
        "rally": rally.plan,
        "life": rally.status,
        "course": course,
        "today": now.date(),
        "lag": lag,
        **await footfall.days(engine, course, voice, now.date()),
        **await footfall.spots(engine, course, voice),
        "hours": await footfall.hours(engine, course, voice, now),
        "completion": await _there(progress.completion(engine, course, voice)),
        "moved": await _there(progress.moved(engine, course, voice)),
        "refused": await _there(trouble.refused(engine, course, voice)),
        "staffed": await trouble.staffed(engine, course, now),
        "odd_cards": await _there(trouble.odd_cards(engine, course, now.date())),
    }


async def _there(figures: Awaitable[T]) -> T | None:
    """Figures, or None while they are being rebuilt."""
    try:
        return await figures
    except BeingRebuilt:
        return None
