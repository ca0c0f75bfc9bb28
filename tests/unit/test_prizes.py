"""Prizes and erasing: what a card allows, and what becomes of the card."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from builders import NOW, VISITOR, names, plan, rally, visited
from hypothesis import given
from hypothesis import strategies as st

from domain.card import Card, evolve
from domain.conditions import Stamps
from domain.events import (
    CardFact,
    HandOverReversed,
    PrizeEntered,
    PrizeHandedOver,
    VisitorErased,
)
from domain.plan import FirstCome, Prize
from domain.prizes import enter, erase, hand_over, reverse
from domain.rally import NotAllowed, Rally

Decide = Callable[[Rally, Card, str], CardFact | None]


def entering(of: Rally, card: Card, prize: str) -> CardFact | None:
    return enter(of, card, VISITOR, prize, NOW)


def handing_over(of: Rally, card: Card, prize: str) -> CardFact | None:
    return hand_over(of, card, VISITOR, prize, "a", NOW, "staff")


def reversing(of: Rally, card: Card, prize: str) -> CardFact | None:
    return reverse(of, card, VISITOR, prize, "a", NOW, "staff")


def erasing(of: Rally, card: Card, _: str = "") -> CardFact | None:
    return erase(of, card, VISITOR, NOW, "organiser")


def after(card: Card, *steps: tuple[Decide, str], of: Rally | None = None) -> Card:
    """The card after decisions, each about a prize."""
    for decide, prize in steps:
        fact = decide(of or rally(), card, prize)
        assert fact is not None
        card = evolve(card, fact, 50, NOW)
    return card


REACHED = visited("a", "b", "c")
"""Five stamps and full lines: "five" (at the counter) and "line" (drawn) are met, "all" is not."""
ERASED = after(REACHED, (erasing, ""))
HANDED = after(REACHED, (handing_over, "five"))


@pytest.mark.parametrize(
    ("decide", "card", "prize", "code"),
    [
        (entering, REACHED, "seven", "prize_unknown"),
        (entering, visited("a"), "line", "prize_not_reached"),
        (entering, REACHED, "five", "prize_not_drawn"),
        (entering, ERASED, "line", "card_erased"),
        (entering, ERASED, "seven", "card_erased"),
        (handing_over, REACHED, "seven", "prize_unknown"),
        (handing_over, visited("a", "b"), "five", "prize_not_reached"),
        (handing_over, REACHED, "line", "prize_is_drawn"),
        (handing_over, HANDED, "five", "already_handed_over"),
        (handing_over, ERASED, "five", "card_erased"),
        (reversing, REACHED, "five", "not_handed_over"),
        (reversing, HANDED, "line", "not_handed_over"),
        (reversing, after(HANDED, (reversing, "five")), "five", "not_handed_over"),
        (reversing, after(HANDED, (erasing, "")), "five", "not_handed_over"),
    ],
)
def test_what_is_not_allowed_has_a_code_and_a_sentence(
    decide: Decide, card: Card, prize: str, code: str
) -> None:
    with pytest.raises(NotAllowed, match=r"^This .+\.$") as refused:
        decide(rally(), card, prize)
    assert refused.value.code == code


def test_an_unknown_prize_is_named_but_never_at_length() -> None:
    with pytest.raises(NotAllowed, match=f"no prize {'x' * 40}\\.$"):
        entering(rally(), REACHED, "x" * 4_000)


def test_entering_says_who_entered_what_and_when() -> None:
    assert enter(rally(), REACHED, VISITOR, "line", NOW) == PrizeEntered(
        rally="walk", visitor=VISITOR, prize="line", occurred_at=NOW
    )


@pytest.mark.parametrize("spot", ["a", None])
def test_handing_over_and_taking_back_say_where_and_by_whom(spot: str | None) -> None:
    handed = hand_over(rally(), REACHED, VISITOR, "five", spot, NOW, "staff of a")
    assert handed == PrizeHandedOver(
        rally="walk", visitor=VISITOR, prize="five", spot=spot, occurred_at=NOW, by="staff of a"
    )
    later = NOW + timedelta(minutes=5)
    assert reverse(rally(), HANDED, VISITOR, "five", spot, later, "boss") == HandOverReversed(
        rally="walk", visitor=VISITOR, prize="five", spot=spot, occurred_at=later, by="boss"
    )


def test_erasing_says_whose_card_and_by_whom() -> None:
    assert erase(rally(), REACHED, VISITOR, NOW, "organiser") == VisitorErased(
        rally="walk", visitor=VISITOR, occurred_at=NOW, by="organiser"
    )


def test_entering_twice_is_entering_once() -> None:
    entered = after(REACHED, (entering, "line"))
    assert entering(rally(), entered, "line") is None


def test_erasing_twice_is_erasing_once() -> None:
    assert erasing(rally(), ERASED) is None


def test_entries_and_hand_overs_are_on_the_card_and_leave_its_visits_alone() -> None:
    card = after(REACHED, (entering, "line"), (handing_over, "five"))
    assert (card.entered, card.handed) == (("line",), ("five",))
    assert (card.visits, card.erased) == (REACHED.visits, False)


def test_a_prize_that_was_taken_back_may_be_handed_over_again() -> None:
    taken_back = after(HANDED, (reversing, "five"))
    assert taken_back == REACHED
    assert after(taken_back, (handing_over, "five")) == HANDED


def test_taking_one_prize_back_leaves_the_others_handed_over() -> None:
    two = rally(plan(prizes=[Prize(id_, names(), Stamps(1), FirstCome()) for id_ in ("p", "q")]))
    both = after(visited("a"), (handing_over, "p"), (handing_over, "q"), of=two)
    assert after(both, (reversing, "p"), of=two).handed == ("q",)


def test_what_is_reached_is_judged_by_the_plan_as_it_is_now() -> None:
    """Given a card with five stamps; when a spot leaves the plan; then five are not reached."""
    shrunk = rally(
        plan(spots=[s for s in plan().spots if s.id != "c"], sheets=[], prizes=plan().prizes[:1])
    )
    with pytest.raises(NotAllowed) as refused:
        handing_over(shrunk, REACHED, "five")
    assert refused.value.code == "prize_not_reached"


def test_a_hand_over_can_be_taken_back_after_its_prize_left_the_plan() -> None:
    without = rally(plan(prizes=[]))
    assert after(HANDED, (reversing, "five"), of=without) == REACHED


STEPS = st.lists(
    st.tuples(
        st.sampled_from([entering, handing_over, reversing]), st.sampled_from(["p", "q", "d", "e"])
    ),
    max_size=20,
)


@given(STEPS)
def test_a_prize_is_entered_once_and_held_once_whatever_is_tried(
    steps: list[tuple[Decide, str]],
) -> None:
    """A model of plain sets: p and q are given at the counter, d and e are drawn."""
    draw = plan().prizes[2].giving
    of = rally(
        plan(
            prizes=[
                Prize(id_, names(), Stamps(1), FirstCome() if id_ in "pq" else draw)
                for id_ in "pqde"
            ]
        )
    )
    card, entered, handed = visited("a"), set(), set()
    for decide, prize in steps:
        try:
            fact = decide(of, card, prize)
        except NotAllowed:
            continue
        if fact is not None:
            card = evolve(card, fact, 50, NOW)
        if decide is entering:
            entered.add(prize)
        elif decide is handing_over:
            handed.add(prize)
        else:
            handed.remove(prize)
    assert entered <= {"d", "e"}
    assert handed <= {"p", "q"}
    assert sorted(card.entered) == sorted(entered)
    assert sorted(card.handed) == sorted(handed)
