"""Ways and days: spots that come after others, and cards that begin anew each day."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from builders import NOW, VISITOR, card_of, names, plan, rally, scan, take
from hypothesis import given
from hypothesis import strategies as st

from domain.card import REFUSALS_KEPT_MAX, Card, CardView, view
from domain.conditions import AllSpots, Always, BingoLines, InOrder, Stamps
from domain.encoding import micros
from domain.events import Firsts, VisitRecorded
from domain.plan import FirstCome, OncePerDay, OncePerInterval, OncePerRally, Plan, Prize, Spot
from domain.prizes import enter, hand_over
from domain.rally import NotAllowed, Rally
from domain.refusals import Refusal, RefusalCode
from domain.rules import AlreadyStamped, Repeated, answer, decide, refused_fact
from domain.scan import Scan
from domain.stock import Taken

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)


def hunt(**changes: Any) -> Plan:
    """b comes after a, c after b; d stands alone."""
    spots = [
        Spot("a", names(), "east"),
        Spot("b", names(), "east", after="a"),
        Spot("c", names(), "west", after="b"),
        Spot("d", names(), "west"),
    ]
    prizes = [
        Prize("all", names(), AllSpots(), FirstCome()),
        Prize("way", names(), InOrder(["a", "b", "c"]), FirstCome()),
    ]
    return plan(**{"spots": spots, "prizes": prizes, "revisit": OncePerRally()} | changes)


HUNT = rally(hunt())
EACH_DAY = rally(hunt(revisit=OncePerDay(), carry_over=False))


def locked(spot: str) -> Refusal:
    """The next spot to be stamped is `spot`."""
    return Refusal(RefusalCode.SPOT_LOCKED, spot=spot)


def at(spot: str, number: int, made: datetime) -> tuple[Scan, datetime]:
    """A scan kept without a network, and sent with all others two days later."""
    return scan(spot, number, scanned_at=made), NOW + 2 * DAY


def keys(card: Card) -> set[tuple[str, int, int]]:
    """The visits of a card, whatever the order of their arrival and what they earned."""
    return {(visit.spot, visit.period, visit.occurred_at) for visit in card.visits}


def shown(of: Rally, card: Card, moment: datetime) -> CardView:
    return view(of.course, VISITOR, card, micros(moment))


# --- a spot after another -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stamped", "spot", "expected"),
    [
        ("", "a", None),
        ("", "d", None),
        ("", "b", locked("a")),
        ("", "c", locked("b")),
        ("d", "b", locked("a")),
        ("a", "b", None),
        ("a", "c", locked("b")),
        ("ab", "c", None),
        ("dab", "c", None),
    ],
)
def test_a_spot_opens_once_the_one_before_it_is_stamped(
    stamped: str, spot: str, expected: Refusal | None
) -> None:
    card = card_of(HUNT, [(scan(one, n), NOW - HOUR) for n, one in enumerate(stamped)])
    assert len(card.visits) == len(stamped)
    decision = decide(HUNT, card, scan(spot, 99), NOW)
    assert (
        decision == expected
        if expected
        else isinstance(decision, VisitRecorded) and decision.spot == spot
    )


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (-MICROSECOND, "spot_locked"),
        (timedelta(0), "VisitRecorded"),
        (MICROSECOND, "VisitRecorded"),
    ],
)
def test_a_spot_is_open_from_the_moment_the_one_before_it_was_stamped(
    made: timedelta, expected: str
) -> None:
    """By the scans' own times: whoever was there first was there too early."""
    card = card_of(HUNT, [(scan("a", 1, scanned_at=NOW - HOUR), NOW)])
    decision = decide(HUNT, card, scan("b", 2, scanned_at=NOW - HOUR + made), NOW)
    code = decision.code if isinstance(decision, Refusal) else type(decision).__name__
    assert code == expected


def test_a_locked_spot_is_never_logged_so_that_the_same_scan_is_good_later() -> None:
    """Given b's scan, sent before a's of an hour earlier; when it is sent again; then it counts."""
    early, late = scan("a", 1, scanned_at=NOW - HOUR), scan("b", 2, scanned_at=NOW)
    decision, card = take(HUNT, Card(), late, NOW)
    assert (decision, card) == (locked("a"), Card())
    assert refused_fact(HUNT, Card(), late, locked("a"), NOW) is None
    _, card = take(HUNT, card, early, NOW)
    again, card = take(HUNT, card, late, NOW)
    assert isinstance(again, VisitRecorded)
    assert [visit.spot for visit in card.visits] == ["a", "b"]
    assert decide(HUNT, card, late, NOW) == Repeated(1)


def test_locked_spots_do_not_use_up_the_logs_patience() -> None:
    card = Card()
    for number in range(REFUSALS_KEPT_MAX + 5):
        _, card = take(HUNT, card, scan("b", number), NOW)
    assert card == Card()
    decision, card = take(HUNT, card, scan(None, 99), NOW)
    assert [one.refusal for one in card.refused] == [decision]


@pytest.mark.parametrize(
    ("of", "spot", "code"),
    [
        (rally(hunt(), revoked=frozenset({(1, "b")})), "b", "code_revoked"),
        (rally(hunt(), closed_at=NOW - HOUR), "b", "rally_over"),
    ],
)
def test_that_a_spot_is_locked_is_the_last_reason_to_be_named(
    of: Rally, spot: str, code: str
) -> None:
    decision = decide(of, Card(), scan(spot), NOW)
    assert isinstance(decision, Refusal)
    assert decision.code == code


def test_a_spot_that_was_stamped_stays_so_when_the_plan_puts_it_after_another() -> None:
    before = rally(plan(revisit=OncePerRally()))
    card = card_of(before, [(scan("b", 1), NOW - HOUR)])
    assert decide(HUNT, card, scan("b", 2), NOW) == AlreadyStamped(0)
    assert shown(HUNT, card, NOW).stamps == 1


def test_a_revisit_asks_for_the_one_before_again_only_where_each_day_begins_anew() -> None:
    """Given a and b yesterday; when b is scanned today."""
    for of, expected in (
        (rally(hunt(revisit=OncePerDay())), "VisitRecorded"),
        (EACH_DAY, "spot_locked"),
    ):
        card = card_of(of, [(scan(spot, n), NOW - DAY) for n, spot in enumerate("ab")])
        decision = decide(of, card, scan("b", 9), NOW)
        code = decision.code if isinstance(decision, Refusal) else type(decision).__name__
        assert code == expected


WAY = [at(spot, n, NOW + n * HOUR) for n, spot in enumerate("abcd")]
"""Scans of all spots, in the order of the way, an hour apart."""


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_late_scans_end_in_the_same_card_once_all_were_sent_again(order: tuple[int, ...]) -> None:
    straight = card_of(HUNT, WAY)
    arrived = [WAY[index] for index in order]
    assert keys(card_of(HUNT, arrived + WAY)) == keys(straight)
    # A phone that sends them in its own order needs a round for each spot of the way.
    rounds = card_of(HUNT, arrived * 3)
    assert keys(rounds) == keys(straight)
    assert [prize.met for prize in shown(HUNT, rounds, NOW).prizes] == [True, True]


WALKS = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 47)), max_size=10)


def walk(drawn: list[tuple[str, int]], of: Rally) -> list[tuple[Scan, datetime]]:
    """Scans at different moments of the two days before they are sent, one a visit key."""
    scans: dict[tuple[str, int], tuple[Scan, datetime]] = {}
    for number, (spot, hours) in enumerate(drawn):
        made = NOW + hours * HOUR + number * MICROSECOND
        key = spot, of.course.period_of(micros(made))
        scans.setdefault(key, at(spot, number, made))
    return list(scans.values())


@given(
    WALKS, st.sampled_from([HUNT, EACH_DAY, rally(hunt(revisit=OncePerInterval(90)))]), st.data()
)
def test_whatever_the_order_of_arrival_the_card_is_the_same_in_the_end(
    drawn: list[tuple[str, int]], of: Rally, data: st.DataObject
) -> None:
    scans = walk(drawn, of)
    in_time = sorted(scans, key=lambda each: each[0].scanned_at or NOW)
    straight = card_of(of, in_time)
    arrived = data.draw(st.permutations(scans * 2))
    card = card_of(of, arrived)
    assert keys(card) <= keys(straight), "no order of arrival opens what was locked in its time"
    for _ in range(3):
        for one, now in arrived:
            _, card = take(of, card, one, now)
    assert keys(card) == keys(straight)
    assert len(card.visits) == len(straight.visits)
    assert not card.refused
    for moment in (NOW, NOW + DAY):
        ours, theirs = (shown(of, each, moment) for each in (card, straight))
        assert ours.prizes == theirs.prizes
        assert (ours.stamps, ours.lines) == (theirs.stamps, theirs.lines)


@given(WALKS, st.sampled_from([HUNT, EACH_DAY]))
def test_a_stamp_is_there_if_all_before_it_were_there_before_it(
    drawn: list[tuple[str, int]], of: Rally
) -> None:
    """A model without cards: walk back from each scan that counts."""
    before = {spot.id: spot.after for spot in of.plan.spots}
    scans = sorted(walk(drawn, of), key=lambda each: each[0].scanned_at or NOW)
    good: set[tuple[str, int]] = set()
    for one, _ in scans:
        spot, made = of.course.spot_by_tag[one.spot_tag], micros(one.scanned_at or NOW)
        day = of.course.hour_at(made).of_day
        first = before[spot]
        if first is None or any(
            spot_ == first and (of.plan.carry_over or made_ in day) for spot_, made_ in good
        ):
            good.add((spot, made))
    assert {(spot, made) for spot, _, made in keys(card_of(of, scans))} == good


def test_an_earlier_scan_of_a_stamped_spot_opens_the_next_one_when_it_arrives_at_last() -> None:
    """Given a, b and a again; when the second of a's scans is sent before the others; then a's
    first scan, which arrives late, says that the visit was earlier, and b is good."""
    a, b, again = (at(spot, n, NOW + n * HOUR) for n, spot in enumerate("aba"))
    first, second, third = (micros(NOW + n * HOUR) for n in range(3))
    assert keys(card_of(HUNT, [a, b, again])) == {("a", 0, first), ("b", 0, second)}
    assert decide(HUNT, card_of(HUNT, [again]), *b) == locked("a")
    card = card_of(HUNT, [again, a, b] * 2)
    assert keys(card) == {("a", 0, third), ("a", 0, first), ("b", 0, second)}
    assert shown(HUNT, card, NOW + DAY) == shown(HUNT, card_of(HUNT, [a, b, again]), NOW + DAY)


# --- cards of a day -----------------------------------------------------------------------------

PRIZES = [
    Prize("two", names(), Stamps(2), FirstCome()),
    Prize("line", names(), BingoLines(1), FirstCome()),
    Prize("way", names(), InOrder(["a", "c"]), FirstCome()),
    Prize("anybody", names(), Always(), FirstCome()),
]
DAILY = rally(plan(carry_over=False, prizes=PRIZES))
CARRIED = rally(plan(prizes=PRIZES))


def standings(of: Rally, card: Card, moment: datetime) -> dict[str, tuple[int, int]]:
    return {one.prize: (one.have, one.need) for one in shown(of, card, moment).prizes}


def test_stamps_of_yesterday_do_not_count_where_each_day_begins_anew() -> None:
    """Given a yesterday and c today, which make two stamps and a line over both days."""
    scans = [(scan("a", 1), NOW - DAY), (scan("c", 2), NOW)]
    fresh, carried = card_of(DAILY, scans), card_of(CARRIED, scans)
    assert standings(DAILY, fresh, NOW) == {
        "two": (1, 2), "line": (0, 1), "way": (0, 2), "anybody": (1, 1),
    }  # fmt: skip
    assert standings(CARRIED, carried, NOW) == {
        "two": (2, 2), "line": (1, 1), "way": (2, 2), "anybody": (1, 1),
    }  # fmt: skip
    assert [visit.earned for visit in fresh.visits] == [("anybody",), ("anybody",)]
    assert [visit.earned for visit in carried.visits] == [("anybody",), ("two", "line", "way")]


def test_the_card_shows_the_stamps_of_the_day_one_looks_at_it() -> None:
    """Given a and b yesterday and c today; tomorrow there is nothing yet."""
    scans = [
        (scan(spot, n), NOW - days * DAY)
        for n, (spot, days) in enumerate([("a", 1), ("b", 1), ("c", 0)])
    ]
    card = card_of(DAILY, scans)
    for moment, spots, stamps, lines in (
        (NOW - DAY, ["a", "b"], 4, 1),
        (NOW, ["c"], 1, 0),
        (NOW + DAY, [], 0, 0),
    ):
        seen = shown(DAILY, card, moment)
        assert ([one.spot for one in seen.spots], seen.stamps, seen.lines) == (spots, stamps, lines)
    assert [one.spot for one in shown(CARRIED, card_of(CARRIED, scans), NOW + DAY).spots] == [
        "a",
        "b",
        "c",
    ]


def test_a_day_is_a_day_of_the_rallys_own_zone() -> None:
    """Given a scan a second before midnight in Tokyo, and one at midnight."""
    midnight = datetime(2026, 1, 15, 15, tzinfo=UTC)
    card = card_of(DAILY, [(scan("a", 1), midnight - MICROSECOND), (scan("c", 2), midnight)])
    assert standings(DAILY, card, midnight - MICROSECOND)["two"] == (1, 2)
    assert standings(DAILY, card, midnight)["two"] == (1, 2)
    assert [one.spot for one in shown(DAILY, card, midnight + DAY - MICROSECOND).spots] == ["c"]


def test_a_prize_can_be_earned_on_each_day() -> None:
    card, earned = Card(), []
    for day in range(3):
        for number, spot in enumerate("ca"):
            decision, card = take(
                DAILY, card, scan(spot, 10 * day + number), NOW + day * DAY + number * HOUR
            )
            assert isinstance(decision, VisitRecorded)
            earned.append(decision.earned)
    assert earned == [("anybody",), ("two", "line")] * 3


def test_a_prize_is_earned_once_a_day() -> None:
    scans = [(scan(spot, n), NOW + n * HOUR) for n, spot in enumerate("abcd")]
    earned = [visit.earned for visit in card_of(DAILY, scans).visits]
    assert earned == [("anybody",), ("two", "line"), ("way",), ()]


def test_a_late_scan_counts_on_the_day_it_was_made() -> None:
    """Given c today; when yesterday's scans of a and b arrive; then they make yesterday's line."""
    scans = [
        (scan("c", 1), NOW),
        (scan("a", 2, scanned_at=NOW - DAY), NOW),
        (scan("b", 3, scanned_at=NOW - DAY), NOW),
    ]
    card = card_of(DAILY, scans)
    assert card.visits[2].earned == ("two", "line")
    assert standings(DAILY, card, NOW)["line"] == (0, 1)
    assert standings(DAILY, card, NOW - DAY)["line"] == (1, 1)


def test_a_days_first_answer_comes_again_with_the_card_of_that_day() -> None:
    scans = [(scan(spot, n), NOW + n * DAY) for n, spot in enumerate("abc")]
    first = [
        answer(DAILY, scan(), card_of(DAILY, scans[: n + 1]), Repeated(n))
        for n in range(len(scans))
    ]
    final = card_of(DAILY, scans)
    assert [answer(DAILY, scan(), final, Repeated(n)) for n in range(len(scans))] == first
    assert [[stamp.spot for stamp in one.card.spots] for one in first] == [["a"], ["b"], ["c"]]


def test_each_day_counts_apart_and_footfall_knows_the_visitor_all_the_same() -> None:
    card = card_of(DAILY, [(scan("a", 1), NOW - DAY)])
    decision = decide(DAILY, card, scan("a", 2), NOW)
    assert isinstance(decision, VisitRecorded)
    assert Firsts(decision.firsts) == Firsts.TODAY | Firsts.AT_SPOT_TODAY | Firsts.AT_SPOT_THIS_HOUR


@pytest.mark.parametrize(
    ("spots", "allowed"),
    [
        ([("a", 0), ("c", 0)], True),
        ([("a", 2), ("c", 2), ("d", 0)], True),  # the day before yesterday's card is good for it
        ([("a", 1), ("c", 0)], False),
        ([], False),
    ],
)
def test_a_prize_is_given_for_any_one_day_that_met_its_condition(
    spots: list[tuple[str, int]], allowed: bool
) -> None:
    card = card_of(
        DAILY, [(scan(spot, n), NOW - days * DAY) for n, (spot, days) in enumerate(spots)]
    )
    if allowed:
        assert (
            hand_over(DAILY, card, VISITOR, "line", None, VISITOR, NOW, "staff", Taken())
            is not None
        )
    else:
        with pytest.raises(NotAllowed) as refused:
            hand_over(DAILY, card, VISITOR, "line", None, VISITOR, NOW, "staff", Taken())
        assert refused.value.code == "prize_not_reached"


def test_a_draw_is_entered_for_any_one_day_that_met_its_condition() -> None:
    of = rally(plan(carry_over=False))
    yesterday = card_of(of, [(scan(spot, n), NOW - DAY) for n, spot in enumerate("ab")])
    assert enter(of, yesterday, VISITOR, "line", NOW) is not None
    split = card_of(of, [(scan(spot, n), NOW - n * DAY) for n, spot in enumerate("ab")])
    with pytest.raises(NotAllowed):
        enter(of, split, VISITOR, "line", NOW)


HISTORIES = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 71)), max_size=12)


@given(HISTORIES)
def test_each_day_is_as_if_there_were_no_other(drawn: list[tuple[str, int]]) -> None:
    of = DAILY
    scans = [
        (scan(spot, n, scanned_at=NOW + hours * HOUR), NOW + 3 * DAY)
        for n, (spot, hours) in enumerate(drawn)
    ]
    whole = card_of(of, scans)
    days: dict[date, list[tuple[Scan, datetime]]] = {}
    for one, now in scans:
        days.setdefault((one.scanned_at or now).astimezone(of.course.zone).date(), []).append(
            (one, now)
        )
    for day, of_day in days.items():
        alone, moment = card_of(of, of_day), of.course.begins(day)
        assert shown(of, whole, moment) == shown(of, alone, moment)
        earned = [prize for visit in alone.visits for prize in visit.earned]
        assert len(earned) == len(set(earned))
        period = of.course.hour_at(micros(moment)).day
        assert earned == [
            prize for visit in whole.visits if visit.period == period for prize in visit.earned
        ]
