"""A plan made ready for deciding: ids as bits, lines as masks, days as instants.

Built once a plan, used for every scan; nothing here is stored.
"""

from datetime import date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from domain.encoding import micros, spot_tag
from domain.plan import OncePerDay, OncePerInterval, OncePerRally, Plan, lines_of


class Course:
    """A plan and what follows from it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.zone = ZoneInfo(plan.time_zone)
        self.spots = {spot.id: spot for spot in plan.spots}
        self.bit_of = {spot.id: 1 << index for index, spot in enumerate(plan.spots)}
        self.spot_by_tag = {spot_tag(spot.id): spot.id for spot in plan.spots}
        self.every_spot = (1 << len(plan.spots)) - 1
        self.lines = [[self._mask(line) for line in lines_of(sheet)] for sheet in plan.sheets]
        self.starts = _midnight(plan.first_day, self.zone)
        self.ends = _midnight(plan.last_day + timedelta(days=1), self.zone)

    def _mask(self, spots: list[str]) -> int:
        mask = 0
        for spot in spots:
            mask |= self.bit_of[spot]
        return mask

    @cached_property
    def _all_lines(self) -> list[int]:
        return [line for sheet in self.lines for line in sheet]

    def full_lines(self, stamped: int) -> int:
        """How many lines of all sheets are full, given the stamped spots as bits."""
        return sum(1 for line in self._all_lines if stamped & line == line)

    def day_of(self, moment: datetime) -> int:
        """The local day of `moment` as a number one can read: 20260108."""
        local = moment.astimezone(self.zone)
        return local.year * 10_000 + local.month * 100 + local.day

    def day_bounds(self, moment: datetime) -> range:
        """The local day of `moment`: microseconds since 1970, from midnight to midnight."""
        day = moment.astimezone(self.zone).date()
        return range(
            micros(_midnight(day, self.zone)), micros(_midnight(day + timedelta(days=1), self.zone))
        )

    def hour_bounds(self, moment: datetime) -> range:
        """The local hour of `moment`: microseconds since 1970, whatever the zone's minutes."""
        local = moment.astimezone(self.zone)
        into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        # On instants: subtracting from a local time would forget which of two equal hours it is.
        start = micros(moment) - into // timedelta(microseconds=1)
        return range(start, start + 3_600_000_000)

    def period_of(self, moment: datetime) -> int:
        """The part of a visit's key that says when a revisit counts again."""
        match self.plan.revisit:
            case OncePerRally():
                return 0
            case OncePerDay():
                return self.day_of(moment)
            case OncePerInterval(minutes):
                return int(moment.timestamp()) // (minutes * 60)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
