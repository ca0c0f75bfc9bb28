"""Order does not matter, and twice is once: for any plan whose spots do not wait for others.

A scan is kept by the phone until there is a network, sent again when an answer was lost, and so
arrives in any order, any number of times. Which visits a card has, what its visitor sees and which
prizes are met must not depend on it; only which visit a prize is earned by may. Of several scans of
one spot and period the first to arrive is the visit: what that means is said at the end.
"""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from builders import NOW, SPOTS, VISITOR, card_of, names, plan, rally, scan
from hypothesis import given
from hypothesis import strategies as st
from strategies import ORDERED, SHEETS, UNORDERED, nested

from domain.card import Card, view
from domain.completion import complete, mark_of
from domain.conditions import BingoLines, InOrder, SpotsOf, Stamps, WithEvidence
from domain.encoding import micros
from domain.plan import DayException, FirstCome, OncePerDay, OncePerInterval, OncePerRally, Prize
from domain.rally import Rally
from domain.rules import Scan

SENT = NOW + timedelta(days=2)
MINUTES = 2 * 24 * 60
Sent = tuple[Scan, datetime]

REVISITS = st.sampled_from([OncePerRally(), OncePerDay(), OncePerInterval(90)])
HOURS: list[dict[str, Any]] = [
    {},
    {"opens": time(9), "closes": time(21)},
    {"exceptions": [DayException((NOW + timedelta(days=1)).date(), closed=True)]},
]
SCANS = st.lists(
    st.tuples(
        st.sampled_from([*SPOTS, "gone"]),
        st.integers(0, MINUTES),
        st.sampled_from(["printed", "badge", "quiz"]),
    ),
    max_size=10,
)


@st.composite
def rallies(draw: st.DrawFn, conditions: st.SearchStrategy[Any]) -> Rally:
    """Plans of any conditions, hours, revisits, with cards of the rally or of the day."""
    wanted = draw(st.lists(conditions, min_size=1, max_size=3))
    prizes = [Prize(f"p{n}", names(), each, FirstCome()) for n, each in enumerate(wanted)]
    changes: dict[str, Any] = {
        "prizes": prizes,
        "sheets": SHEETS,
        "revisit": draw(REVISITS),
        "carry_over": draw(st.booleans()),
    }
    return rally(plan(**changes | draw(st.sampled_from(HOURS))))


def sent(drawn: list[tuple[str, int, str]]) -> list[Sent]:
    """Scans of the two days before, each at a moment of its own; of a spot not planned, too."""
    return [
        (
            scan(
                spot,
                number,
                evidence=evidence,
                scanned_at=NOW + timedelta(minutes=minute, microseconds=number),
            ),
            SENT,
        )
        for number, (spot, minute, evidence) in enumerate(drawn)
    ]


def one_a_key(of: Rally, scans: list[Sent]) -> list[Sent]:
    """Of scans that are the same visit, one."""
    by_key: dict[tuple[int, int], Sent] = {}
    for one, now in scans:
        period = of.course.period_of(micros(one.scanned_at or now))
        by_key.setdefault((one.spot_tag, period), (one, now))
    return list(by_key.values())


def keys(card: Card) -> set[tuple[str, int]]:
    return {(visit.spot, visit.period) for visit in card.visits}


def facts(card: Card) -> set[tuple[str, int, int, str]]:
    """What the visits say, but for their positions and what they earned."""
    return {(one.spot, one.period, one.occurred_at, one.evidence) for one in card.visits}


Shown = tuple[int, int, list[tuple[datetime, str]], dict[str, tuple[int, int, bool]]]


def shown(of: Rally, card: Card, moment: datetime) -> Shown:
    """What the visitor sees on a day: stamps in the order of the list, prizes by their names."""
    card_view = view(of.course, VISITOR, card, micros(moment))
    return (
        card_view.stamps,
        card_view.lines,
        [(one.at, one.spot) for one in card_view.spots],
        {one.prize: (one.have, one.need, one.met) for one in card_view.prizes},
    )


DAYS = [NOW + timedelta(days=days) for days in range(3)]


def twisted(data: st.DataObject, scans: list[Sent]) -> list[Sent]:
    """The same in another order, some of them several times."""
    again = data.draw(st.lists(st.sampled_from(scans), max_size=5)) if scans else []
    return list(data.draw(st.permutations(scans + again)))


@given(rallies(nested(UNORDERED | ORDERED)), SCANS, st.data())
def test_the_same_scans_in_any_order_and_number_make_the_same_card(
    of: Rally, drawn: list[tuple[str, int, str]], data: st.DataObject
) -> None:
    """Where no two of them are the same visit, whatever is asked for."""
    scans = one_a_key(of, sent(drawn))
    straight, other = (card_of(of, each) for each in (scans, twisted(data, scans)))
    assert facts(other) == facts(straight)
    assert len(other.visits) == len(straight.visits)
    for moment in DAYS:
        assert shown(of, other, moment) == shown(of, straight, moment)


def is_forgiving(of: Rally) -> bool:
    """Whether nothing but a stamp's moment depends on which scan of a visit is taken."""
    once_a_day_or_for_good = of.plan.carry_over or of.plan.revisit != OncePerRally()
    return once_a_day_or_for_good and not of.course.needs_visits


@given(rallies(nested(UNORDERED)).filter(is_forgiving), SCANS, st.data())
def test_scans_that_are_the_same_visit_count_once_whichever_arrives_first(
    of: Rally, drawn: list[tuple[str, int, str]], data: st.DataObject
) -> None:
    """The first to arrive says when; nothing else depends on it, where no order is asked for, no
    evidence, and no day on which a spot could be stamped but for another day's visit."""
    scans = sent(drawn)
    straight, other = (card_of(of, each) for each in (scans, twisted(data, scans)))
    assert keys(other) == keys(straight)
    assert len(other.visits) == len(keys(other))
    for moment in DAYS:
        stamps, lines, spots, prizes = shown(of, other, moment)
        expected = shown(of, straight, moment)
        assert (stamps, lines, prizes) == (expected[0], expected[1], expected[3])
        assert sorted(spot for _, spot in spots) == sorted(spot for _, spot in expected[2])


@given(rallies(nested(UNORDERED | ORDERED)), SCANS, st.data())
def test_every_prize_that_is_met_was_earned_on_its_day_whatever_the_order(
    of: Rally, drawn: list[tuple[str, int, str]], data: st.DataObject
) -> None:
    """In the end; a prize may have been earned before a late scan undid an order."""
    card = card_of(of, twisted(data, sent(drawn)))
    for visit in card.visits:
        moment = of.course.local(visit.occurred_at)
        day = of.course.hour_at(visit.occurred_at).of_day
        together = [each for each in card.visits if of.plan.carry_over or each.occurred_at in day]
        earned = [prize for each in together for prize in each.earned]
        assert len(earned) == len(set(earned))
        met = {prize for prize, how in shown(of, card, moment)[3].items() if how[2]}
        assert met <= set(earned)


@given(rallies(nested(UNORDERED | ORDERED)), SCANS, st.data())
def test_the_completion_of_a_cards_visits_says_what_the_card_says(
    of: Rally, drawn: list[tuple[str, int, str]], data: st.DataObject
) -> None:
    """Of all its visits, or of each day's; from each spot's first moment with each evidence."""
    card = card_of(of, twisted(data, sent(drawn)))
    for moment in DAYS:
        day = of.course.hour_at(micros(moment)).of_day
        visited: dict[str, int] = {}
        for visit in card.visits:
            if of.plan.carry_over or visit.occurred_at in day:
                mark = mark_of(visit.spot, visit.evidence or "printed")
                visited[mark] = min(visited.get(mark, visit.occurred_at), visit.occurred_at)
        done, (stamps, lines, spots, prizes) = complete(of.course, visited), shown(of, card, moment)
        assert (done.stamps, done.lines, done.spots) == (stamps, lines, len(spots))
        met = {prize for prize, how in prizes.items() if how[2]}
        assert set(done.met) == (met if spots else set()), "without a visit there is no moment"


# --- what is not so -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "walk", "in_time", "backwards"),
    [
        (
            InOrder(["a", "b"]),
            [("a", "printed"), ("b", "printed"), ("a", "printed")],
            (2, 2, True),
            (1, 2, False),
        ),
        (
            WithEvidence(["badge"], SpotsOf(["a"])),
            [("a", "printed"), ("a", "badge")],
            (0, 1, False),
            (1, 1, True),
        ),
    ],
    ids=["an order", "an evidence"],
)
def test_of_scans_of_one_spot_and_period_the_first_to_arrive_says_when_and_by_what_evidence(
    condition: Any,
    walk: list[tuple[str, str]],
    in_time: tuple[int, int, bool],
    backwards: tuple[int, int, bool],
) -> None:
    """A limit: the visit is the first of them to arrive, also if another one was made earlier or
    has better evidence. Where a condition asks for order or evidence, whether it is met can then
    depend on which scan arrived first; which spots are stamped cannot."""
    prizes = [Prize("p0", names(), condition, FirstCome())]
    of = rally(plan(prizes=prizes, revisit=OncePerRally()))
    scans = sent([(spot, 60 * n, evidence) for n, (spot, evidence) in enumerate(walk)])
    straight, other = (card_of(of, each) for each in (scans, scans[::-1]))
    assert keys(straight) == keys(other) == {(spot, 0) for spot, _ in walk}
    for card, arrived, standing in (
        (straight, scans, in_time),
        (other, scans[::-1], backwards),
    ):
        assert facts(card) == firsts_to_arrive(of, arrived)
        assert shown(of, card, NOW)[3] == {"p0": standing}


def firsts_to_arrive(of: Rally, arrived: list[Sent]) -> set[tuple[str, int, int, str]]:
    """What the visits of scans say, of each spot and period the first in the list."""
    return {
        (
            of.course.spot_by_tag[one.spot_tag],
            of.course.period_of(micros(one.scanned_at or now)),
            micros(one.scanned_at or now),
            "" if one.evidence == "printed" else one.evidence,
        )
        for one, now in one_a_key(of, arrived)
    }


def test_a_stamp_has_the_time_of_the_first_scan_of_its_period_to_arrive() -> None:
    """The same limit: an earlier scan that arrives later does not put the stamp's time back."""
    scans = sent([("a", 0, "printed"), ("a", 60, "printed")])
    for order, at in ((scans, scans[0][0].scanned_at), (scans[::-1], scans[1][0].scanned_at)):
        card = card_of(rally(), order)
        assert keys(card) == {("a", 20260115)}
        assert shown(rally(), card, NOW)[2] == [(at, "a")]


def test_stamps_are_listed_in_the_order_in_which_they_were_given() -> None:
    of = rally(plan(prizes=[Prize("p", names(), Stamps(1), FirstCome())]))
    scans = sent([("a", 0, "printed"), ("b", 60, "printed")])
    for order in (scans, scans[::-1]):
        card = card_of(of, order)
        listed = view(of.course, VISITOR, card, micros(NOW)).spots
        assert [one.spot for one in listed] == ["a", "b"]


def test_which_visit_earns_a_prize_is_the_one_that_arrived_and_met_it() -> None:
    """Given a at nine and b at ten, which make a line; when b arrives first; then a earns it."""
    of = rally(plan(prizes=[Prize("line", names(), BingoLines(1), FirstCome())]))
    scans = sent([("a", 0, "printed"), ("b", 60, "printed")])
    for order, by in ((scans, "b"), (scans[::-1], "a")):
        earned = {visit.spot: visit.earned for visit in card_of(of, order).visits}
        assert earned == {"a": (), "b": ()} | {by: ("line",)}
