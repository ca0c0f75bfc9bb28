"""What stands behind a scan: given a spot of some kind, when a scan comes, then it proves so much.

Kinds of codes, answers, places; and who may have a stamp at a time: slots, capacity, meetings,
areas that are closed or called off.
"""

from datetime import UTC, date, datetime, timedelta
from math import cos, hypot, radians, sin, sqrt
from typing import Any
from uuid import UUID

import pytest
from builders import NOW, VISITOR, card_of, names, plan, rally, scan, take
from hypothesis import given
from hypothesis import strategies as st

from domain.card import Card, WrongAnswer
from domain.events import Firsts, QuizAnswered, VisitConfirmed, VisitRecorded
from domain.mistakes import mistakes
from domain.place import EARTH_RADIUS_M, Fix, Place, distance_m
from domain.plan import DayException, Near, OncePerInterval, Plan, Question, Spot, normal
from domain.proof import ACCURACY_GOOD_M, ACCURACY_M_MAX, STEPS_ASIDE_MAX, begins, step_at
from domain.rally import Rally, cancel_rally, evolve_rally
from domain.refusals import Refusal, RefusalCode
from domain.rules import LATE_AFTER, AlreadyStamped, Decision, RepeatedRefusal, decide, seat
from domain.scan import Scan
from domain.stock import Lot

SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)
STEP = step_at(NOW)
CROSSING = Place(35.6717, 139.7650)
"""The crossing of Ginza 4-chome."""
DEGREE_M = EARTH_RADIUS_M * radians(1)


def spot(id_: str = "s", area: str = "east", **changes: Any) -> Spot:
    return Spot(id_, names(), area, **changes)


def good(*spots: Spot, **changes: Any) -> Plan:
    """A plan of these spots and "a", a printed one in the east, without mistakes."""
    said: dict[str, Any] = {"spots": [spot("a"), *spots], "sheets": [], "prizes": []}
    made = plan(**said | changes)
    assert mistakes(made) == []
    return made


def at(*spots: Spot, **changes: Any) -> Rally:
    return rally(good(*spots, **changes))


def scanned(evidence: str = "printed", number: int = 1, **changes: Any) -> Scan:
    """A scan of spot "s"."""
    return scan(changes.pop("of", "s"), number, evidence=evidence, **changes)


def rotating(step: int = STEP, **changes: Any) -> Scan:
    return scanned("rotating", step=step, **changes)


def away(metres: float, accuracy: float | None = 5) -> Fix:
    """Where a phone is, so far to the north of the crossing."""
    return Fix(CROSSING.lat + metres / DEGREE_M, CROSSING.lon, accuracy)


def outcome(decision: Decision) -> str:
    """A refusal's code, a visit's evidence, or the kind of decision."""
    match decision:
        case Refusal():
            return decision.code
        case VisitRecorded():
            return decision.evidence
    return type(decision).__name__


SCREEN = spot(kind="rotating")
COUNTER = spot(kind="badge")
KEYWORD = spot(kind="keyword", question=Question(["Tokyo", "江戸"], attempts=2))
QUIZ = spot(
    kind="quiz",
    question=Question(
        ["2"], names(), [names("大阪"), names("東京"), names("京都"), names("奈良")], 3
    ),
)
BOTH = [KEYWORD, QUIZ]


def near(radius_m: int = 100, unknown: Any = "accept", **changes: Any) -> Spot:
    return spot(place=CROSSING, near=Near(radius_m, unknown), **changes)


def meetings(*ids: str) -> Rally:
    """Meetings of half an hour, of which one is at one at a time. One period begins at NOW."""
    return at(*map(spot, ids), revisit=OncePerInterval(30), one_at_a_time=True)


def local(*parts: int) -> datetime:
    """A time of day in the rally's own zone."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


def called_off(of: Rally, since: datetime, *areas: str) -> Rally:
    fact = cancel_rally(of, since, "organiser", areas)
    assert fact is not None
    return evolve_rally(of, fact)


NOON = local(2026, 1, 15, 12)
"""That is NOW, on the clocks of Tokyo."""
HOUR = timedelta(hours=1)
WEST_OFF = called_off(at(spot(area="west")), NOW - HOUR, "west")
NO_TRIES = Card(wrong=tuple(WrongAnswer("s", bytes([n] * 16), 1 - n) for n in range(2)))

REFUSED: list[tuple[str, Rally, Scan, Card, int, Refusal]] = [
    ("a code two steps old", at(SCREEN), rotating(STEP - 2), Card(), 0,
     Refusal(RefusalCode.CODE_STALE, at=NOW - 30 * SECOND)),
    ("a poster's code where the staff show one", at(SCREEN), scanned(), Card(), 0,
     Refusal(RefusalCode.CODE_SHOWN_BY_STAFF)),
    ("a poster's code where badges are scanned", at(COUNTER), scanned(), Card(), 0,
     Refusal(RefusalCode.SPOT_SCANS_BADGES)),
    ("a staff screen's code where badges are scanned", at(COUNTER), rotating(), Card(), 0,
     Refusal(RefusalCode.SPOT_SCANS_BADGES)),
    ("any code where guests are counted", at(spot(kind="counted")), scanned("badge"), Card(), 0,
     Refusal(RefusalCode.SPOT_COUNTED)),
    ("an area that was called off", WEST_OFF, scanned(), Card(), 0,
     Refusal(RefusalCode.AREA_CANCELLED, at=NOW - HOUR)),
    ("a slot that begins later", at(spot(starts=NOON + HOUR)), scanned(), Card(), 0,
     Refusal(RefusalCode.SLOT_NOT_STARTED, at=NOW + HOUR)),
    ("a slot that has ended", at(spot(ends=NOON - HOUR)), scanned(), Card(), 0,
     Refusal(RefusalCode.SLOT_OVER, at=NOW - HOUR)),
    ("a spot whose places are taken", at(spot(capacity=2)), scanned(), Card(), 2,
     Refusal(RefusalCode.SPOT_FULL)),
    ("a meeting at the time of another", meetings("s"), scanned(),
     card_of(meetings("s"), [(scan("a", 9), NOW)]), 0,
     Refusal(RefusalCode.ELSEWHERE_NOW, spot="a")),
    ("a phone in another street", at(near()), scanned(fix=away(250)), Card(), 0,
     Refusal(RefusalCode.TOO_FAR, metres=250)),
    ("a phone that does not tell its place", at(near(unknown="refuse")), scanned(), Card(), 0,
     Refusal(RefusalCode.PLACE_UNKNOWN)),
    ("the same, where the staff can help", at(near(unknown="staff")), scanned(), Card(), 0,
     Refusal(RefusalCode.PLACE_BY_STAFF)),
    ("a question without an answer", at(KEYWORD), scanned(), Card(), 0,
     Refusal(RefusalCode.ANSWER_MISSING)),
    ("an answer of nothing but signs", at(KEYWORD), scanned(answer=" ?! "), Card(), 0,
     Refusal(RefusalCode.ANSWER_MISSING)),
    ("a right answer after the last try", at(KEYWORD), scanned(answer="Tokyo"), NO_TRIES, 0,
     Refusal(RefusalCode.NO_TRIES_LEFT)),
]  # fmt: skip
"""Of each: when, which rally, which scan, which card, how many places are taken; what then."""
ANSWERED_WRONGLY = RefusalCode.ANSWER_WRONG
"""The one "no" that is a fact of its own; it is tested below."""


@pytest.mark.parametrize(
    ("of", "scan", "card", "taken", "refusal"),
    [row[1:] for row in REFUSED],
    ids=[row[0] for row in REFUSED],
)
def test_refused_with_the_nearest_reason(
    of: Rally, scan: Scan, card: Card, taken: int, refusal: Refusal
) -> None:
    assert decide(of, card, scan, NOW, taken) == refusal


# --- codes of each kind -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "fresh"),
    [
        (begins(STEP - STEPS_ASIDE_MAX) - MICROSECOND, False),
        (begins(STEP - STEPS_ASIDE_MAX), True),
        (begins(STEP), True),
        (begins(STEP + 2) - MICROSECOND, True),
        (begins(STEP + 2), False),
    ],
)
def test_a_rotating_code_is_fresh_one_step_early_or_late_and_no_more(
    moment: datetime, fresh: bool
) -> None:
    assert STEPS_ASIDE_MAX == 1
    stale = Refusal(RefusalCode.CODE_STALE, at=begins(STEP))
    decision = decide(at(SCREEN), Card(), rotating(), moment)
    assert (outcome(decision) == "rotating") if fresh else (decision == stale)
    # Where a poster hangs too, a stale code proves as much as that.
    expected = "rotating" if fresh else "printed"
    assert outcome(decide(at(spot()), Card(), rotating(), moment)) == expected


@pytest.mark.parametrize("kind", ["printed", "rotating"])
@pytest.mark.parametrize(
    ("age", "evidence"), [(LATE_AFTER, "rotating"), (LATE_AFTER + MICROSECOND, "printed")]
)
def test_a_code_that_arrives_late_was_fresh_when_scanned_but_may_be_a_photograph(
    kind: Any, age: timedelta, evidence: str
) -> None:
    made = NOW - age
    late = rotating(step_at(made), scanned_at=made)
    assert outcome(decide(at(spot(kind=kind)), Card(), late, NOW)) == evidence


@pytest.mark.parametrize("evidence", ["badge", "paper"])
@pytest.mark.parametrize("where", [spot(), SCREEN, COUNTER, *BOTH, near(unknown="staff"), near(10)])
def test_what_staff_scan_needs_no_other_code_no_answer_and_no_place(
    where: Spot, evidence: str
) -> None:
    decision = decide(at(where), Card(), scanned(evidence, fix=away(9_999)), NOW)
    assert isinstance(decision, VisitRecorded)
    assert (decision.evidence, decision.unplaced) == (evidence, False)
    assert Firsts(decision.firsts) == ~Firsts(0)


@pytest.mark.parametrize(
    ("where", "scan", "evidence"),
    [
        (spot(), scanned(), "printed"),
        (spot(), rotating(), "rotating"),
        (spot(), rotating(step=None), "printed"),
        (KEYWORD, scanned(answer="tokyo"), "keyword"),
        (KEYWORD, rotating(answer="tokyo"), "keyword"),
        (QUIZ, scanned(answer="2"), "quiz"),
        (near(), scanned(fix=away(20)), "printed+place"),
        (near(kind="rotating"), rotating(fix=away(20)), "rotating+place"),
        (near(kind="quiz", question=QUIZ.question), scanned(answer="2", fix=away(20)), "quiz+place"),
    ],
)  # fmt: skip
def test_a_visit_carries_what_stands_behind_it(where: Spot, scan: Scan, evidence: str) -> None:
    assert outcome(decide(at(where), Card(), scan, NOW)) == evidence


# --- places -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metres", "accuracy", "code"),
    [
        (0, 5, "printed+place"),
        (99, 0, "printed+place"),
        (101, 0, "too_far"),
        (149, 50, "printed+place"),
        (151, 50, "too_far"),
        (199, ACCURACY_GOOD_M, "printed+place"),
        (201, ACCURACY_GOOD_M, "too_far"),
        (101, ACCURACY_GOOD_M + 1, "place_unknown"),  # not far for certain, and hardly near
        (99, ACCURACY_M_MAX, "printed+place"),
        (1_099, ACCURACY_M_MAX, "place_unknown"),
        (1_101, ACCURACY_M_MAX, "too_far"),
        (99, ACCURACY_M_MAX + 1, "place_unknown"),
        (9_000, 8_000, "too_far"),
        (0, None, "place_unknown"),
        (20_000_000, 5, "too_far"),
    ],
)
def test_too_far_is_who_certainly_is(metres: float, accuracy: float | None, code: str) -> None:
    fix = Fix(-CROSSING.lat, CROSSING.lon - 180, accuracy) if metres > 10**7 else None
    one = scanned(fix=fix or away(metres, accuracy))
    assert outcome(decide(at(near(unknown="refuse")), Card(), one, NOW)) == code


@pytest.mark.parametrize("beyond", [-1e-6, 1e-6])
def test_the_limit_is_the_radius_and_the_accuracy_together(beyond: float) -> None:
    fix = away(321)
    fix = Fix(fix.lat, fix.lon, distance_m(CROSSING, fix) - 250 - beyond)
    decision = decide(at(near(250)), Card(), scanned(fix=fix), NOW)
    expected = Refusal(RefusalCode.TOO_FAR, metres=321)
    assert (decision == expected) if beyond > 0 else (outcome(decision) == "printed+place")


@pytest.mark.parametrize("fix", [None, away(0, None), away(0, 5_000), away(4_000, 5_000)])
def test_where_places_are_asked_for_but_not_demanded_a_visit_without_one_is_marked(
    fix: Fix | None,
) -> None:
    decision = decide(at(near(unknown="accept")), Card(), scanned(fix=fix), NOW)
    assert isinstance(decision, VisitRecorded)
    assert (decision.evidence, decision.unplaced) == ("printed", True)


def test_a_place_that_nobody_asked_for_is_not_looked_at() -> None:
    decision = decide(at(spot(place=CROSSING)), Card(), scanned(fix=away(9_999)), NOW)
    assert isinstance(decision, VisitRecorded)
    assert (decision.evidence, decision.unplaced) == ("printed", False)


INSIDE = st.tuples(st.floats(-0.7, 0.7), st.floats(-0.7, 0.7))
"""To the north and to the east, 0.99 of a length at most."""


@given(st.integers(10, 5_000), st.floats(0, ACCURACY_M_MAX), INSIDE, INSIDE)
def test_who_stands_within_the_radius_is_never_refused_if_the_phone_errs_as_it_admits(
    radius: int, accuracy: float, stands: tuple[float, float], errs: tuple[float, float]
) -> None:
    of = rally(plan(spots=[near(radius)], sheets=[], prizes=[]))
    north, east = (a * radius + b * accuracy for a, b in zip(stands, errs, strict=True))
    lat = CROSSING.lat + north / DEGREE_M
    lon = CROSSING.lon + east / DEGREE_M / cos(radians(CROSSING.lat))
    one = scanned(fix=Fix(lat, lon, accuracy))
    assert isinstance(decide(of, Card(), one, NOW), VisitRecorded)


@given(st.floats(-80, 80), st.floats(-180, 180), st.floats(-0.05, 0.05), st.floats(-0.05, 0.05))
def test_distances_are_those_of_the_ellipsoid_within_six_thousandths(
    lat: float, lon: float, north: float, east: float
) -> None:
    """Compared with the radii of curvature of WGS 84, which a walk is short enough for."""
    major, squared = 6_378_137.0, 6.694379990141e-3
    root = sqrt(1 - squared * sin(radians(lat + north / 2)) ** 2)
    metres_north = major * (1 - squared) / root**3 * radians(north)
    metres_east = major / root * cos(radians(lat + north / 2)) * radians(east)
    wrapped = (lon + east + 180) % 360 - 180
    measured = distance_m(Place(lat, lon), Place(lat + north, wrapped))
    assert measured == pytest.approx(hypot(metres_north, metres_east), rel=0.006, abs=0.01)


# --- answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "given", "right"),
    [
        (KEYWORD, "Tokyo", True),
        (KEYWORD, "TOKYO", True),
        (KEYWORD, "Ｔｏｋｙｏ", True),
        (KEYWORD, "  To kyo!\n", True),
        (KEYWORD, "江\u3000戸", True),
        (KEYWORD, "Tokio", False),
        (KEYWORD, "Tokyo2", False),
        (KEYWORD, "Tokyo江戸", False),
        (spot(kind="keyword", question=Question(["ガーデン"])), "ｶﾞｰﾃﾞﾝ", True),
        (spot(kind="keyword", question=Question(["ガーデン"])), "カ\u3099ーテ\u3099ン", True),
        (spot(kind="keyword", question=Question(["ガーデン"])), "カーテン", False),
        (spot(kind="keyword", question=Question(["ガーデン"])), "がーでん", True),
        (spot(kind="keyword", question=Question(["がーでん"])), "ガーデン", True),
        (spot(kind="keyword", question=Question(["ヴァイオリン"])), "ゔぁいおりん", True),
        (spot(kind="keyword", question=Question(["ガーデン"])), "ガデン", False),
        (spot(kind="keyword", question=Question(["Straße"])), "STRASSE", True),
        (QUIZ, "2", True),
        (QUIZ, " ２ ", True),
        (QUIZ, "1", False),
        (QUIZ, "22", False),
        (QUIZ, "東京", False),
    ],
)
def test_an_answer_is_right_whatever_its_case_width_and_spaces(
    where: Spot, given: str, right: bool
) -> None:
    decision = decide(at(where), Card(), scanned(answer=given), NOW)
    assert isinstance(decision, VisitRecorded if right else QuizAnswered)


PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


@given(st.text(PRINTABLE, max_size=20), st.data())
def test_full_width_and_other_case_never_change_an_answer(text: str, data: st.DataObject) -> None:
    twist = st.sampled_from([str.lower, str.upper, str, lambda c: chr(ord(c) + 0xFEE0)])
    twisted = "".join(data.draw(twist)(character) for character in text)
    assert normal(twisted) == normal(text) == "".join(filter(str.isalnum, text)).lower()


def test_a_wrong_answer_leaves_one_try_fewer_and_after_the_last_a_right_one_is_none() -> None:
    of, card, left = at(QUIZ), Card(), []
    for number in range(3):
        decision, card = take(of, card, scanned(number=number, answer="1"), NOW)
        assert isinstance(decision, QuizAnswered)
        left.append(decision.left)
    assert left == [2, 1, 0]
    assert decision == QuizAnswered(rally="walk", visitor=VISITOR, spot="s", occurred_at=NOW, scan_id=UUID(int=2), left=0)  # fmt: skip
    decision, _ = take(of, card, scanned(number=9, answer="2"), NOW)
    assert decision == Refusal(RefusalCode.NO_TRIES_LEFT)
    assert outcome(decide(of, card, scanned("badge", 9), NOW)) == "badge", "staff can help"


def test_tries_are_counted_a_spot_and_a_missing_answer_is_no_try() -> None:
    other = spot("t", kind="keyword", question=Question(["x"], attempts=1))
    of = at(KEYWORD, other)
    card = card_of(of, [(scanned(number=n, answer=a), NOW) for n, a in enumerate([None, "!", "y"])])
    assert [one.left for one in card.wrong] == [1]
    decision = decide(of, card, scanned(number=7, of="t", answer="y"), NOW)
    assert isinstance(decision, QuizAnswered)
    assert decision.left == 0


@pytest.mark.parametrize(
    ("changes", "card", "taken", "code"),
    [
        ({"after": "a"}, Card(), 0, "spot_locked"),
        ({"capacity": 1}, Card(), 1, "spot_full"),
        ({}, card_of(meetings(), [(scan("a", 9), NOW)]), 0, "elsewhere_now"),
    ],
)
@pytest.mark.parametrize("said", ["1", "2", None])
def test_no_try_is_lost_where_no_stamp_can_be_had_now(
    changes: Any, card: Card, taken: int, code: str, said: str | None
) -> None:
    """Nor does whoever waits learn whether an answer is right."""
    asking = spot(kind="quiz", question=QUIZ.question, **changes)
    of = at(asking, revisit=OncePerInterval(30), one_at_a_time=True)
    assert outcome(decide(of, card, scanned(answer=said), NOW, taken)) == code


def test_the_same_wrong_answer_again_gets_its_first_answer_and_costs_no_try() -> None:
    """Also when others followed, and when the answer sent again is another one."""
    of, card = at(QUIZ), Card()
    for number in (1, 2):
        _, card = take(of, card, scanned(number=number, answer="1"), NOW)
    again, after = take(of, card, scanned(number=1, answer="2"), NOW + SECOND)
    assert again == RepeatedRefusal(Refusal(ANSWERED_WRONGLY, left=2))
    assert after == card


def test_a_question_that_was_answered_asks_no_more() -> None:
    """Given a stamp; when a wrong answer, or none, comes; then the stamp is there already."""
    of = at(QUIZ)
    card = card_of(of, [(scanned(number=1, answer="2"), NOW)])
    for number, said in enumerate(["1", None, "2"], start=2):
        decision, after = take(of, card, scanned(number=number, answer=said), NOW)
        assert decision == AlreadyStamped(0)
        assert after == card


def test_a_quiz_is_no_footfall_and_takes_no_first_from_a_visit() -> None:
    """It can be answered from anywhere. A keyword is read at its spot, and is a visit."""
    of = at(QUIZ, spot("k", kind="keyword", question=Question(["x"])))
    first, card = take(of, Card(), scanned(number=1, answer="2"), NOW)
    second, card = take(of, card, scan("a", 2), NOW + SECOND)
    third, card = take(of, card, scanned(number=3, of="k", answer="x"), NOW + 2 * SECOND)
    firsts = [one.firsts for one in (first, second, third) if isinstance(one, VisitRecorded)]
    at_spot = Firsts.AT_SPOT | Firsts.AT_SPOT_TODAY | Firsts.AT_SPOT_THIS_HOUR
    assert firsts == [0, ~Firsts(0), at_spot]
    assert [one.counted for one in card.visits] == [False, True, True]


# --- slots, areas, days -------------------------------------------------------------------------

NEW_YORK = {"time_zone": "America/New_York", "last_day": date(2026, 12, 1)}


@pytest.mark.parametrize(
    ("changes", "starts", "ends", "begin", "over"),
    [
        ({}, local(2026, 1, 15, 13), local(2026, 1, 15, 14, 30), (2026, 1, 15, 4), (2026, 1, 15, 5, 30)),
        # Summer time from the 8th of March on, and no longer from the 1st of November on.
        (NEW_YORK, local(2026, 3, 7, 12), local(2026, 3, 8, 12), (2026, 3, 7, 17), (2026, 3, 8, 16)),
        (NEW_YORK, local(2026, 10, 31, 12), local(2026, 11, 1, 12), (2026, 10, 31, 16), (2026, 11, 1, 17)),
        # A time that is skipped is the moment an hour later, one that comes twice its first.
        (NEW_YORK, local(2026, 3, 8, 2, 30), local(2026, 3, 8, 4), (2026, 3, 8, 7, 30), (2026, 3, 8, 8)),
        (NEW_YORK, local(2026, 11, 1, 1, 30), local(2026, 11, 1, 3), (2026, 11, 1, 5, 30), (2026, 11, 1, 8)),
    ],
)  # fmt: skip
def test_a_slots_stamp_is_given_from_its_start_until_its_end_on_the_clocks_of_the_rally(
    changes: Any, starts: datetime, ends: datetime, begin: tuple[int, ...], over: tuple[int, ...]
) -> None:
    of = at(spot(starts=starts, ends=ends), **changes)
    first, last = (datetime(*parts, tzinfo=UTC) for parts in (begin, over))  # type: ignore[arg-type,misc]
    assert decide(of, Card(), scanned(), first - MICROSECOND) == Refusal(
        RefusalCode.SLOT_NOT_STARTED, at=first
    )
    assert outcome(decide(of, Card(), scanned(), first)) == "printed"
    assert outcome(decide(of, Card(), scanned(), last - MICROSECOND)) == "printed"
    assert decide(of, Card(), scanned(), last) == Refusal(RefusalCode.SLOT_OVER, at=last)
    late = scanned(scanned_at=last - MICROSECOND)
    assert outcome(decide(of, Card(), late, last + HOUR)) == "printed", "it was made in time"


def test_an_area_called_off_keeps_what_was_scanned_before_and_the_others_go_on() -> None:
    since = NOW - HOUR
    made = scanned(scanned_at=since - MICROSECOND)
    assert outcome(decide(WEST_OFF, Card(), made, NOW)) == "printed"
    made = scanned(scanned_at=since)
    assert outcome(decide(WEST_OFF, Card(), made, NOW)) == "area_cancelled"
    assert outcome(decide(WEST_OFF, Card(), scan("a"), NOW)) == "printed"
    again = called_off(WEST_OFF, NOW, "west", "east")
    assert again.cancelled_areas == {"west": since, "east": NOW}


def test_a_day_may_be_closed_or_have_other_hours_in_one_area_only() -> None:
    day = NOON.date()
    of = at(
        spot(area="west"),
        exceptions=[DayException(day, closed=True, areas=["west"]), DayException(day, NOON.time(), local(2026, 1, 15, 13).time())],
    )  # fmt: skip
    tomorrow = datetime(2026, 1, 15, 15, tzinfo=UTC)
    assert decide(of, Card(), scanned(), NOW) == Refusal(RefusalCode.CLOSED_NOW, at=tomorrow)
    assert outcome(decide(of, Card(), scanned(), tomorrow)) == "printed"
    assert outcome(decide(of, Card(), scan("a"), NOW)) == "printed"
    for moment, opens in ((NOW - SECOND, NOW), (NOW + HOUR, tomorrow)):
        assert decide(of, Card(), scan("a"), moment) == Refusal(RefusalCode.CLOSED_NOW, at=opens)


# --- who may have a place -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("taken", "expected"), [(0, "printed"), (2, "printed"), (3, "spot_full"), (4, "spot_full")]
)
def test_so_many_are_taken_and_whoever_is_in_stays_in(taken: int, expected: str) -> None:
    of = at(spot(capacity=3))
    assert outcome(decide(of, Card(), scanned(), NOW, taken)) == expected
    card = card_of(of, [(scanned(), NOW)])
    assert decide(of, card, scanned(number=2), NOW, taken) == AlreadyStamped(0)
    badge = decide(of, card, scanned("badge", 2), NOW, taken)
    assert isinstance(badge, VisitConfirmed), "it takes no further place"


def test_a_seat_is_that_of_the_period_in_which_the_scan_was_made() -> None:
    of = at(spot(capacity=3))
    yesterday = scanned(scanned_at=NOW - timedelta(days=1))
    assert seat(of, scanned(), NOW) == Lot("walk", "spot:s", 20260115)
    assert seat(of, yesterday, NOW) == Lot("walk", "spot:s", 20260114)
    assert [seat(of, scan(name), NOW) for name in ("a", "gone", None)] == [None] * 3


def test_at_one_meeting_at_a_time_and_at_another_in_the_next_period() -> None:
    of = meetings("s", "t")
    card = card_of(of, [(scanned(), NOW)])
    period = timedelta(minutes=30)
    assert outcome(decide(of, card, scan("t", 2), NOW + period - MICROSECOND)) == "elsewhere_now"
    assert outcome(decide(of, card, scan("t", 2), NOW + period)) == "printed"
    assert decide(of, card, scanned(number=2), NOW) == AlreadyStamped(0)
    early = scan("t", 2, scanned_at=NOW - MICROSECOND)
    assert outcome(decide(of, card, early, NOW)) == "printed", "the period before"


def test_where_nobody_is_to_be_known_a_scan_leaves_nothing() -> None:
    of = at(spot(kind="counted"))
    decision, card = take(of, Card(), scanned(), NOW)
    assert decision == Refusal(RefusalCode.SPOT_COUNTED)
    assert card == Card()


def test_a_refusal_can_be_mended_by_another_scan_but_is_the_answer_to_its_own() -> None:
    """Given a phone that told no place; when it does; then a scan of its own is a visit."""
    of = at(near(unknown="refuse"))
    first, card = take(of, Card(), scanned(number=1), NOW)
    assert decide(of, card, scanned(number=1, fix=away(5)), NOW) == RepeatedRefusal(first)  # type: ignore[arg-type]
    assert outcome(decide(of, card, scanned(number=2, fix=away(5)), NOW)) == "printed+place"


def test_the_id_of_a_wrong_answer_is_no_good_for_another_spot() -> None:
    spots = [
        Spot("q", names(), "east", kind="quiz", question=Question(["x"])),
        Spot("a", names(), "east"),
    ]
    of = rally(plan(spots=spots, sheets=[], prizes=[]))
    card = card_of(of, [(scan("q", 1, answer="no"), NOW)])
    assert decide(of, card, scan("a", 1), NOW) == Refusal(RefusalCode.SCAN_ID_REUSED, spot="q")
