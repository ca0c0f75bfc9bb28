"""A plan made ready for deciding: ids as bits, lines as masks, days as instants.

Built once a plan, used for every scan; nothing here is stored. What it works out it remembers,
within bounds: the same arguments always give the same answer.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from domain.conditions import LINES, Condition, InOrder, Line, WithEvidence, gauge, parts
from domain.encoding import micros, moment_of, spot_tag
from domain.plan import (
    BY_RALLY,
    DayException,
    OncePerDay,
    OncePerInterval,
    OncePerRally,
    Plan,
    Spot,
    lines_of,
    stamped_spots,
)

_QUARTER_US = 900_000_000
"""Fifteen minutes: offsets from UTC are multiples of it and change on its marks, so that within
a quarter all moments share their local hour."""
_REMEMBERED_MAX = 4_096
MINUTES_PER_DAY_MAX = 28 * 60
"""When clocks are put back, a day is longer: in Antarctica by two hours."""

T = TypeVar("T")


class Course:
    """A plan and what follows from it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.zone = ZoneInfo(plan.time_zone)
        self.spots = {spot.id: spot for spot in plan.spots}
        self.areas = {area.id: area for area in plan.areas}
        self.prizes = {prize.id: prize for prize in plan.prizes}
        stamped = stamped_spots(plan)
        self.bit_of = {spot.id: 1 << index for index, spot in enumerate(stamped)}
        self.spot_by_tag = {spot_tag(spot.id): spot.id for spot in plan.spots}
        self.clued = [spot for spot in plan.spots if spot.clue]
        self.every_spot = self.mask(spot.id for spot in stamped)
        self.area_bits = {
            area.id: self.mask(spot.id for spot in stamped if spot.area == area.id)
            for area in plan.areas
        }
        self.lines = self.lines_of(None, LINES)
        self.by_rally = [spot for spot in stamped if spot.kind == BY_RALLY]
        """The spots that are other rallies: the plan is a master's, if there are any."""
        self.limited = frozenset(spot.id for spot in plan.spots if spot.capacity)
        """The spots that take so many visitors and no more."""
        self._exceptions: dict[tuple[date, str | None], DayException] = {
            key: each for each in plan.exceptions for key in each.keys
        }
        self._has_hours = bool(plan.opens or plan.exceptions)
        self.late_max = timedelta(hours=plan.late_scan_hours_max)
        self.starts = _midnight(plan.first_day, self.zone)
        self.ends = _midnight(plan.last_day + timedelta(days=1), self.zone)
        self.needs_visits = any(
            isinstance(each, InOrder | WithEvidence) for each in _conditions(plan)
        )
        self.gauges = [(prize.id, gauge(self, prize.condition)) for prize in plan.prizes]
        self.period_of = self._period()
        """The part of a visit's key that says when a revisit counts again, for a moment in
        microseconds since 1970."""
        self._full_lines: dict[int, int] = {}
        self._stamps: dict[int, int] = {}
        self._hours: dict[int, Hour] = {}

    def mask(self, spots: Iterable[str]) -> int:
        """Spots of the plan as bits."""
        mask = 0
        for spot in spots:
            mask |= self.bit_of[spot]
        return mask

    def lines_of(self, sheet: str | None, kinds: Sequence[Line]) -> list[int]:
        """The lines of some kinds, of one sheet or of all, as bits."""
        return [
            self.mask(line)
            for each in self.plan.sheets
            if sheet in (None, each.id)
            for line in lines_of(each, kinds)
        ]

    def stamps_of(self, stamped: int) -> int:
        """What the stamped spots are worth, given as bits."""
        known = self._stamps.get(stamped)
        if known is None:
            known = sum(
                self.spots[spot].stamps for spot, bit in self.bit_of.items() if bit & stamped
            )
            _remember(self._stamps, stamped, known)
        return known

    def full_lines(self, stamped: int) -> int:
        """How many lines of all sheets are full, given the stamped spots as bits."""
        known = self._full_lines.get(stamped)
        if known is None:
            known = sum(1 for line in self.lines if stamped & line == line)
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

    def slot(self, spot: Spot) -> tuple[datetime | None, datetime | None]:
        """From when until when a spot of a programme gives its stamp; None: no bound of its own."""
        starts = spot.starts and spot.starts.replace(tzinfo=self.zone)
        return starts, spot.ends and spot.ends.replace(tzinfo=self.zone)

    def next_opening(self, at: datetime, area: str) -> datetime | None:
        """When stamps are given next in an area, if they are not at `at`; None if they are.

        Without daily hours a day is open all day. After the last opening: the end of the rally.
        """
        if not self._has_hours:
            return None
        day = at.astimezone(self.zone).date()
        while day <= self.plan.last_day:
            hours = self._hours_of(day, area)
            if hours is not None and at < hours[1]:
                return None if hours[0] <= at else hours[0]
            day += timedelta(days=1)
        return self.ends

    def _hours_of(self, day: date, area: str) -> tuple[datetime, datetime] | None:
        """When stamps are given in an area on a day; None if not at all."""
        own = self._exceptions.get((day, area)) or self._exceptions.get((day, None))
        if own is not None and own.closed:
            return None
        opens = (own and own.opens) or self.plan.opens or time()
        closes = (own and own.closes) or self.plan.closes
        begins = datetime.combine(day, opens, self.zone).astimezone(UTC)
        if closes is None:
            ends = self.begins(day + timedelta(days=1)).astimezone(UTC)
        else:
            ends = datetime.combine(day, closes, self.zone).astimezone(UTC)
        # When clocks are put forward, hours that fall into the gap are none.
        return (begins, ends) if begins < ends else None

    def _period(self) -> Callable[[int], int]:
        match self.plan.revisit:
            case OncePerRally():
                return lambda _: 0
            case OncePerDay():
                return lambda at: self.hour_at(at).day
            case OncePerInterval(minutes) if self.plan.carry_over:
                return lambda at: at // (minutes * 60_000_000)
            case OncePerInterval(minutes):
                return lambda at: self._interval_of_day(at, minutes)

    def _interval_of_day(self, at: int, minutes: int) -> int:
        """Where each day has its own card, no interval lies on two of them."""
        hour = self.hour_at(at)
        since_midnight = (at - hour.of_day.start) // (minutes * 60_000_000)
        day = date(hour.day // 10_000, hour.day // 100 % 100, hour.day % 100)
        return day.toordinal() * MINUTES_PER_DAY_MAX + since_midnight

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


def _conditions(plan: Plan) -> Iterator[Condition]:
    for prize in plan.prizes:
        yield from parts(prize.condition)


def _remember(memory: dict[int, T], key: int, value: T) -> None:
    """Keep what was worked out; what a burst asks for is asked for again and again."""
    if len(memory) >= _REMEMBERED_MAX:
        memory.clear()
    memory[key] = value


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
