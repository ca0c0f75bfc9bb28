"""What the overview tells of trouble: refused scans, odd cards, devices to look after."""

from datetime import date, datetime
from typing import NamedTuple

from domain.course import Course
from service.engine import Engine
from service.figures import by_code, read_refusals
from service.footfall import all_time
from service.i18n import Voice
from service.people import SILENT, Device, devices
from service.reasons import reason
from service.signals import read_signals


async def odd_cards(engine: Engine, course: Course, day: date) -> int:
    """How many signals a day has; the number may be a little old."""

    async def count() -> int:
        return len(await read_signals(engine, course, day))

    return await engine.odd_cards.get((course.plan.rally, day), count)


class Refused(NamedTuple):
    """Scans that were refused for a reason: in words, how often, when last, where most."""

    words: str
    refusals: int
    newest: datetime
    spot: str


async def refused(engine: Engine, course: Course, voice: Voice) -> list[Refused]:
    """The reasons, the most frequent first."""
    rows = await read_refusals(engine.pool, course, *all_time(course))
    return [
        Refused(
            voice.say(reason(each.code)),
            each.refusals,
            each.newest,
            voice.name(course.spots[each.spot].names) if each.spot in course.spots else "",
        )
        for each in by_code(rows)
    ]


class Staffed(NamedTuple):
    """The staff's devices: how many, how many of them live, the scans that only they have, and
    those to look after: silent, with scans unsent, or with a wrong clock."""

    devices: int
    live: int
    unsent: int
    trouble: list[Device]


async def staffed(engine: Engine, course: Course, now: datetime) -> Staffed:
    """The devices of the rally's staff."""
    known = await devices(engine.pool, course.plan.rally)
    live = {one.id for one in known if one.life and now - one.life.seen_at < SILENT}
    trouble = [
        one
        for one in known
        if one.id not in live or (one.life and (one.life.unsent or one.life.skewed))
    ]
    unsent = sum(one.life.unsent for one in known if one.life)
    return Staffed(len(known), len(live), unsent, trouble)
