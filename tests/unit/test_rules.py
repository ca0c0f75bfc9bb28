"""decide(): given a rally and a card, when a scan comes, then a visit, an answer or a refusal."""

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from builders import NOW, SPOTS, VISITOR, card_of, names, plan, rally, scan, take, visited
from hypothesis import given
from hypothesis import strategies as st
from test_proof import ANSWERED_WRONGLY
from test_proof import REFUSED as REFUSED_FOR_PROOF

from domain.card import REFUSALS_KEPT_MAX, Card, Visit
from domain.conditions import Stamps
from domain.course import Course
from domain.encoding import micros
from domain.events import Firsts, VisitRecorded
from domain.plan import FirstCome, OncePerDay, OncePerInterval, OncePerRally, Prize, Spot
from domain.rally import Frozen, Opening, Rally
from domain.refusals import Refusal, RefusalCode
from domain.rules import (
    CLOCK_SKEW_MAX,
    LATE_AFTER,
    VISITS_PER_CARD_MAX,
    AlreadyStamped,
    Repeated,
    RepeatedRefusal,
    answer,
    decide,
    refused_fact,
)
from domain.scan import Scan

SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)
TOKYO = ZoneInfo("Asia/Tokyo")
STARTS = datetime(2026, 1, 8, tzinfo=TOKYO).astimezone(UTC)
ENDS = datetime(2026, 3, 1, tzinfo=TOKYO).astimezone(UTC)


def outcome(rally: Rally, scan: Scan, now: datetime = NOW, card: Card | None = None) -> str:
    """The refusal's code, or the kind of decision."""
    decision = decide(rally, card or Card(), scan, now)
    return decision.code if isinstance(decision, Refusal) else type(decision).__name__


# --- a visit ------------------------------------------------------------------------------------


def test_the_first_scan_is_a_visit_with_all_that_the_log_needs() -> None:
    assert decide(rally(), Card(), scan("a"), NOW) == VisitRecorded(
        rally="walk",
        visitor=VISITOR,
        spot="a",
        period=20260115,
        firsts=int(~Firsts(0)),
        occurred_at=NOW,
        scan_id=UUID(int=1),
        language="ja",
        evidence="printed",
    )


def test_deciding_changes_neither_the_card_nor_the_answer() -> None:
    card = visited("a")
    before = msgspec.msgpack.encode(card)
    first = decide(rally(), card, scan("b"), NOW)
    assert decide(rally(), card, scan("b"), NOW) == first
    assert msgspec.msgpack.encode(card) == before


@pytest.mark.parametrize(
    ("age", "late"),
    [(timedelta(0), False), (LATE_AFTER, False), (LATE_AFTER + SECOND, True)],
)
def test_a_scan_that_took_its_time_is_marked_late(age: timedelta, late: bool) -> None:
    decision = decide(rally(), Card(), scan(scanned_at=NOW - age), NOW)
    assert isinstance(decision, VisitRecorded)
    assert (decision.late, decision.occurred_at) == (late, NOW - age)


# --- refusals -----------------------------------------------------------------------------------

OPEN = rally()
CANCELLED = rally(cancelled_at=NOW - timedelta(days=2))
CLOSED = rally(closed_at=NOW - timedelta(hours=1))
REVOKED = rally(revoked=frozenset({(1, "a"), (9, None)}))

REFUSED: list[tuple[str, Rally, Scan, Card, Refusal]] = [
    (
        "a code whose spot is not in the plan",
        OPEN,
        scan(None),
        Card(),
        Refusal(RefusalCode.SPOT_GONE),
    ),
    (
        "a spot that has left the plan",
        rally(plan(spots=plan().spots[1:], sheets=[])),
        scan("a"),
        Card(),
        Refusal(RefusalCode.SPOT_GONE),
    ),
    (
        "a code revoked for this spot",
        REVOKED,
        scan("a", key_id=1),
        Card(),
        Refusal(RefusalCode.CODE_REVOKED),
    ),
    (
        "a code whose key is revoked",
        REVOKED,
        scan("b", key_id=9),
        Card(),
        Refusal(RefusalCode.CODE_REVOKED),
    ),
    (
        "a rally that was never opened",
        rally(opened_at=None),
        scan(),
        Card(),
        Refusal(RefusalCode.RALLY_NOT_OPEN),
    ),
    (
        "a scan made before the opening",
        rally(opened_at=NOW - SECOND),
        scan(scanned_at=NOW - 2 * SECOND),
        Card(),
        Refusal(RefusalCode.RALLY_NOT_OPEN),
    ),
    (
        "a rally that was closed",
        CLOSED,
        scan(),
        Card(),
        Refusal(RefusalCode.RALLY_OVER, at=NOW - timedelta(hours=1)),
    ),
    (
        "a rally that was cancelled",
        CANCELLED,
        scan(),
        Card(),
        Refusal(RefusalCode.RALLY_CANCELLED, at=NOW - timedelta(days=2)),
    ),
    (
        "a rally whose results are final",
        rally(frozen=Frozen(NOW - SECOND, (7,), "o")),
        scan(scanned_at=NOW - timedelta(minutes=30)),
        Card(),
        Refusal(RefusalCode.RALLY_FINAL, at=NOW - SECOND),
    ),
    (
        "a phone whose clock is far ahead",
        OPEN,
        scan(scanned_at=NOW + CLOCK_SKEW_MAX + SECOND),
        Card(),
        Refusal(RefusalCode.SCAN_IN_FUTURE, at=NOW + CLOCK_SKEW_MAX + SECOND),
    ),
    (
        "a scan that was under way too long",
        OPEN,
        scan(scanned_at=NOW - timedelta(hours=72) - CLOCK_SKEW_MAX - SECOND),
        Card(),
        Refusal(RefusalCode.SCAN_TOO_OLD, at=NOW - timedelta(hours=72) - CLOCK_SKEW_MAX - SECOND),
    ),
    (
        "a scan made before the card began",
        OPEN,
        scan(scanned_at=NOW - timedelta(hours=1), card_since=NOW - timedelta(minutes=5)),
        Card(),
        Refusal(RefusalCode.SCAN_BEFORE_CARD, at=NOW - timedelta(minutes=5)),
    ),
    (
        "a scan id that is another spot's",
        OPEN,
        scan("b", 100),
        visited("a"),
        Refusal(RefusalCode.SCAN_ID_REUSED, spot="a"),
    ),
    (
        "a scan at an hour without stamps",
        rally(plan(opens=time(12, 1), closes=time(18))),
        scan(),
        Card(),
        Refusal(RefusalCode.CLOSED_NOW, at=NOW + timedelta(minutes=1)),
    ),
    (
        "a spot that comes after one that is not on the card",
        rally(plan(spots=[*plan().spots[:3], Spot("d", names(), "west", after="a")])),
        scan("d"),
        visited("b"),
        Refusal(RefusalCode.SPOT_LOCKED, spot="a"),
    ),
]


@pytest.mark.parametrize(
    ("rally", "scan", "card", "refusal"), [row[1:] for row in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_refused_with_the_nearest_reason(
    rally: Rally, scan: Scan, card: Card, refusal: Refusal
) -> None:
    assert decide(rally, card, scan, NOW) == refusal


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (STARTS - MICROSECOND, "rally_not_started"),
        (STARTS, "VisitRecorded"),
        (ENDS - MICROSECOND, "VisitRecorded"),
        (ENDS, "rally_over"),
    ],
)
def test_a_rally_lasts_from_its_first_midnight_to_its_last(now: datetime, expected: str) -> None:
    assert outcome(rally(), scan(), now) == expected


def test_a_rally_takes_check_ins_from_the_moment_it_opens() -> None:
    assert outcome(rally(opened_at=NOW), scan()) == "VisitRecorded"
    assert outcome(rally(opened_at=NOW + MICROSECOND), scan()) == "rally_not_open"


def test_a_rally_closed_after_its_last_day_was_over_before() -> None:
    course = rally(closed_at=ENDS + timedelta(days=3))
    assert decide(course, Card(), scan(), ENDS) == Refusal(RefusalCode.RALLY_OVER, at=ENDS)


def test_before_and_after_the_days_the_refusal_says_when() -> None:
    early, late = (
        decide(rally(), Card(), scan(), at) for at in (STARTS - timedelta(days=3), ENDS + SECOND)
    )
    assert early == Refusal(RefusalCode.RALLY_NOT_STARTED, at=STARTS)
    assert late == Refusal(RefusalCode.RALLY_OVER, at=ENDS)


def test_a_full_card_takes_no_more_but_still_answers_for_what_it_holds() -> None:
    full = Card(
        tuple(Visit("a", n, 0, n.to_bytes(16), n) for n in range(1, VISITS_PER_CARD_MAX + 1))
    )
    almost = Card(full.visits[1:])
    new = scan("b", 10**9)
    assert outcome(rally(), new, card=almost) == "VisitRecorded"
    assert outcome(rally(), new, card=full) == "card_full"
    assert outcome(rally(), scan("a", 5), card=full) == "Repeated"


def test_an_erased_card_takes_nothing_more_and_nothing_more_is_kept_of_it() -> None:
    erased = Card(erased=True)
    decision, card = take(rally(), erased, scan("a", 5), NOW)
    assert decision == Refusal(RefusalCode.CARD_ERASED)
    assert card == erased


def test_every_refusal_of_the_rules_has_a_test_here() -> None:
    """Or in test_proof, or test_masters. What is left over is refused before a scan comes to the rules: by its
    code's signature, or as a badge that nobody of the staff has scanned."""
    tested = {row[-1].code for row in (*REFUSED, *REFUSED_FOR_PROOF)} | {
        ANSWERED_WRONGLY,
        RefusalCode.RALLY_NOT_STARTED,
        RefusalCode.CARD_FULL,
        RefusalCode.CARD_ERASED,
        RefusalCode.SPOT_IS_RALLY,
    }
    assert set(RefusalCode) - tested == {
        RefusalCode.CODE_NOT_OURS,
        RefusalCode.CODE_INCOMPLETE,
        RefusalCode.CODE_NOT_GENUINE,
        RefusalCode.BADGE_NEEDS_STAFF,
    }


# --- clocks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ahead", "occurred"),
    [
        (timedelta(0), timedelta(0)),
        (SECOND, timedelta(0)),
        (CLOCK_SKEW_MAX, timedelta(0)),
        (-SECOND, -SECOND),
        (-CLOCK_SKEW_MAX, -CLOCK_SKEW_MAX),
    ],
)
def test_a_clock_slightly_ahead_is_set_right_and_one_behind_is_believed(
    ahead: timedelta, occurred: timedelta
) -> None:
    decision = decide(rally(), Card(), scan(scanned_at=NOW + ahead), NOW)
    assert isinstance(decision, VisitRecorded)
    assert decision.occurred_at == NOW + occurred


def test_the_limits_of_age_and_of_the_card_forgive_a_slow_clock_and_no_more() -> None:
    oldest = NOW - timedelta(hours=72) - CLOCK_SKEW_MAX
    assert outcome(rally(), scan(scanned_at=oldest)) == "VisitRecorded"
    assert outcome(rally(), scan(scanned_at=oldest - MICROSECOND)) == "scan_too_old"
    begun = scan(card_since=NOW, scanned_at=NOW - CLOCK_SKEW_MAX)
    assert outcome(rally(), begun) == "VisitRecorded"
    begun = scan(card_since=NOW, scanned_at=NOW - CLOCK_SKEW_MAX - MICROSECOND)
    assert outcome(rally(), begun) == "scan_before_card"


def test_a_scan_counts_for_when_it_was_made_not_for_when_it_arrived() -> None:
    made, arrives = ENDS - timedelta(hours=1), ENDS + timedelta(hours=2)
    late = scan(scanned_at=made)
    assert outcome(rally(), late, arrives) == "VisitRecorded"
    assert outcome(rally(closed_at=made + SECOND), late, arrives) == "VisitRecorded"
    assert outcome(rally(closed_at=made), late, arrives) == "rally_over"
    assert outcome(rally(cancelled_at=made + SECOND), late, arrives) == "VisitRecorded"
    assert outcome(rally(cancelled_at=made), late, arrives) == "rally_cancelled"


def test_a_late_scan_is_judged_by_the_opening_it_was_made_in() -> None:
    """Given a rally that was open, closed for a day, and open again."""
    day = timedelta(days=1)
    openings = (Opening(NOW - 4 * day, NOW - 2 * day), Opening(NOW - day))
    reopened = rally(openings=openings)
    for ago, expected in (
        (5 * day, "rally_not_open"),
        (3 * day, "VisitRecorded"),
        (2 * day, "rally_over"),
        (day + SECOND, "rally_over"),
        (day, "VisitRecorded"),
    ):
        late = scan(scanned_at=NOW - ago)
        patient = plan(late_scan_hours_max=200)
        assert outcome(rally(patient, openings=reopened.openings), late) == expected


# --- revisits -----------------------------------------------------------------------------------

MIDNIGHT = datetime(2026, 1, 15, 15, 0, tzinfo=UTC)  # the 16th begins in Tokyo


@pytest.mark.parametrize(
    ("revisit", "after", "counts"),
    [
        (OncePerRally(), timedelta(days=30), False),
        (OncePerDay(), -MICROSECOND, False),
        (OncePerDay(), timedelta(0), True),
        (OncePerInterval(240), timedelta(hours=1) - MICROSECOND, False),  # 16:00Z begins the next
        (OncePerInterval(240), timedelta(hours=1), True),
    ],
)
def test_a_revisit_counts_from_the_next_period_on(
    revisit: Any, after: timedelta, counts: bool
) -> None:
    course = rally(plan(revisit=revisit))
    card = visited("a", now=MIDNIGHT - timedelta(hours=1), of=course)
    decision = decide(course, card, scan("a"), MIDNIGHT + after)
    assert isinstance(decision, VisitRecorded if counts else AlreadyStamped)


def test_already_stamped_points_at_the_visit_of_this_spot_and_period() -> None:
    card = visited("b", "a", "c")
    assert decide(rally(), card, scan("a"), NOW) == AlreadyStamped(1)


def test_a_late_scan_of_an_earlier_day_lands_on_that_day() -> None:
    card = visited("a")
    decision = decide(rally(), card, scan("a", scanned_at=NOW - timedelta(days=1)), NOW)
    assert isinstance(decision, VisitRecorded)
    assert decision.period == 20260114
    assert Firsts(decision.firsts) == Firsts.TODAY | Firsts.AT_SPOT_TODAY | Firsts.AT_SPOT_THIS_HOUR


# --- the same scan again ------------------------------------------------------------------------


@pytest.mark.parametrize("spot", ["a", None], ids=["same code", "spot gone since"])
def test_the_same_scan_again_gets_its_first_visit(spot: str | None) -> None:
    card = visited("b", "a", "c")
    assert decide(rally(), card, scan(spot, 101), NOW + timedelta(days=99)) == Repeated(1)


def test_the_first_answer_comes_again_even_when_more_has_happened() -> None:
    course = rally()
    scans = [(scan(spot, n), NOW) for n, spot in enumerate(SPOTS)]
    answers = []
    for length in range(1, len(scans) + 1):
        card = card_of(course, scans[:length])
        answers.append(answer(course, scan(), card, Repeated(length - 1)))
    final = card_of(course, scans)
    assert [answer(course, scan(), final, Repeated(n)) for n in range(len(scans))] == answers
    assert [one.earned for one in answers] == [(), ("line",), ("five",), ("all",)]
    assert [one.card.stamps for one in answers] == [1, 4, 5, 6]


def test_a_spots_first_visit_is_stamped_and_the_next_days_is_a_visit() -> None:
    course = rally()
    card = card_of(course, [(scan("a", n), NOW + timedelta(days=n)) for n in range(2)])
    assert [answer(course, scan(), card, Repeated(n)).outcome for n in range(2)] == [
        "stamped",
        "visited",
    ]
    again = answer(course, scan(), card, AlreadyStamped(1))
    assert (again.outcome, again.spot, again.earned) == ("already_stamped", "a", ())


def test_a_refused_scan_is_remembered_and_its_first_refusal_given_again() -> None:
    course = rally()
    first, card = take(course, Card(), scan(), STARTS - SECOND)
    again, after = take(course, card, scan(), STARTS + SECOND)
    assert again == RepeatedRefusal(first)  # type: ignore[arg-type]
    assert after == card
    assert outcome(course, scan(number=2), STARTS + SECOND, card) == "VisitRecorded"


def test_a_reused_scan_id_is_never_logged() -> None:
    card = visited("a")
    decision = decide(rally(), card, scan("b", 100), NOW)
    assert isinstance(decision, Refusal)
    assert refused_fact(rally(), card, scan("b", 100), decision, NOW) is None


def test_the_logged_refusal_says_what_was_scanned_and_never_lies_in_the_future() -> None:
    ahead = scan(None, scanned_at=NOW + timedelta(days=1))
    refusal = decide(rally(), Card(), ahead, NOW)
    assert isinstance(refusal, Refusal)
    fact = refused_fact(rally(), Card(), ahead, refusal, NOW)
    assert fact is not None
    assert (fact.spot, fact.occurred_at, fact.refusal) == ("", NOW, refusal)


def test_so_many_refusals_are_logged_in_a_day_and_no_more() -> None:
    course, card = rally(opened_at=None), Card()
    for number in range(REFUSALS_KEPT_MAX + 5):
        _, card = take(course, card, scan(number=number), NOW + number * SECOND)
    assert [int.from_bytes(one.scan_id) for one in card.refused] == list(range(REFUSALS_KEPT_MAX))
    still, later = NOW + timedelta(hours=24) - MICROSECOND, NOW + timedelta(hours=24)
    assert take(course, card, scan(number=99), still)[1] == card
    _, card = take(course, card, scan(number=99), later)
    assert [int.from_bytes(one.scan_id) for one in card.refused] == [
        *range(1, REFUSALS_KEPT_MAX),
        99,
    ]


# --- prizes -------------------------------------------------------------------------------------


def test_a_condition_made_easier_is_earned_by_the_next_visit_also_of_a_stamped_spot() -> None:
    card = visited("a", "c", now=NOW - timedelta(days=1))
    easier = plan(prizes=[Prize("two", names(), Stamps(2), FirstCome())])
    decision = decide(rally(easier), card, scan("a", 9), NOW)
    assert isinstance(decision, VisitRecorded)
    assert decision.earned == ("two",)


def test_each_prize_is_earned_by_the_visit_that_meets_it_and_once() -> None:
    course, card, earned = rally(), Card(), []
    for number, spot in enumerate("abcdabcd"):
        decision, card = take(course, card, scan(spot, number), NOW + timedelta(days=number))
        assert isinstance(decision, VisitRecorded)
        earned.append(decision.earned)
    assert earned == [(), ("line",), ("five",), ("all",), (), (), (), ()]


def test_a_revisit_brings_no_stamps_and_so_no_prize() -> None:
    card = visited("a", "b")  # 4 stamps of 5; b alone is worth 3
    decision = decide(rally(), card, scan("b"), NOW + timedelta(days=1))
    assert isinstance(decision, VisitRecorded)
    assert decision.earned == ()


def test_a_prize_once_earned_is_not_earned_again_when_the_plan_asks_for_more() -> None:
    card = visited("a", "b", "c")
    more = msgspec.structs.replace(
        plan().prizes[0],
        condition=msgspec.convert(
            {"kind": "stamps", "at_least": 6}, type(plan().prizes[0].condition)
        ),
    )
    decision = decide(rally(plan(prizes=[more])), card, scan("d"), NOW)
    assert isinstance(decision, VisitRecorded)
    assert decision.earned == ()


@given(st.permutations(list(SPOTS)), st.data())
def test_in_any_order_of_visits_every_prize_is_earned_exactly_once(
    spots: list[str], data: st.DataObject
) -> None:
    course, card, earned = rally(), Card(), []
    revisits = data.draw(st.lists(st.sampled_from(SPOTS), max_size=6))
    for number, spot in enumerate([*spots[:2], *revisits, *spots[2:], *revisits]):
        decision, card = take(course, card, scan(spot, number), NOW + timedelta(hours=7 * number))
        if isinstance(decision, VisitRecorded):
            earned += decision.earned
    assert sorted(earned) == ["all", "five", "line"]


# --- days and hours of the zone -----------------------------------------------------------------


def in_zone(zone: str, **changes: Any) -> Rally:
    days = {"first_day": date(2026, 1, 8), "last_day": date(2026, 12, 20)}
    return rally(plan(time_zone=zone, late_scan_hours_max=24 * 14, **days | changes))


def firsts_of(course: Rally, *moments: datetime) -> list[Firsts]:
    """The flags of visits to spot a, one a minute's interval, at `moments`."""
    card, flags = Card(), []
    for number, moment in enumerate(moments):
        decision, card = take(course, card, scan("a", number), moment)
        assert isinstance(decision, VisitRecorded)
        flags.append(Firsts(decision.firsts))
    return flags


MINUTELY = {"revisit": OncePerInterval(1)}
NEW_DAY = Firsts.TODAY | Firsts.AT_SPOT_TODAY
HOUR = Firsts.AT_SPOT_THIS_HOUR


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("zone", "moments", "then"),
    [
        # Clocks go back at 2:00 on 2026-11-01: the hour from 1:00 comes twice, and is two hours.
        ("America/New_York", [utc(2026, 11, 1, 5, 10), utc(2026, 11, 1, 5, 50)], Firsts(0)),
        ("America/New_York", [utc(2026, 11, 1, 5, 10), utc(2026, 11, 1, 6, 10)], HOUR),
        # That day lasts 25 hours …
        ("America/New_York", [utc(2026, 11, 1, 4, 0), utc(2026, 11, 2, 4, 59)], HOUR),
        ("America/New_York", [utc(2026, 11, 1, 4, 0), utc(2026, 11, 2, 5, 0)], NEW_DAY | HOUR),
        # … and the one in March 23: 1:59 is followed by 3:00.
        ("America/New_York", [utc(2026, 3, 8, 6, 59), utc(2026, 3, 8, 7, 0)], HOUR),
        ("America/New_York", [utc(2026, 3, 8, 5, 0), utc(2026, 3, 9, 3, 59)], HOUR),
        ("America/New_York", [utc(2026, 3, 8, 5, 0), utc(2026, 3, 9, 4, 0)], NEW_DAY | HOUR),
        # In India hours and days begin at half past.
        ("Asia/Kolkata", [utc(2026, 5, 1, 6, 30), utc(2026, 5, 1, 7, 29)], Firsts(0)),
        ("Asia/Kolkata", [utc(2026, 5, 1, 6, 30), utc(2026, 5, 1, 7, 30)], HOUR),
        ("Asia/Kolkata", [utc(2026, 5, 1, 18, 29), utc(2026, 5, 1, 18, 30)], NEW_DAY | HOUR),
        # In Cairo midnight itself is skipped: 2026-04-24 begins at 1:00.
        ("Africa/Cairo", [utc(2026, 4, 23, 21, 59), utc(2026, 4, 23, 22, 0)], NEW_DAY | HOUR),
    ],
)
def test_days_and_hours_are_those_of_the_zone(
    zone: str, moments: list[datetime], then: Firsts
) -> None:
    assert firsts_of(in_zone(zone, **MINUTELY), *moments)[1] == then


def test_an_hour_is_the_same_whichever_zone_the_moment_is_written_in() -> None:
    zone = ZoneInfo("America/New_York")
    course = Course(plan(time_zone="America/New_York"))
    for moment in (utc(2026, 11, 1, 5, 10), utc(2026, 11, 1, 6, 10)):
        assert course.hour_at(micros(moment.astimezone(zone))) == course.hour_at(micros(moment))
        assert micros(moment) in course.hour_at(micros(moment)).of_hour


ZONES = ["Asia/Tokyo", "America/New_York", "Asia/Kolkata", "Africa/Cairo", "Pacific/Apia"]
# Around the days on which New York's and Cairo's clocks change.
START_OF_HISTORY = st.sampled_from([utc(2026, 3, 7), utc(2026, 4, 22), utc(2026, 10, 31)])
VISITS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(SPOTS), st.integers(0, 72 * 60)), max_size=25
)
REVISITS = st.sampled_from([OncePerRally(), OncePerDay(), OncePerInterval(40)])


@given(st.sampled_from(ZONES), REVISITS, START_OF_HISTORY, VISITS)
def test_sums_of_firsts_are_exact_distinct_counts(
    zone: str, revisit: Any, start: datetime, history: list[tuple[int, str, int]]
) -> None:
    """In any order of arrival, at every granularity, compared with sets of visitors."""
    course = in_zone(zone, revisit=revisit)
    local = ZoneInfo(zone)
    keys: dict[Firsts, Callable[[str, datetime], Any]] = {
        Firsts.IN_RALLY: lambda spot, at: "rally",
        Firsts.AT_SPOT: lambda spot, at: spot,
        Firsts.TODAY: lambda spot, at: at.date(),
        Firsts.AT_SPOT_TODAY: lambda spot, at: (spot, at.date()),
        Firsts.AT_SPOT_THIS_HOUR: lambda spot, at: (spot, at.date(), at.hour, at.utcoffset()),
    }
    sums: dict[Any, int] = defaultdict(int)
    visitors: dict[Any, set[int]] = defaultdict(set)
    cards: dict[int, Card] = defaultdict(Card)
    arrival = start + timedelta(days=4)
    for number, (who, spot, minute) in enumerate(history):
        made = start + timedelta(minutes=minute)
        one = scan(spot, number, visitor=UUID(int=who), scanned_at=made)
        decision, cards[who] = take(course, cards[who], one, arrival)
        if isinstance(decision, VisitRecorded):
            for flag, key_of in keys.items():
                key = (flag, key_of(spot, made.astimezone(local)))
                visitors[key].add(who)
                sums[key] += bool(decision.firsts & flag)
    assert dict(sums) == {key: len(who) for key, who in visitors.items()}


def test_a_spot_named_anew_is_a_new_spot() -> None:
    changed = plan(spots=[*plan().spots[1:], Spot("a2", names(), "east")], sheets=[])
    assert outcome(rally(changed), scan("a2"), card=visited("a")) == "VisitRecorded"


def test_a_refused_scan_id_is_no_good_for_another_spot() -> None:
    _, card = take(rally(opened_at=None), Card(), scan("a", 5), NOW)
    decision = decide(rally(), card, scan("b", 5), NOW)
    assert decision == Refusal(RefusalCode.SCAN_ID_REUSED, spot="a")
