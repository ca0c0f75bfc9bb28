"""Daily hours: when stamps are given, on days of the rally's own time zone, and when again."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from builders import NOW, card_of, plan, rally, scan, take
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.card import Card
from domain.course import Course
from domain.events import VisitRecorded
from domain.mistakes import mistakes
from domain.plan import DayException, Plan
from domain.rally import Rally
from domain.refusals import Refusal, RefusalCode
from domain.rules import RepeatedRefusal, decide

MICROSECOND = timedelta(microseconds=1)
BERLIN, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def tokyo(day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment of January 2026."""
    return datetime(2026, 1, day, hour, minute, tzinfo=TOKYO).astimezone(UTC)


def january(day: int) -> date:
    return date(2026, 1, day)


def good(**changes: Any) -> Plan:
    """A plan without mistakes: they are not what is tested here."""
    made = plan(**changes)
    assert mistakes(made) == []
    return made


NINE_TO_FIVE = {"opens": time(9), "closes": time(17)}
FAIR = good(
    first_day=january(8),
    last_day=january(18),
    **NINE_TO_FIVE,
    exceptions=[
        DayException(january(10), closes=time(21)),
        DayException(january(11), opens=time(11, 30)),
        DayException(january(12), closed=True),
        DayException(january(13), closed=True, opens=time(9), closes=time(10)),
        DayException(january(14), opens=time(0), closes=time(0, 30)),
        DayException(january(18), opens=time(10), closes=time(12)),
    ],
)
"""Nine to five; longer on the 10th, later on the 11th, not on the 12th and 13th, for half an hour
after midnight on the 14th, and until noon on the last day."""


def refused_until(of: Rally, now: datetime) -> datetime | None:
    """Until when a scan is told that no stamps are given; None if it is a visit.

    After the last opening there is nothing to wait for: the rally is over.
    """
    decision = decide(of, Card(), scan(), now)
    if isinstance(decision, VisitRecorded):
        return None
    assert isinstance(decision, Refusal)
    assert decision.at is not None
    over = decision.at == of.course.ends
    assert decision.code is (RefusalCode.RALLY_OVER if over else RefusalCode.CLOSED_NOW)
    assert decision.at.utcoffset() == timedelta(0), "a card keeps its refusals in UTC"
    return decision.at


@pytest.mark.parametrize(
    ("at", "until"),
    [
        (tokyo(8), tokyo(8, 9)),
        (tokyo(8, 9) - MICROSECOND, tokyo(8, 9)),
        (tokyo(8, 9), None),
        (tokyo(8, 17) - MICROSECOND, None),
        (tokyo(8, 17), tokyo(9, 9)),
        (tokyo(9, 23, 59), tokyo(10, 9)),
        (tokyo(10, 20, 59), None),
        (tokyo(10, 21), tokyo(11, 11, 30)),
        (tokyo(11, 9), tokyo(11, 11, 30)),
        (tokyo(11, 11, 30), None),
        (tokyo(11, 16, 59), None),
        (tokyo(11, 17), tokyo(14)),
        (tokyo(12, 12), tokyo(14)),
        (tokyo(13, 9, 30), tokyo(14)),
        (tokyo(14) - MICROSECOND, tokyo(14)),
        (tokyo(14), None),
        (tokyo(14, 0, 30), tokyo(15, 9)),
        (tokyo(14, 9), tokyo(15, 9)),
        (tokyo(18, 9), tokyo(18, 10)),
        (tokyo(18, 12) - MICROSECOND, None),
        # After the last opening there is none: the end of the rally is said.
        (tokyo(18, 12), tokyo(19)),
        (tokyo(19) - MICROSECOND, tokyo(19)),
    ],
)
def test_stamps_are_given_within_the_hours_and_a_refusal_says_when_next(
    at: datetime, until: datetime | None
) -> None:
    assert refused_until(rally(FAIR), at) == until


def test_without_hours_stamps_are_given_at_all_hours() -> None:
    course = Course(good())
    for hour in range(48):
        assert course.next_opening(NOW + timedelta(hours=hour), "east") is None


@pytest.mark.parametrize(
    ("at", "until"),
    [
        (tokyo(9, 23, 59), None),
        (tokyo(10), tokyo(11)),
        (tokyo(10, 12), tokyo(11)),
        (tokyo(11), None),
        (tokyo(12, 9), tokyo(12, 10)),
        (tokyo(12, 10), None),
        (tokyo(12, 12), tokyo(13)),
        (tokyo(13), None),
    ],
)
def test_exceptions_alone_leave_all_other_days_open_all_day(
    at: datetime, until: datetime | None
) -> None:
    exceptions = [
        DayException(january(10), closed=True),
        DayException(january(12), opens=time(10), closes=time(12)),
    ]
    assert refused_until(rally(good(exceptions=exceptions)), at) == until


def test_a_rally_that_is_closed_until_its_end_opens_no_more() -> None:
    closed = [DayException(january(day), closed=True) for day in (9, 10)]
    course = Course(good(first_day=january(8), last_day=january(10), exceptions=closed))
    assert course.next_opening(tokyo(8, 23, 59), "east") is None
    assert course.next_opening(tokyo(9), "east") == course.ends == tokyo(11)


@pytest.mark.parametrize(
    ("changes", "last"),
    [
        (NINE_TO_FIVE, tokyo(10, 17)),
        (
            {"exceptions": [DayException(january(10), opens=time(9), closes=time(12))]},
            tokyo(10, 12),
        ),
        ({"exceptions": [DayException(january(10), closed=True)]}, tokyo(10)),
        (
            NINE_TO_FIVE
            | {"exceptions": [DayException(january(day), closed=True) for day in (9, 10)]},
            tokyo(8, 17),
        ),
    ],
)
def test_after_the_last_opening_the_rally_is_over_and_its_end_is_said(
    changes: dict[str, Any], last: datetime
) -> None:
    of = rally(good(first_day=january(8), last_day=january(10), **changes))
    assert refused_until(of, last - MICROSECOND) is None
    over = Refusal(RefusalCode.RALLY_OVER, at=tokyo(11))
    for made in (last, tokyo(11) - MICROSECOND, tokyo(11)):
        assert decide(of, Card(), scan(), made) == over
        assert decide(of, Card(), scan(scanned_at=made), tokyo(11, 9)) == over


# --- days on which clocks change ----------------------------------------------------------------

SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
YEAR = {"time_zone": "Europe/Berlin", "first_day": date(2026, 3, 1), "last_day": date(2026, 11, 30)}


@pytest.mark.parametrize(
    ("changes", "at", "until"),
    [
        # Ten o'clock is an hour earlier from the 29th of March on …
        ({"opens": time(10), "closes": time(18)}, utc(2026, 3, 28, 8, 59), utc(2026, 3, 28, 9)),
        ({"opens": time(10), "closes": time(18)}, utc(2026, 3, 28, 17), utc(2026, 3, 29, 8)),
        ({"opens": time(10), "closes": time(18)}, utc(2026, 3, 29, 8), None),
        ({"opens": time(10), "closes": time(18)}, utc(2026, 3, 29, 16), utc(2026, 3, 30, 8)),
        # … and an hour later again from the 25th of October on.
        ({"opens": time(10), "closes": time(18)}, utc(2026, 10, 24, 16), utc(2026, 10, 25, 9)),
        ({"opens": time(10), "closes": time(18)}, utc(2026, 10, 25, 8, 59), utc(2026, 10, 25, 9)),
        ({"opens": time(10), "closes": time(18)}, utc(2026, 10, 25, 16, 59), None),
        # That night's hours are one fewer, or one more.
        ({"opens": time(1), "closes": time(4)}, utc(2026, 3, 29, 0), None),
        ({"opens": time(1), "closes": time(4)}, utc(2026, 3, 29, 2) - MICROSECOND, None),
        ({"opens": time(1), "closes": time(4)}, utc(2026, 3, 29, 2), utc(2026, 3, 29, 23)),
        ({"opens": time(1), "closes": time(4)}, utc(2026, 10, 24, 23), None),
        ({"opens": time(1), "closes": time(4)}, utc(2026, 10, 25, 3) - MICROSECOND, None),
        ({"opens": time(1), "closes": time(4)}, utc(2026, 10, 25, 3), utc(2026, 10, 26, 0)),
        # A time that is skipped is the moment an hour later, one that comes twice its first.
        ({"opens": time(2, 30), "closes": time(9)}, utc(2026, 3, 29, 1), utc(2026, 3, 29, 1, 30)),
        ({"opens": time(2, 30), "closes": time(9)}, utc(2026, 3, 29, 1, 30), None),
        ({"opens": time(2, 30), "closes": time(9)}, utc(2026, 10, 25), utc(2026, 10, 25, 0, 30)),
        ({"opens": time(2, 30), "closes": time(9)}, utc(2026, 10, 25, 1, 15), None),
        # Days of 23 and 25 hours, closed from midnight to midnight.
        ({"exceptions": [DayException(SPRING, closed=True)]}, utc(2026, 3, 28, 22, 59), None),
        ({"exceptions": [DayException(SPRING, closed=True)]}, utc(2026, 3, 28, 23), utc(2026, 3, 29, 22)),
        ({"exceptions": [DayException(SPRING, closed=True)]}, utc(2026, 3, 29, 22), None),
        ({"exceptions": [DayException(AUTUMN, closed=True)]}, utc(2026, 10, 24, 21, 59), None),
        ({"exceptions": [DayException(AUTUMN, closed=True)]}, utc(2026, 10, 24, 22), utc(2026, 10, 25, 23)),
        ({"exceptions": [DayException(AUTUMN, closed=True)]}, utc(2026, 10, 25, 23), None),
    ],
)  # fmt: skip
def test_hours_are_those_of_clocks_on_the_wall_also_when_they_change(
    changes: dict[str, Any], at: datetime, until: datetime | None
) -> None:
    of = rally(good(**YEAR, **changes))
    assert refused_until(of, at) == until
    assert refused_until(of, at.astimezone(TOKYO)) == until


def test_hours_that_fall_into_a_skipped_hour_are_no_hours_that_day() -> None:
    """Given 2:30 to 3:00, and no 2:30 on this day; then the next opening is tomorrow's."""
    of = rally(good(**YEAR, opens=time(2, 30), closes=time(3)))
    assert refused_until(of, utc(2026, 3, 29, 0, 30)) == utc(2026, 3, 30, 0, 30)


# --- when a scan was made -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "arrives", "until"),
    [
        (tokyo(8, 16), tokyo(8, 20), None),
        (tokyo(8, 20), tokyo(9, 10), tokyo(9, 9)),
        (tokyo(12, 10), tokyo(14), tokyo(14)),
    ],
)
def test_a_late_scan_is_judged_by_the_hour_at_which_it_was_made(
    made: datetime, arrives: datetime, until: datetime | None
) -> None:
    decision = decide(rally(FAIR), Card(), scan(scanned_at=made), arrives)
    if until is None:
        assert isinstance(decision, VisitRecorded)
    else:
        assert decision == Refusal(RefusalCode.CLOSED_NOW, at=until)


def test_a_scan_at_a_closed_hour_is_logged_and_gets_its_first_answer_again() -> None:
    of = rally(FAIR)
    first, card = take(of, Card(), scan(), tokyo(8, 8))
    assert [one.refusal for one in card.refused] == [first]
    again, after = take(of, card, scan(), tokyo(8, 10))
    assert again == RepeatedRefusal(first)  # type: ignore[arg-type]
    assert after == card
    assert card_of(of, [(scan(), tokyo(8, 8)), (scan(number=2), tokyo(8, 10))]).visits


@pytest.mark.parametrize(
    ("of", "now", "code"),
    [
        (rally(FAIR), tokyo(7, 23), "rally_not_started"),
        (rally(FAIR), tokyo(19), "rally_over"),
        (rally(FAIR, closed_at=tokyo(8, 12)), tokyo(8, 20), "rally_over"),
        (rally(FAIR, cancelled_at=tokyo(8, 12)), tokyo(8, 20), "rally_cancelled"),
        (rally(FAIR, opened_at=None), tokyo(8, 20), "rally_not_open"),
        (rally(FAIR, revoked=frozenset({(1, "a")})), tokyo(8, 20), "code_revoked"),
        (rally(FAIR), tokyo(8, 20), "closed_now"),
        (rally(FAIR, revoked=frozenset({(1, "a")})), tokyo(18, 12), "code_revoked"),
        (rally(FAIR), tokyo(18, 9), "closed_now"),
        (rally(FAIR), tokyo(18, 12), "rally_over"),
    ],
)
def test_the_hour_is_the_last_reason_to_be_named(of: Rally, now: datetime, code: str) -> None:
    """Whoever waits for the opening must not meet another refusal then."""
    decision = decide(of, Card(), scan(), now)
    assert isinstance(decision, Refusal)
    assert decision.code == code


def test_hours_of_a_spot_are_told_and_not_enforced() -> None:
    """They are its own affair: a shop that opens early may stamp."""
    spots = [replace(spot, opens=time(20), closes=time(21)) for spot in plan().spots]
    assert refused_until(rally(good(spots=spots)), tokyo(8, 9)) is None


# --- whatever the hours -------------------------------------------------------------------------

TIMES = st.sampled_from([time(0), time(1, 30), time(2, 30), time(9), time(16, 45), time(23, 59)])
HOURS = st.lists(TIMES, min_size=2, max_size=2, unique=True).map(sorted)
ZONES = st.sampled_from(["Europe/Berlin", "Asia/Tokyo", "Africa/Cairo"])
STARTS = st.sampled_from([SPRING, AUTUMN, date(2026, 4, 23), january(8)])
"""Clocks change in Berlin on the first two, and in Cairo on the day after the third."""


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Five days of some hours, and exceptions to them."""
    first = draw(STARTS) - timedelta(days=1)
    changes: dict[str, Any] = {"time_zone": draw(ZONES), "exceptions": []}
    if draw(st.booleans()):
        changes["opens"], changes["closes"] = draw(HOURS)
    for day in range(5):
        kind = draw(st.sampled_from(["as ever", "as ever", "closed", "other"]))
        on = first + timedelta(days=day)
        if kind == "closed":
            changes["exceptions"].append(DayException(on, closed=True))
        elif kind == "other":
            changes["exceptions"].append(DayException(on, *draw(HOURS)))
    return good(first_day=first, last_day=first + timedelta(days=4), **changes)


def is_open(of: Plan, at: datetime) -> bool:
    """As a clock on the wall says it, minute by minute."""
    wall = at.astimezone(ZoneInfo(of.time_zone))
    own = next((one for one in of.exceptions if one.day == wall.date()), DayException(wall.date()))
    if own.closed:
        return False
    opens, closes = own.opens or of.opens, own.closes or of.closes
    return opens is None or closes is None or opens <= wall.time() < closes


@given(plans(), st.integers(0, 5 * 24 * 12 - 1))
def test_the_next_opening_is_the_first_moment_at_which_stamps_are_given(
    of: Plan, fives: int
) -> None:
    """Compared in steps of five minutes; on days of changing clocks only where no time is twice."""
    course = Course(of)
    at = course.starts.astimezone(UTC) + timedelta(minutes=5 * fives)
    if at >= course.ends or clocks_change_near(of, at):
        return
    opening = course.next_opening(at, "east")
    assert (opening is None) is is_open(of, at)
    if opening is None:
        return
    assert at < opening <= course.ends
    assert refused_until(rally(of), at) == opening
    steps = (opening - at) // timedelta(minutes=5)
    between = [at + timedelta(minutes=5 * step) for step in range(steps)]
    assert not [one for one in between if is_open(of, one) and not clocks_change_near(of, one)]
    if opening < course.ends:
        assert course.next_opening(opening, "east") is None
        assert refused_until(rally(of), opening) is None


def clocks_change_near(of: Plan, at: datetime) -> bool:
    """Whether a time on the wall is skipped, or comes twice, within two hours."""
    zone = ZoneInfo(of.time_zone)
    offsets = [(at + timedelta(hours=hours)).astimezone(zone).utcoffset() for hours in (-2, 0, 2)]
    return any(one != other for one, other in pairwise(offsets))


@given(plans(), st.integers(0, 5 * 24 * 60 - 1))
def test_a_card_is_refused_with_a_moment_to_come(of: Plan, minutes: int) -> None:
    """Also around the hours that are skipped or come twice."""
    course = Course(of)
    at = course.starts.astimezone(UTC) + timedelta(minutes=minutes)
    if at < course.ends:
        until = refused_until(rally(of), at)
        assert until is None or at < until <= course.ends
