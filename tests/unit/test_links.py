"""Two cards of one person, put together, are the card that one phone would have made."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from builders import NOW, VISITOR, card_of, names, plan, rally, scan, visited
from hypothesis import given
from hypothesis import strategies as st
from strategies import ORDERED, UNORDERED, nested
from test_arrival import DAYS, SCANS, Sent, counted, rallies, said, sent, shown

from domain.card import Card, evolve
from domain.conditions import Stamps
from domain.events import (
    CardLinked,
    Firsts,
    Given,
    HandOverReversed,
    PrizeEntered,
    PrizeHandedOver,
    QuizAnswered,
    VisitConfirmed,
    VisitorErased,
    VisitorFact,
    VisitRecorded,
    Withdrawn,
)
from domain.links import close, may_link, take_over
from domain.plan import Coupon, Draw, OncePerDay, OncePerRally, Prize, Spot
from domain.rally import NotAllowed, Rally
from domain.rules import VISITS_PER_CARD_MAX, Linked, decide
from domain.stock import Lot, taken_by
from domain.voids import reinstate, void

OTHER = UUID(int=8)
LATER = NOW + timedelta(days=3)
DAY = timedelta(days=1)
ALL = int(~Firsts(0))


class Hand:
    """A visitor's card in the making, with all its facts."""

    def __init__(self, of: Rally, visitor: UUID) -> None:
        self.of, self.visitor = of, visitor
        self.card = Card()
        self.facts: list[tuple[int, VisitorFact]] = []

    def add(self, *facts: Any) -> "Hand":
        for fact in facts:
            position = len(self.facts) + 1
            self.card = evolve(self.card, fact, position, LATER)
            self.facts.append((position, fact))
        return self

    def scans(self, scans: Iterable[Sent]) -> "Hand":
        for one, now in scans:
            fact = decide(self.of, self.card, one, now)
            if isinstance(fact, VisitRecorded | VisitConfirmed | QuizAnswered):
                self.add(fact)
        return self

    def walks(self, *spots: str, at: int = 0) -> "Hand":
        """Scans of spots, a minute apart."""
        return self.scans(
            (scan(spot, at + n, visitor=self.visitor), NOW + timedelta(minutes=at + n))
            for n, spot in enumerate(spots)
        )


def linked(target: Hand, source: Hand) -> tuple[CardLinked, list[VisitorFact]]:
    """Put two cards together; returns what closes the one, and what the other gets."""
    of = target.of
    may_link(of, source.card, target.card)
    fact = close(of, source.card, source.visitor, source.facts, target.visitor, LATER, "visitor")
    after = len(target.facts)
    taken = list(
        take_over(of, target.card, target.visitor, source.card, source.facts, after, LATER)
    )
    source.add(fact)
    target.add(*taken)
    return fact, taken


# --- the card -----------------------------------------------------------------------------------


@given(rallies(nested(UNORDERED | ORDERED)), SCANS, st.data())
def test_it_does_not_matter_on_which_of_two_phones_a_scan_was_made(
    of: Rally, drawn: list[tuple[str, int, str]], data: st.DataObject
) -> None:
    """Given the same scans on one phone, or spread over two; when the two are put together; then
    visits, stamps, lines and prizes are the same, and prizes that are met were earned."""
    scans = sent(drawn)
    here = [data.draw(st.booleans()) for _ in scans]
    target, source = Hand(of, VISITOR), Hand(of, OTHER)
    target.scans(each for each, mine in zip(scans, here, strict=True) if mine)
    source.scans(each for each, mine in zip(scans, here, strict=True) if not mine)
    linked(target, source)
    one = card_of(of, scans)
    assert said(target.card) == said(one)
    assert counted(target.card) == counted(one)
    for moment in DAYS:
        assert shown(of, target.card, moment) == shown(of, one, moment)
        _, _, stamps, prizes = shown(of, one, moment)
        met = {prize for prize, how in prizes.items() if how[2] and stamps}
        assert met <= {prize for visit in target.card.visits for prize in visit.earned}


@given(rallies(nested(UNORDERED | ORDERED)), SCANS, SCANS)
def test_what_is_withdrawn_is_what_was_counted(
    of: Rally, mine: list[tuple[str, int, str]], theirs: list[tuple[str, int, str]]
) -> None:
    """Given any card; when it is taken over; then the fact takes back each of its firsts, visits
    and earned prizes, and nothing else."""
    target, source = Hand(of, VISITOR).scans(sent(mine)), Hand(of, OTHER).scans(sent(theirs))
    recorded = [(p, fact) for p, fact in source.facts if isinstance(fact, VisitRecorded)]
    fact, _ = linked(target, source)
    gone = {each.position: each for each in fact.corrections}
    assert len(gone) == len(source.facts) - 1
    for position, visit in recorded:
        assert gone[position].lost == visit.firsts
        assert gone[position].visits == -(visit.evidence != "quiz")
        assert gone[position].unearned == visit.earned
        assert (gone[position].spot, gone[position].period) == (visit.spot, visit.period)


def test_the_fact_says_all_that_the_card_held() -> None:
    of = rally(plan(prizes=[Prize("p", names(), Stamps(1), Coupon()), _drawn("d")]))
    target, source = Hand(of, VISITOR), Hand(of, OTHER).walks("a")
    given_at = NOW + timedelta(hours=1)
    source.add(_given("p", OTHER, 1, given_at), _entered("d", OTHER))
    fact, taken = linked(target, source)
    assert fact == CardLinked(
        rally="walk",
        visitor=OTHER,
        to=VISITOR,
        occurred_at=LATER,
        by="visitor",
        corrections=(
            Withdrawn(1, visits=-1, lost=ALL, unearned=("p", "d"), spot="a", period=20260115),
        ),
        entered=("d",),
        handed=(Given("p", given_at),),
    )
    assert [type(each) for each in taken] == [VisitRecorded, PrizeHandedOver, PrizeEntered]
    assert all(each.visitor == VISITOR for each in taken)
    assert target.card.handed[0].at == source.facts[1][1].occurred_at.timestamp() * 1_000_000
    assert source.card == Card(linked_to=VISITOR.bytes)


def test_a_scan_that_was_made_on_the_other_phone_is_answered_as_its_own() -> None:
    """The phone whose answer was lost sends it again, to the card that has the visit now."""
    of = rally()
    target, source = Hand(of, VISITOR), Hand(of, OTHER).walks("a", "b")
    linked(target, source)
    again = decide(of, source.card, scan("b", 1, visitor=OTHER), LATER)
    assert again == Linked(VISITOR)
    assert target.card.visit_of_scan(UUID(int=1).bytes) == 1


def test_the_same_visit_on_both_counts_once_and_the_earlier_time_stays() -> None:
    of = rally()
    target, source = Hand(of, VISITOR).walks("a", at=60), Hand(of, OTHER).walks("a")
    _, taken = linked(target, source)
    assert [type(each) for each in taken] == [VisitConfirmed]
    target, source = Hand(of, VISITOR).walks("a"), Hand(of, OTHER).walks("a", at=60)
    assert linked(target, source)[1] == []


def test_what_was_void_stays_void_and_is_not_taken_over() -> None:
    of = rally()
    source = Hand(of, OTHER).walks("a", "b")
    source.add(void(of, source.card, OTHER, 1, LATER, "organiser", "a test scan"))
    target = Hand(of, VISITOR)
    fact, taken = linked(target, source)
    assert [each.position for each in fact.corrections] == [2]
    assert [each.spot for each in target.card.visits] == ["b"]
    assert len(taken) == 1


@pytest.mark.parametrize("before", [OncePerDay(), OncePerRally()])
def test_a_replan_makes_no_visits_one_that_were_two_nor_the_other_way_round(before: Any) -> None:
    """Visits keep the periods in which they were recorded, whatever counts as a revisit since."""
    after = OncePerRally() if before == OncePerDay() else OncePerDay()
    hands = []
    for visitor, days in ((VISITOR, (0,)), (OTHER, (0, 1, 2))):
        hand = Hand(rally(plan(revisit=before)), visitor)
        hand.scans(
            (
                scan("a", 10 * n + visitor.int, visitor=visitor, scanned_at=NOW + n * DAY),
                NOW + 3 * DAY,
            )
            for n in days
        )
        hand.of = rally(plan(revisit=after))
        hands.append(hand)
    linked(hands[0], hands[1])
    visits = [(one.spot, one.period) for one in hands[0].card.visits if not one.confirms]
    assert len(visits) == len(set(visits)) == (3 if before == OncePerDay() else 1)


# --- prizes, tries, places ----------------------------------------------------------------------


def _drawn(prize: str, choice: str | None = None) -> Prize:
    return Prize(prize, names(), Stamps(1), Draw(1, choice=choice))


def _entered(prize: str, visitor: UUID) -> PrizeEntered:
    return PrizeEntered(rally="walk", visitor=visitor, prize=prize, occurred_at=NOW)


def _given(prize: str, visitor: UUID, number: int, at: Any = NOW) -> PrizeHandedOver:
    return PrizeHandedOver(
        rally="walk",
        visitor=visitor,
        prize=prize,
        spot=None,
        hand_over_id=UUID(int=number),
        occurred_at=at,
        by="staff",
    )


def test_an_entry_is_one_persons_and_a_choice_is_made_once() -> None:
    """Given d on both, and of x and y, one of which may be chosen, x here and y there."""
    of = rally(plan(prizes=[_drawn("d"), _drawn("e"), _drawn("x", "c"), _drawn("y", "c")]))
    target = Hand(of, VISITOR).walks("a").add(_entered("d", VISITOR), _entered("x", VISITOR))
    source = Hand(of, OTHER).walks("b")
    source.add(*(_entered(prize, OTHER) for prize in ("d", "y", "e")))
    fact, _ = linked(target, source)
    assert fact.entered == ("d", "y", "e")
    assert target.card.entered == ("d", "x", "e")


def test_a_prize_that_was_given_to_the_one_was_given_to_both() -> None:
    """But one that was taken back was not."""
    of = rally(plan(prizes=[Prize("p", names(), Stamps(1), Coupon(uses=2))]))
    target, source = Hand(of, VISITOR), Hand(of, OTHER).walks("a")
    first = _given("p", OTHER, 1)
    said = {name: getattr(first, name) for name in PrizeHandedOver.__struct_fields__}
    source.add(first, _given("p", OTHER, 2), HandOverReversed(**said))
    fact, _ = linked(target, source)
    assert len(fact.handed) == 1
    assert [each.id for each in target.card.handed] == [UUID(int=2).bytes]


def test_wrong_answers_come_along_so_tries_do_not_begin_anew() -> None:
    wrong = QuizAnswered(
        rally="walk", visitor=OTHER, spot="a", occurred_at=NOW, scan_id=UUID(int=5), left=1
    )
    target, source = Hand(rally(), VISITOR), Hand(rally(), OTHER).add(wrong)
    linked(target, source)
    assert [each.left for each in target.card.wrong] == [1]


def test_places_and_stock_stay_as_they_are_but_for_what_was_double() -> None:
    spots = [Spot("a", names(), "east", capacity=5), Spot("b", names(), "east", capacity=5)]
    prizes = [Prize("p", names(), Stamps(1), Coupon())]
    of = rally(plan(spots=spots, prizes=prizes, sheets=[], revisit=OncePerRally()))
    target, source = Hand(of, VISITOR).walks("a"), Hand(of, OTHER).walks("a", "b", at=9)
    source.add(_given("p", OTHER, 1))
    fact, taken = linked(target, source)
    left = {lot: n for lot, n in taken_by(of, [fact, *taken]).items() if n}
    assert left == {Lot("walk", "spot:a", 0): -1}


# --- what is not allowed ------------------------------------------------------------------------

ERASED = VisitorErased(rally="walk", visitor=OTHER, occurred_at=NOW, by="visitor")


@pytest.mark.parametrize("closed", ["source", "target"])
@pytest.mark.parametrize("how", ["card_erased", "card_linked"])
def test_a_closed_card_is_not_put_together_with_any(closed: str, how: str) -> None:
    hands = {"source": Hand(rally(), OTHER).walks("a"), "target": Hand(rally(), VISITOR)}
    if how == "card_erased":
        hands[closed].add(ERASED)
    else:
        linked(Hand(rally(), UUID(int=9)), hands[closed])
    with pytest.raises(NotAllowed) as refused:
        linked(hands["target"], hands["source"])
    assert refused.value.code == how


def test_two_cards_with_more_visits_than_one_may_have_are_not_put_together() -> None:
    many = Card(visited("a").visits * VISITS_PER_CARD_MAX)
    target, source = Hand(rally(), VISITOR), Hand(rally(), OTHER)
    target.card, source.card = many, visited("b")
    with pytest.raises(NotAllowed) as refused:
        linked(target, source)
    assert refused.value.code == "card_full"


def test_a_voided_visit_of_a_closed_card_cannot_be_reinstated_there() -> None:
    source = Hand(rally(), OTHER).walks("a")
    source.add(void(rally(), source.card, OTHER, 1, LATER, "organiser", "a test scan"))
    linked(Hand(rally(), VISITOR), source)
    with pytest.raises(NotAllowed) as refused:
        reinstate(rally(), source.card, OTHER, 1, LATER, "organiser", "it was none")
    assert refused.value.code == "visit_unknown"
