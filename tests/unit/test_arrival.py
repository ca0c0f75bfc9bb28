"""Order does not matter, and twice is once: for any plan whose spots do not wait for others.

A scan is kept by the phone until there is a network, sent again when an answer was lost, and so
arrives in any order, any number of times. Which visits a card has, what its visitor sees and which
prizes are met must not depend on it. What may is said at the end: which visit a prize is earned by,
and in which hour a visit is counted.
"""

from datetime import datetime, time, timedelta
from itertools import permutations
from typing import Any

import pytest
from builders import NOW, SPOTS, VISITOR, card_of, names, plan, rally, scan, take
from hypothesis import given
from hypothesis import strategies as st
from strategies import ORDERED, SHEETS, UNORDERED, nested

from domain.card import Card, view
from domain.completion import complete, mark_of
from domain.conditions import BingoLines, InOrder, SpotsOf, Stamps, WithEvidence
from domain.encoding import micros
from domain.events import VisitRecorded
from domain.plan import DayException, FirstCome, OncePerDay, OncePerInterval, OncePerRally, Prize
from domain.rally import Rally
from domain.rules import Decision
from domain.scan import Scan

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
        "revisit": (revisit := draw(REVISITS)),
        "carry_over": revisit == OncePerRally() or draw(st.booleans()),
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


def said(card: Card) -> set[tuple[str, int, str, int]]:
    """What the visits say: when each spot was first visited in each period, by each evidence."""
    first: dict[tuple[str, int, str], int] = {}
    for one in card.visits:
        key = (one.spot, one.period, one.evidence)
        first[key] = min(first.get(key, one.occurred_at), one.occurred_at)
    return {(*key, at) for key, at in first.items()}


def counted(card: Card) -> list[tuple[str, int]]:
    """The visits themselves, without what confirms them."""
    return sorted((one.spot, one.period) for one in card.visits if not one.confirms)


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
    """Whatever is asked for, and also if several of them are the same visit."""
    scans = sent(drawn)
    straight, other = (card_of(of, each) for each in (scans, twisted(data, scans)))
    assert said(other) == said(straight)
    assert counted(other) == counted(straight)
    assert len(set(counted(other))) == len(counted(other))
    for moment in DAYS:
        assert shown(of, other, moment) == shown(of, straight, moment)


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


@pytest.mark.parametrize(
    ("condition", "walk", "standing"),
    [
        (
            InOrder(["a", "b"]),
            [("a", "printed"), ("b", "printed"), ("a", "printed")],
            (2, 2, True),
        ),
        (WithEvidence(["badge"], SpotsOf(["a"])), [("a", "printed"), ("a", "badge")], (1, 1, True)),
    ],
    ids=["an order", "an evidence"],
)
def test_further_scans_of_a_visit_say_more_of_it_whichever_arrives_first(
    condition: Any, walk: list[tuple[str, str]], standing: tuple[int, int, bool]
) -> None:
    prizes = [Prize("p0", names(), condition, FirstCome())]
    of = rally(plan(prizes=prizes, revisit=OncePerRally()))
    scans = sent([(spot, 60 * n, evidence) for n, (spot, evidence) in enumerate(walk)])
    for order in permutations(scans):
        card = card_of(of, order)
        assert counted(card) == sorted({(spot, 0) for spot, _ in walk})
        assert shown(of, card, NOW)[3] == {"p0": standing}


def test_a_stamp_has_the_time_of_its_first_scan_whichever_arrives_first() -> None:
    scans = sent([("a", 0, "printed"), ("a", 60, "printed"), ("a", 30, "printed")])
    for order in permutations(scans):
        card = card_of(rally(), order)
        assert counted(card) == [("a", 20260115)]
        assert shown(rally(), card, NOW)[2] == [(scans[0][0].scanned_at, "a")]


def test_a_further_scan_that_says_nothing_new_leaves_nothing() -> None:
    scans = sent(
        [("a", 0, "printed"), ("a", 60, "printed"), ("a", 30, "badge"), ("a", 40, "badge")]
    )
    card = card_of(rally(), scans)
    assert [(one.evidence, one.confirms) for one in card.visits] == [("", False), ("badge", True)]
    assert [one.firsts for one in decided(rally(), scans) if isinstance(one, VisitRecorded)] == [31]


def decided(of: Rally, scans: list[Sent]) -> list[Decision]:
    card, decisions = Card(), []
    for one, now in scans:
        decision, card = take(of, card, one, now)
        decisions.append(decision)
    return decisions


# --- what depends on the order of arrival -------------------------------------------------------


def test_footfall_counts_a_visit_in_the_hour_of_its_first_scan_to_arrive() -> None:
    """What was counted stays where it was counted; the card knows better."""
    scans = sent([("a", 0, "printed"), ("a", 90, "printed")])
    for order in (scans, scans[::-1]):
        first, further = decided(rally(), order)
        assert isinstance(first, VisitRecorded)
        assert first.occurred_at == order[0][0].scanned_at
        assert not isinstance(further, VisitRecorded)


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
