"""A plan made ready for deciding: ids as bits, lines as masks, days as instants.

Built once a plan, used for every scan; nothing here is stored. What it works out it remembers,
within bounds: the same arguments always give the same answer.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from domain.conditions import gauge
from domain.encoding import micros, moment_of, spot_tag
from domain.plan import OncePerDay, OncePerInterval, OncePerRally, Plan, lines_of

_QUARTER_US = 900_000_000
"""Fifteen minutes: offsets from UTC are multiples of it and change on its marks, so that within
a quarter all moments share their local hour."""
_REMEMBERED_MAX = 4_096

T = TypeVar("T")


class Course:
    """A plan and what follows from it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.zone = ZoneInfo(plan.time_zone)
        self.spots = {spot.id: spot for spot in plan.spots}
        self.bit_of = {spot.id: 1 << index for index, spot in enumerate(plan.spots)}
        self.spot_by_tag = {spot_tag(spot.id): spot.id for spot in plan.spots}
        self.every_spot = (1 << len(plan.spots)) - 1
        self.areas = [
            self._mask([spot.id for spot in plan.spots if spot.area == area.id])
            for area in plan.areas
        ]
        self.lines = [[self._mask(line) for line in lines_of(sheet)] for sheet in plan.sheets]
        self.late_max = timedelta(hours=plan.late_scan_hours_max)
        self.starts = _midnight(plan.first_day, self.zone)
        self.ends = _midnight(plan.last_day + timedelta(days=1), self.zone)
        self.gauges = [(prize.id, gauge(self, prize.condition)) for prize in plan.prizes]
        self._all_lines = [line for sheet in self.lines for line in sheet]
        self.period_of = self._period()
        """The part of a visit's key that says when a revisit counts again, for a moment in
        microseconds since 1970."""
        self._full_lines: dict[int, int] = {}
        self._hours: dict[int, Hour] = {}

    def _mask(self, spots: list[str]) -> int:
        mask = 0
        for spot in spots:
            mask |= self.bit_of[spot]
        return mask

    def full_lines(self, stamped: int) -> int:
        """How many lines of all sheets are full, given the stamped spots as bits."""
        known = self._full_lines.get(stamped)
        if known is None:
            known = sum(1 for line in self._all_lines if stamped & line == line)
            _remember(self._full_lines, stamped, known)
        return known

    def hour_at(self, at: int) -> "Hour":
        """The local hour and day of a moment, given in microseconds since 1970."""
        quarter = at // _QUARTER_US
        known = self._hours.get(quarter)
        if known is None:
            known = self._hour_at(at)
            _remember(self._hours, quarter, known)
        return known

    def local(self, at: int) -> datetime:
        """The local time of a moment, given in microseconds since 1970."""
        return self.hour_at(at).epoch + timedelta(microseconds=at)

    def begins(self, day: date) -> datetime:
        """When a day of the rally's time zone begins."""
        return _midnight(day, self.zone)

    def _period(self) -> Callable[[int], int]:
        match self.plan.revisit:
            case OncePerRally():
                return lambda _: 0
            case OncePerDay():
                return lambda at: self.hour_at(at).day
            case OncePerInterval(minutes):
                return lambda at: at // (minutes * 60_000_000)

    def _hour_at(self, at: int) -> "Hour":
        local = moment_of(at).astimezone(self.zone)
        day = local.date()
        into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        # On instants: subtracting from a local time would forget which of two equal hours it is.
        start = at - into // timedelta(microseconds=1)
        midnight, next_midnight = (
            micros(_midnight(day + timedelta(days=days), self.zone)) for days in (0, 1)
        )
        return Hour(
            day=day.year * 10_000 + day.month * 100 + day.day,
            of_day=range(midnight, next_midnight),
            of_hour=range(start, start + 3_600_000_000),
            epoch=moment_of(0).astimezone(timezone(local.utcoffset() or timedelta())),
        )


class Hour(NamedTuple):
    """A local hour: its day as a number one can read (20260108), both as microseconds since 1970,
    and 1970-01-01T00:00Z at its offset from UTC, which turns such numbers into local times."""

    day: int
    of_day: range
    of_hour: range
    epoch: datetime


def _remember(memory: dict[int, T], key: int, value: T) -> None:
    """Keep what was worked out; what a burst asks for is asked for again and again."""
    if len(memory) >= _REMEMBERED_MAX:
        memory.clear()
    memory[key] = value


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
