"""Voiding visits: a void visit counts as if it had not been made, and may be let count again."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from builders import NOW, VISITOR, card_of, names, plan, rally, scan, take, visited
from hypothesis import given
from hypothesis import strategies as st
from strategies import ORDERED, UNORDERED, nested
from test_arrival import DAYS, SCANS, Sent, Shown, rallies, sent, shown, twisted

from domain.card import Card, Visit, evolve
from domain.conditions import Always, InOrder, SpotsOf, Stamps, WithEvidence
from domain.encoding import micros, spot_tag
from domain.events import (
    Correction,
    Firsts,
    VisitConfirmed,
    VisitRecorded,
    VisitReinstated,
    VisitVoided,
)
from domain.plan import Draw, FirstCome, OncePerDay, OncePerRally, Prize, Spot
from domain.prizes import chances, enter, hand_over
from domain.rally import NotAllowed, Rally
from domain.rules import AlreadyStamped, Repeated, decide, occurrence
from domain.stock import Taken
from domain.voids import reinstate, void

LATER = NOW + timedelta(days=5)
ALL = int(~Firsts(0))


def voiding(of: Rally, card: Card, position: int) -> VisitVoided | None:
    return void(of, card, VISITOR, position, LATER, "organiser", "a test scan")


def reinstating(of: Rally, card: Card, position: int) -> VisitReinstated | None:
    return reinstate(of, card, VISITOR, position, LATER, "organiser", "it was none")


def without(of: Rally, card: Card, *positions: int) -> Card:
    """The card after these visits were voided."""
    for position in positions:
        fact = voiding(of, card, position)
        assert fact is not None
        card = evolve(card, fact, 900 + position, LATER)
    return card


def again(of: Rally, card: Card, position: int) -> Card:
    """The card after the visit was let count again."""
    fact = reinstating(of, card, position)
    assert fact is not None
    return evolve(card, fact, 950 + position, LATER)


def earned(card: Card) -> dict[int, tuple[str, ...]]:
    """The prizes of the card, by the positions of the visits that earned them."""
    return {one.position: one.earned for one in card.visits if one.earned}


def void_positions(card: Card) -> list[int]:
    return [one.position for one in card.visits if one.void]


def with_prizes(*conditions: Any, **changes: Any) -> Rally:
    prizes = [Prize(f"p{n}", names(), each, FirstCome()) for n, each in enumerate(conditions)]
    return rally(plan(prizes=prizes, **changes))


# --- the facts ----------------------------------------------------------------------------------


def test_voiding_says_which_visit_when_by_whom_and_why_and_what_it_changes() -> None:
    """Given a and b an hour later; when a is void; then b is the first of the rally and the day."""
    of = rally(plan(prizes=[]))
    card = card_of(of, [(scan("a", 1), NOW), (scan("b", 2), NOW + timedelta(hours=1))])
    said: dict[str, Any] = {
        "rally": "walk",
        "visitor": VISITOR,
        "spot": "a",
        "period": 20260115,
        "position": 1,
        "visited_at": NOW,
        "occurred_at": LATER,
        "by": "organiser",
    }
    days = int(Firsts.IN_RALLY | Firsts.TODAY)
    assert voiding(of, card, 1) == VisitVoided(
        **said,
        reason="a test scan",
        corrections=(Correction(1, visits=-1, lost=ALL), Correction(2, gained=days)),
    )
    assert reinstating(of, without(of, card, 1), 1) == VisitReinstated(
        **said,
        reason="it was none",
        corrections=(Correction(1, visits=1, gained=ALL), Correction(2, lost=days)),
    )


def test_voiding_what_is_void_and_reinstating_what_counts_is_nothing() -> None:
    of, card = rally(), visited("a", "b")
    assert reinstating(of, card, 1) is None
    assert voiding(of, without(of, card, 1), 1) is None
    assert reinstating(of, again(of, without(of, card, 1), 1), 1) is None


@pytest.mark.parametrize("decide", [voiding, reinstating])
@pytest.mark.parametrize(
    ("card", "position"),
    [
        (visited("a"), 2),
        (visited("a"), 0),
        (Card(), 1),
        (card_of(rally(), [(scan("a", 1), NOW), (scan("a", 2, evidence="badge"), NOW)]), 2),
        (card_of(rally(opened_at=None), [(scan("a", 1), NOW)]), 1),
        (Card((Visit("a", 0, 0, b"", 1),), erased=True), 1),
    ],
    ids=["after all", "before all", "none", "a confirming scan", "a refused scan", "erased"],
)
def test_only_a_visit_of_the_card_can_be_voided(decide: Any, card: Card, position: int) -> None:
    with pytest.raises(NotAllowed, match=r"^There is no such visit on this card\.$") as refused:
        decide(rally(), card, position)
    assert refused.value.code == "visit_unknown"


def test_a_visit_that_was_made_again_cannot_be_reinstated_before_that_one_is_void() -> None:
    of = rally(plan(prizes=[]))
    card = without(of, visited("a"), 1)
    decision, card = take(of, card, scan("a", 2), NOW)
    assert isinstance(decision, VisitRecorded), "after a void the spot can be stamped again"
    assert decision.firsts == ALL
    with pytest.raises(NotAllowed, match=r"^The visitor has come again; .+\.$") as refused:
        reinstating(of, card, 1)
    assert refused.value.code == "visit_replaced"
    card = without(of, card, 2)
    assert void_positions(card) == [1, 2]
    assert void_positions(again(of, card, 1)) == [2]
    assert void_positions(again(of, card, 2)) == [1]


def test_the_same_scan_of_a_void_visit_makes_no_second_one() -> None:
    card = without(rally(), visited("a"), 1)
    assert decide(rally(), card, scan("a", 100), NOW) == Repeated(0)


def test_what_confirms_a_visit_is_void_with_it_and_what_confirms_another_is_not() -> None:
    of = rally(plan(revisit=OncePerRally(), prizes=[]))
    further = [scan("a", 1), scan("a", 2, evidence="badge"), scan("b", 3), scan("b", 4, evidence="badge")]  # fmt: skip
    card = card_of(of, [(one, NOW) for one in further])
    assert [bool(one.confirms) for one in card.visits] == [False, True, False, True]
    voided = without(of, card, 1)
    assert void_positions(voided) == [1, 2]
    assert void_positions(again(of, voided, 1)) == []
    _, replaced = take(of, voided, scan("a", 5), NOW)
    _, replaced = take(of, replaced, scan("a", 6, evidence="quiz"), NOW)
    assert void_positions(without(of, replaced, 5)) == [1, 2, 5, 6]
    assert void_positions(again(of, without(of, replaced, 5), 1)) == [5, 6]


def test_what_a_void_scan_said_of_a_visit_is_said_anew_by_the_next_one() -> None:
    """Given a badge, then a poster that was void; when the poster is scanned; then it confirms."""
    of = rally(plan(revisit=OncePerRally(), prizes=[]))
    _, card = take(of, Card(), scan("a", 1, evidence="badge"), NOW)
    _, card = take(of, without(of, card, 1), scan("a", 2), NOW)
    card = again(of, without(of, card, 2), 1)
    assert isinstance(decide(of, card, scan("a", 3), NOW), VisitConfirmed)
    assert decide(of, card, scan("a", 3, evidence="badge"), NOW) == AlreadyStamped(0)


def test_the_spot_is_stamped_by_the_next_visit_and_that_is_a_stamp_not_a_visit() -> None:
    of = rally()
    card = without(of, visited("a"), 1)
    assert shown(of, card, NOW)[:3] == (0, 0, [])
    _, card = take(of, card, scan("a", 2), NOW + timedelta(seconds=5))
    assert shown(of, card, NOW)[2] == [(NOW + timedelta(seconds=5), "a")]
    assert decide(of, card, scan("a", 3), NOW + timedelta(seconds=9)) == AlreadyStamped(1)


def test_a_spot_that_waits_for_a_void_one_waits_again() -> None:
    of = rally(plan(spots=[*plan().spots[:3], Spot("d", names(), "west", after="a")]))
    assert isinstance(decide(of, visited("a"), scan("d"), NOW), VisitRecorded)
    refused = decide(of, without(of, visited("a"), 1), scan("d"), NOW)
    assert getattr(refused, "code", None) == "spot_locked"


def test_whoever_was_voided_at_a_meeting_may_be_at_another() -> None:
    of = rally(plan(one_at_a_time=True))
    assert getattr(decide(of, visited("a"), scan("b"), NOW), "code", None) == "elsewhere_now"
    assert isinstance(decide(of, without(of, visited("a"), 1), scan("b"), NOW), VisitRecorded)


# --- prizes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "walk", "voided", "before", "after"),
    [
        # Reached no longer: earned by none.
        (Stamps(2), "ac", 1, {2: ("p0",)}, {}),
        (Stamps(2), "ac", 2, {2: ("p0",)}, {}),
        (SpotsOf(["a"]), "ac", 1, {1: ("p0",)}, {}),
        # Still reached: it stays, or goes to the newest visit that counts.
        (Stamps(2), "acd", 1, {2: ("p0",)}, {2: ("p0",)}),
        (Stamps(2), "acd", 3, {2: ("p0",)}, {2: ("p0",)}),
        (Stamps(1), "acd", 1, {1: ("p0",)}, {3: ("p0",)}),
        (Stamps(2), "acd", 2, {2: ("p0",)}, {3: ("p0",)}),
        (Always(), "acd", 1, {1: ("p0",)}, {3: ("p0",)}),
        (Always(), "a", 1, {1: ("p0",)}, {}),
    ],
)
def test_a_void_visit_earns_nothing_and_what_is_still_reached_is_earned_by_the_newest(
    condition: Any, walk: str, voided: int, before: Any, after: Any
) -> None:
    of = with_prizes(condition)
    visits = [(scan(one, n), NOW + timedelta(days=n)) for n, one in enumerate(walk)]
    card = card_of(of, visits)
    assert earned(card) == before
    card = without(of, card, voided)
    assert earned(card) == after
    back = earned(again(of, card, voided))
    assert sorted(back.values()) == sorted(before.values())


def test_what_a_void_let_be_reached_is_not_taken_back_with_it() -> None:
    """Given c, a and c; when the first c is void, the order a, c is reached; more visits take
    nothing away, so it stays earned when that visit counts again."""
    of = with_prizes(InOrder(["a", "c"]))
    card = card_of(of, [(scan(s, n), NOW + timedelta(days=n)) for n, s in enumerate("cac")])
    assert earned(card) == {}
    assert earned(without(of, card, 1)) == {3: ("p0",)}
    assert earned(again(of, without(of, card, 1), 1)) == {3: ("p0",)}


def test_where_each_day_has_its_own_card_a_void_moves_prizes_within_its_day() -> None:
    of = with_prizes(Stamps(1), Stamps(2), carry_over=False)
    days = [("a", 0), ("c", 0), ("a", 1), ("c", 1)]
    card = card_of(of, [(scan(spot, n), NOW + timedelta(days=day, minutes=n)) for n, (spot, day) in enumerate(days)])  # fmt: skip
    assert earned(card) == {1: ("p0",), 2: ("p1",), 3: ("p0",), 4: ("p1",)}
    assert earned(without(of, card, 1)) == {2: ("p0",), 3: ("p0",), 4: ("p1",)}
    assert earned(without(of, card, 3, 4)) == {1: ("p0",), 2: ("p1",)}


def test_a_prize_that_the_plan_of_now_does_not_give_is_not_taken_away() -> None:
    """Given a prize earned by an easier plan; when another visit is void; then it is kept."""
    card = visited("a", "b", "c")
    assert earned(card) == {2: ("line",), 3: ("five",)}
    harder = rally(plan(prizes=[Prize("five", names(), Stamps(6), FirstCome())]))
    assert earned(without(harder, card, 1)) == {2: ("line",), 3: ("five",)}
    assert earned(without(harder, card, 3)) == {2: ("line", "five")}


def test_draws_and_the_counter_no_longer_see_void_visits() -> None:
    prizes = [
        Prize("drawn", names(), Stamps(1), Draw(1, "per_line")),
        Prize("given", names(), SpotsOf(["a"]), FirstCome()),
        Prize("badge", names(), WithEvidence(["printed"], Stamps(4)), FirstCome()),
    ]
    of = rally(plan(prizes=prizes))
    card = visited("a", "b", "c", of=of)
    assert chances(of, card, prizes[0]) == 3
    assert chances(of, without(of, card, 3), prizes[0]) == 1
    assert chances(of, without(of, card, 1, 2, 3), prizes[0]) == 0

    def given_to(card: Card, prize: str) -> object:
        return hand_over(of, card, VISITOR, prize, "a", UUID(int=9), NOW, "staff", Taken())

    for prize in ("given", "badge"):
        assert given_to(card, prize) is not None
    for prize, position in (("given", 1), ("badge", 2)):
        with pytest.raises(NotAllowed) as refused:
            given_to(without(of, card, position), prize)
        assert refused.value.code == "prize_not_reached"


# --- as if it had not been made -----------------------------------------------------------------


class Story:
    """A card, and what the log says of its visits: decisions, and the corrections since."""

    def __init__(self, of: Rally, scans: Iterable[Sent]) -> None:
        self.of, self.card = of, Card()
        self.firsts: dict[int, int] = {}
        self.counts: Counter[int] = Counter()
        self.take(scans)

    def take(self, scans: Iterable[Sent]) -> None:
        for one, now in scans:
            decision, self.card = take(self.of, self.card, one, now)
            if isinstance(decision, VisitRecorded):
                newest = self.card.visits[-1]
                self.firsts[newest.position] = decision.firsts
                self.counts[newest.position] = newest.counted

    def apply(self, fact: VisitVoided | VisitReinstated | None) -> None:
        """Only sums: a gained flag was not there, a lost one was."""
        assert fact is not None
        self.card = evolve(self.card, fact, 999, LATER)
        for each in fact.corrections:
            had = self.firsts.setdefault(each.position, 0)
            assert not had & each.gained
            assert had & each.lost == each.lost
            self.firsts[each.position] = had + each.gained - each.lost
            self.counts[each.position] += each.visits

    def sums(self) -> tuple[dict[tuple[str, int, int], int], int]:
        """The firsts of each visit that has some, and how many visits count."""
        of = {one.position: (one.spot, one.period, one.occurred_at) for one in self.card.visits}
        flags = {of[position]: firsts for position, firsts in self.firsts.items() if firsts}
        return flags, sum(self.counts.values())

    def shown(self) -> list[Shown]:
        return [shown(self.of, self.card, moment) for moment in DAYS]

    def earned(self) -> Counter[tuple[int | None, str]]:
        """Which prizes; where each day has its own card, on which day."""
        course = self.of.course
        return Counter(
            (None if self.of.plan.carry_over else course.hour_at(one.occurred_at).day, prize)
            for one in self.card.visits
            for prize in one.earned
        )


def some_visits(data: st.DataObject, card: Card) -> list[Visit]:
    """Visits that can be voided, in any order."""
    visits = [one for one in card.visits if not one.confirms]
    return data.draw(st.lists(st.sampled_from(visits), unique=True)) if visits else []


def others(of: Rally, scans: list[Sent], gone: list[Visit]) -> list[Sent]:
    """The scans without those at the same spots in the same periods."""
    keys = {(spot_tag(one.spot), one.period) for one in gone}
    return [
        (one, now)
        for one, now in scans
        if (one.spot_tag, of.course.period_of(micros(occurrence(one, now)))) not in keys
    ]


def facts_of(card: Card) -> list[tuple[Any, ...]]:
    """What counts of the card, in the order of arrival; not where its prizes were earned."""
    return [
        (one.spot, one.period, one.occurred_at, one.scan_id, one.evidence, bool(one.confirms))
        for one in card.visits
        if not one.void
    ]


@given(rallies(nested(UNORDERED)), SCANS, st.data())
def test_void_visits_are_as_if_they_had_not_been_made(
    of: Rally, drawn: Any, data: st.DataObject
) -> None:
    """Neither they nor what confirms them. Scans that would have been visits instead are left
    out: what was decided then stays decided."""
    scans = twisted(data, sent(drawn))
    story = Story(of, scans)
    gone = some_visits(data, story.card)
    for one in gone:
        story.apply(voiding(of, story.card, one.position))
    never = Story(of, others(of, scans, gone))
    assert facts_of(story.card) == facts_of(never.card)
    assert story.shown() == never.shown()
    assert story.sums() == never.sums()
    assert story.earned() == never.earned()


@given(rallies(nested(UNORDERED | ORDERED)), SCANS, st.data())
def test_orders_too_are_judged_without_void_visits(
    of: Rally, drawn: Any, data: st.DataObject
) -> None:
    """A prize that was earned before a late scan undid its order is kept, so it is not compared."""
    scans = twisted(data, sent(drawn))
    story = Story(of, scans)
    gone = some_visits(data, story.card)
    for one in gone:
        story.apply(voiding(of, story.card, one.position))
    never = Story(of, others(of, scans, gone))
    assert (story.shown(), story.sums()) == (never.shown(), never.sums())
    assert not never.earned().keys() - story.earned().keys()


@given(rallies(nested(UNORDERED)), SCANS, st.data())
def test_a_reinstated_visit_is_as_if_it_had_never_been_void(
    of: Rally, drawn: Any, data: st.DataObject
) -> None:
    """However many are voided, and in whatever order they are let count again."""
    story = Story(of, twisted(data, sent(drawn)))
    before = facts_of(story.card), story.shown(), story.sums(), story.earned()
    gone = some_visits(data, story.card)
    for one in gone:
        story.apply(voiding(of, story.card, one.position))
    for one in data.draw(st.permutations(gone)):
        story.apply(reinstating(of, story.card, one.position))
    assert (facts_of(story.card), story.shown(), story.sums(), story.earned()) == before


@given(rallies(nested(UNORDERED)), SCANS, st.data())
def test_after_a_void_a_visit_earns_what_it_would_have_earned_alone(
    of: Rally, drawn: Any, data: st.DataObject
) -> None:
    """Scans after a void are decided as if the void visits had never been."""
    scans = sent(drawn)
    cut = data.draw(st.integers(0, len(scans)))
    story = Story(of, scans[:cut])
    gone = some_visits(data, story.card)
    for one in gone:
        story.apply(voiding(of, story.card, one.position))
    story.take(scans[cut:])
    never = Story(of, [*others(of, scans[:cut], gone), *scans[cut:]])
    assert facts_of(story.card) == facts_of(never.card)
    assert story.shown() == never.shown()
    assert story.sums() == never.sums()
    assert story.earned() == never.earned()


# --- what was wrong once ------------------------------------------------------------------------


def test_what_confirms_a_reinstated_visit_is_void_with_it_although_another_was_made_between() -> (
    None
):
    of = rally(plan(revisit=OncePerRally(), prizes=[]))
    _, card = take(of, Card(), scan("a", 1), NOW)
    _, card = take(of, without(of, card, 1), scan("a", 2), NOW)
    card = again(of, without(of, card, 2), 1)
    _, card = take(of, card, scan("a", 3, evidence="badge"), NOW)
    assert void_positions(without(of, card, 1)) == [1, 2, 3]


def test_on_a_daily_card_whose_visits_are_all_void_nothing_is_reached() -> None:
    prize = Prize("p", names(), Stamps(1), Draw(1))
    of = rally(plan(carry_over=False, prizes=[prize]))
    card = without(of, card_of(of, [(scan("a"), NOW)]), 1)
    assert chances(of, card, prize) == 0
    with pytest.raises(NotAllowed) as refused:
        enter(of, card, VISITOR, "p", NOW)
    assert refused.value.code == "prize_not_reached"


def test_a_reinstated_visit_takes_no_prize_away_that_was_earned_before_it_was_void() -> None:
    of = with_prizes(InOrder(["a", "b"]))
    late = scan("b", 3, scanned_at=NOW - timedelta(days=1))
    card = card_of(
        of,
        [
            (scan("a", 1), NOW),
            (scan("b", 2), NOW + timedelta(hours=1)),
            (late, NOW + timedelta(hours=2)),
        ],
    )
    assert earned(card) == {2: ("p0",)}
    assert sorted(earned(again(of, without(of, card, 3), 3)).values()) == [("p0",)]


def test_a_visit_cannot_be_reinstated_beside_another_of_its_period_by_todays_plan() -> None:
    before, now = (rally(plan(revisit=each, prizes=[])) for each in (OncePerRally(), OncePerDay()))
    card = without(before, card_of(before, [(scan("a", 1), NOW)]), 1)
    _, card = take(now, card, scan("a", 2), NOW)
    with pytest.raises(NotAllowed, match="come again"):
        reinstating(now, card, 1)
