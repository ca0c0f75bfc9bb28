"""Prizes and erasing: what a card allows, and what becomes of the card."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from builders import NOW, VISITOR, card_of, names, plan, rally, scan, visited
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.card import Card, HandOver, evolve
from domain.conditions import Always, BingoLines, SpotsOf, Stamps
from domain.encoding import micros
from domain.events import (
    CardFact,
    HandOverReversed,
    PrizeEntered,
    PrizeHandedOver,
    VisitorErased,
)
from domain.mistakes import mistakes
from domain.plan import Coupon, Draw, FirstCome, Prize, Tier
from domain.prizes import (
    UNDO_MAX,
    ask_address,
    chances,
    enter,
    erase,
    hand_over,
    last_given,
    reverse,
    undo_left,
)
from domain.rally import NotAllowed, Rally
from domain.stock import Taken

Decide = Callable[[Rally, Card, str], CardFact | None]


def entering(of: Rally, card: Card, prize: str) -> CardFact | None:
    return enter(of, card, VISITOR, prize, NOW)


def id_of(prize: str) -> UUID:
    """The id under which a prize is handed over here: a prize has one."""
    return UUID(bytes=prize.encode().ljust(16, b"."))


def handing_over(of: Rally, card: Card, prize: str) -> CardFact | None:
    return hand_over(of, card, VISITOR, prize, "a", id_of(prize), NOW, "staff", Taken())


def handing_over_more(of: Rally, card: Card, prize: str) -> CardFact | None:
    """Not the same hand-over once more: another one."""
    return hand_over(of, card, VISITOR, prize, "a", id_of(prize + "+"), NOW, "staff", Taken())


def reversing(of: Rally, card: Card, prize: str) -> CardFact | None:
    return reverse(of, card, VISITOR, prize, "a", id_of(prize), NOW, "staff")


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
AT = micros(NOW)
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
        (handing_over_more, HANDED, "five", "already_handed_over"),
        (handing_over, ERASED, "five", "card_erased"),
        (reversing, REACHED, "five", "not_handed_over"),
        (reversing, HANDED, "line", "not_handed_over"),
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
    id_ = id_of("five")
    said: dict[str, Any] = {"rally": "walk", "visitor": VISITOR, "prize": "five", "spot": spot}
    handed = hand_over(rally(), REACHED, VISITOR, "five", spot, id_, NOW, "staff of a", Taken())
    assert handed == PrizeHandedOver(**said, hand_over_id=id_, occurred_at=NOW, by="staff of a")
    later = NOW + timedelta(minutes=5)
    back = reverse(rally(), HANDED, VISITOR, "five", spot, id_, later, "boss", any_time=True)
    assert back == HandOverReversed(
        **said, hand_over_id=id_, occurred_at=later, by="boss", handed_over_at=NOW
    )


@pytest.mark.parametrize(
    ("seconds", "spot", "code"),
    [
        (-5, "a", None),  # by the clock of another process
        (0, "a", None),
        (59.999_999, "a", None),
        (60, "a", "undo_too_late"),
        (3_600, "a", "undo_too_late"),
        (0, "b", "undo_elsewhere"),
        (0, None, "undo_elsewhere"),
    ],
)
def test_staff_take_back_what_was_handed_over_at_their_spot_within_a_minute(
    seconds: float, spot: str | None, code: str | None
) -> None:
    """Organisers do at any time and from anywhere."""
    now, given = NOW + timedelta(seconds=seconds), last_given(HANDED, "five")
    assert given is not None
    said = (rally(), HANDED, VISITOR, "five", spot, id_of("five"), now, "somebody")
    assert isinstance(reverse(*said, any_time=True), HandOverReversed)
    assert bool(undo_left(given, spot, now)) == (code is None)
    assert undo_left(given, spot, now) <= UNDO_MAX
    if code is None:
        assert isinstance(reverse(*said), HandOverReversed)
    else:
        with pytest.raises(NotAllowed, match=r"^This .+\.$") as refused:
            reverse(*said)
        assert refused.value.code == code


def test_taking_back_twice_is_taking_back_once() -> None:
    """Also when the second one comes late: it is the first one, asked again."""
    back = after(HANDED, (reversing, "five"))
    assert reversing(rally(), back, "five") is None
    late = NOW + timedelta(hours=1)
    assert reverse(rally(), back, VISITOR, "five", "a", id_of("five"), late, "staff") is None
    assert last_given(back, "five") is None


def test_erasing_says_whose_card_and_by_whom() -> None:
    assert erase(rally(), REACHED, VISITOR, NOW, "organiser") == VisitorErased(
        rally="walk", visitor=VISITOR, occurred_at=NOW, by="organiser"
    )


def test_entering_twice_is_entering_once() -> None:
    entered = after(REACHED, (entering, "line"))
    assert entering(rally(), entered, "line") is None


POSTED = rally(plan(prizes=[replace(each, by_post=each.id == "line") for each in plan().prizes]))


def test_a_prize_that_is_sent_is_entered_with_an_address_only() -> None:
    with pytest.raises(NotAllowed) as refused:
        entering(POSTED, REACHED, "line")
    assert refused.value.code == "address_missing"
    assert enter(POSTED, REACHED, VISITOR, "line", NOW, addressed=True) is not None
    with pytest.raises(NotAllowed, match="not been reached"):
        enter(POSTED, visited("a"), VISITOR, "line", NOW, addressed=True)


@pytest.mark.parametrize(
    ("of", "card", "code"),
    [
        (rally(), REACHED, "no_prize_by_post"),
        (POSTED, visited("a"), "prize_not_reached"),
        (POSTED, ERASED, "card_erased"),
    ],
)
def test_nobody_is_asked_for_an_address_without_need(of: Rally, card: Card, code: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        ask_address(of, card)
    assert refused.value.code == code


def test_who_was_entered_may_change_the_address_although_a_new_plan_asks_for_more() -> None:
    entered = replace(visited("a"), entered=("line",))
    ask_address(POSTED, REACHED)
    ask_address(POSTED, entered)


def test_erasing_twice_is_erasing_once() -> None:
    assert erasing(rally(), ERASED) is None


def test_entries_and_hand_overs_are_on_the_card_and_leave_its_visits_alone() -> None:
    card = after(REACHED, (entering, "line"), (handing_over, "five"))
    assert (card.entered, card.handed) == (
        ("line",),
        (HandOver("five", id_of("five").bytes, at=AT, spot="a"),),
    )
    assert (card.visits, card.erased) == (REACHED.visits, False)


def test_a_prize_that_was_taken_back_may_be_handed_over_again() -> None:
    taken_back = after(HANDED, (reversing, "five"))
    back = HandOver("five", id_of("five").bytes, reversed=True, at=AT, spot="a")
    assert taken_back == replace(REACHED, handed=(back,))
    again = after(taken_back, (handing_over_more, "five"))
    assert again.handed == (back, HandOver("five", id_of("five+").bytes, at=AT, spot="a"))


def test_taking_one_prize_back_leaves_the_others_handed_over() -> None:
    two = rally(plan(prizes=[Prize(id_, names(), Stamps(1), FirstCome()) for id_ in ("p", "q")]))
    both = after(visited("a"), (handing_over, "p"), (handing_over, "q"), of=two)
    assert after(both, (reversing, "p"), of=two).handed == (
        HandOver("p", id_of("p").bytes, reversed=True, at=AT, spot="a"),
        HandOver("q", id_of("q").bytes, at=AT, spot="a"),
    )


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
    taken_back = after(HANDED, (reversing, "five"), of=without)
    assert taken_back.handed == (
        HandOver("five", id_of("five").bytes, reversed=True, at=AT, spot="a"),
    )


STEPS = st.lists(
    st.tuples(
        st.sampled_from([entering, handing_over, handing_over_more, reversing]),
        st.sampled_from(["p", "q", "d", "e"]),
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
        elif decide is reversing:
            if fact is not None:
                handed.remove(prize)
        else:
            handed.add(prize)
    assert entered <= {"d", "e"}
    assert handed <= {"p", "q"}
    assert sorted(card.entered) == sorted(entered)
    assert sorted(each.prize for each in card.handed if not each.reversed) == sorted(handed)
    assert len({each.id for each in card.handed}) == len(card.handed), "an id is used once"


# --- draws: choice, automatic entry, chances ----------------------------------------------------

FAVOURITES = rally(
    plan(
        prizes=[
            Prize("rice", names(), Stamps(1), Draw(1, choice="favourite")),
            Prize("tea", names(), Stamps(1), Draw(1, choice="favourite")),
            Prize("fan", names(), Stamps(1), Draw(1, choice="souvenir")),
            Prize("bag", names(), Stamps(1), Draw(1)),
            Prize("trip", names(), Stamps(1), Draw(1, automatic=True)),
        ]
    )
)


def test_of_prizes_with_the_same_choice_one_is_entered_and_others_are_open() -> None:
    card = after(
        visited("a"), (entering, "rice"), (entering, "fan"), (entering, "bag"), of=FAVOURITES
    )
    assert card.entered == ("rice", "fan", "bag")
    assert entering(FAVOURITES, card, "rice") is None
    with pytest.raises(NotAllowed, match=r"^Another .+\.$") as refused:
        entering(FAVOURITES, card, "tea")
    assert refused.value.code == "choice_made"


def test_a_choice_that_left_the_plan_may_be_made_again() -> None:
    """Given an entry for rice; when rice is no longer a prize; then tea may be chosen."""
    card = after(visited("a"), (entering, "rice"), of=FAVOURITES)
    assert entering(rally(plan(prizes=FAVOURITES.plan.prizes[1:])), card, "tea") is not None


def test_a_draw_with_automatic_entry_is_not_entered_by_hand() -> None:
    with pytest.raises(NotAllowed, match=r"^Whoever .+\.$") as refused:
        entering(FAVOURITES, visited("a"), "trip")
    assert refused.value.code == "prize_automatic"


@pytest.mark.parametrize("prize", ["tea", "trip"])
def test_whoever_has_not_reached_a_prize_is_told_so_before_anything_else(prize: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        entering(FAVOURITES, Card(entered=("rice",)), prize)
    assert refused.value.code == "prize_not_reached"


TIERS = [Tier(2, 1), Tier(4, 3), Tier(6, 10)]


@pytest.mark.parametrize(
    ("condition", "giving", "spots", "tickets"),
    [
        # Below the condition an entry is worth nothing, whatever the tiers say.
        (Stamps(4), Draw(1), "a", 0),
        (Stamps(4), Draw(1, tiers=TIERS), "ac", 0),
        (BingoLines(2), Draw(1, "per_line"), "ab", 0),
        # One ticket, or one a line of all sheets, but at least one.
        (Stamps(4), Draw(1), "ab", 1),
        (Stamps(1), Draw(1), "abcd", 1),
        (BingoLines(1), Draw(1, "per_line"), "ab", 1),
        (BingoLines(1), Draw(1, "per_line"), "abc", 3),
        (BingoLines(1), Draw(1, "per_line"), "abcd", 6),
        (Stamps(1), Draw(1, "per_line"), "a", 1),
        (Stamps(1), Draw(1, "per_line"), "abc", 3),
        # The highest tier that was reached, by what the condition counts.
        (Stamps(1), Draw(1, tiers=TIERS), "a", 1),
        (Stamps(1), Draw(1, tiers=TIERS), "ac", 1),
        (Stamps(1), Draw(1, tiers=TIERS), "b", 1),
        (Stamps(1), Draw(1, tiers=TIERS), "ab", 3),
        (Stamps(1), Draw(1, tiers=TIERS), "abc", 3),
        (Stamps(1), Draw(1, tiers=TIERS), "abcd", 10),
        (SpotsOf(["a", "b", "c"], 1), Draw(1, tiers=[Tier(3, 7)]), "abd", 1),
        (SpotsOf(["a", "b", "c"], 1), Draw(1, tiers=[Tier(3, 7)]), "abc", 7),
        # Lines below the first tier, where both are said.
        (BingoLines(1), Draw(1, "per_line", [Tier(6, 50)]), "abc", 3),
        (BingoLines(1), Draw(1, "per_line", [Tier(6, 50)]), "abcd", 50),
        # Who takes part of itself has tickets like who enters.
        (Stamps(1), Draw(1, automatic=True), "a", 1),
        (Always(), Draw(1, automatic=True), "", 1),
        # No draw, no tickets.
        (Stamps(1), FirstCome(), "a", 0),
        (Stamps(1), Coupon(), "a", 0),
    ],
)
def test_an_entry_is_worth_so_many_tickets(
    condition: Any, giving: Any, spots: str, tickets: int
) -> None:
    prize = Prize("prize", names(), condition, giving)
    of = rally(plan(prizes=[prize]))
    assert mistakes(of.plan) == []
    assert chances(of, visited(*spots, of=of), prize) == tickets


def on_days(of: Rally, *days: str) -> Card:
    """The card after a day for each word, on which its spots were visited."""
    return card_of(
        of,
        [
            (scan(spot, 10 * day + n), NOW + timedelta(days=day, minutes=n))
            for day, spots in enumerate(days)
            for n, spot in enumerate(spots)
        ],
    )


@pytest.mark.parametrize(
    ("days", "tickets"), [(["a", "c"], 1), (["ab", "c"], 3), (["a", "abcd", "b"], 10), ([], 0)]
)
def test_where_each_day_begins_anew_tickets_are_those_of_the_best_day(
    days: list[str], tickets: int
) -> None:
    prize = Prize("prize", names(), Stamps(1), Draw(1, tiers=TIERS))
    of = rally(plan(prizes=[prize], carry_over=False))
    assert chances(of, on_days(of, *days), prize) == tickets


@pytest.mark.parametrize(("days", "tickets"), [(["ab", "cd"], 1), (["abc", "d"], 3)])
def test_where_each_day_begins_anew_lines_are_those_of_the_best_day(
    days: list[str], tickets: int
) -> None:
    prize = Prize("prize", names(), BingoLines(1), Draw(1, "per_line"))
    of = rally(plan(prizes=[prize], carry_over=False))
    assert chances(of, on_days(of, *days), prize) == tickets


def test_an_erased_card_has_no_tickets() -> None:
    prize = Prize("prize", names(), Always(), Draw(1, automatic=True))
    assert chances(rally(plan(prizes=[prize])), Card(erased=True), prize) == 0


# --- coupons, and the same hand-over again ------------------------------------------------------

COUPONS = rally(
    plan(
        prizes=[
            Prize("drinks", names(), Always(), Coupon(uses=3)),
            Prize("dish", names(), Stamps(1), Coupon(areas=["west"])),
            Prize("once", names(), Stamps(1), FirstCome()),
        ]
    )
)


def using(card: Card, prize: str, number: int, spot: str | None = "a") -> Card:
    """The card after a hand-over with the id `number`; as it was if there is nothing to give."""
    fact = hand_over(COUPONS, card, VISITOR, prize, spot, UUID(int=number), NOW, "staff", Taken())
    return card if fact is None else evolve(card, fact, 50, NOW)


def refusal_of(card: Card, prize: str, number: int, spot: str | None = "a") -> str:
    with pytest.raises(NotAllowed, match=r"^This .+\.$") as refused:
        using(card, prize, number, spot)
    return refused.value.code


def test_a_coupon_is_used_as_often_as_it_may_be_and_no_more() -> None:
    card = Card()
    for number in range(3):
        card = using(card, "drinks", number)
        assert len(card.handed) == number + 1
    assert refusal_of(card, "drinks", 3) == "already_handed_over"
    assert using(visited("a"), "once", 0).handed == (HandOver("once", bytes(16), at=AT, spot="a"),)
    assert refusal_of(using(visited("a"), "once", 0), "once", 1) == "already_handed_over"


def test_a_use_that_was_taken_back_is_one_more_and_takes_no_other_with_it() -> None:
    card = Card()
    for number in range(3):
        card = using(card, "drinks", number)
    fact = reverse(COUPONS, card, VISITOR, "drinks", "a", UUID(int=1), NOW, "staff")
    card = evolve(card, fact, 51, NOW)
    assert [(each.id, each.reversed) for each in card.handed] == [
        (UUID(int=number).bytes, number == 1) for number in range(3)
    ]
    assert refusal_of(card, "drinks", 1) == "hand_over_id_used"
    card = using(card, "drinks", 3)
    assert refusal_of(card, "drinks", 4) == "already_handed_over"


@pytest.mark.parametrize("prize", ["drinks", "dish", "once"])
@pytest.mark.parametrize("between", [0, 1])
def test_the_same_hand_over_again_gives_nothing_more(prize: str, between: int) -> None:
    """Given an answer that was lost; when the counter asks again, also after another hand-over."""
    card = using(visited("a"), prize, 1, "c")
    for number in range(between):
        card = using(card, "drinks", 10 + number, "c")
    again = hand_over(COUPONS, card, VISITOR, prize, "c", UUID(int=1), NOW, "staff", Taken())
    assert again is None


def test_the_same_use_again_is_not_refused_when_it_was_the_last() -> None:
    card = Card()
    for number in range(3):
        card = using(card, "drinks", number)
    assert using(card, "drinks", 2) == card


@pytest.mark.parametrize(
    ("spot", "allowed"), [("c", True), ("d", True), ("a", False), (None, False), ("gone", False)]
)
def test_a_coupon_of_some_areas_is_used_at_their_spots(spot: str | None, allowed: bool) -> None:
    card = visited("a")
    if allowed:
        given = HandOver("dish", UUID(int=1).bytes, at=AT, spot=spot)
        assert using(card, "dish", 1, spot).handed == (given,)
    else:
        assert refusal_of(card, "dish", 1, spot) == "coupon_not_valid_here"


@pytest.mark.parametrize("spot", ["a", "c", None])
def test_a_coupon_without_areas_is_used_anywhere(spot: str | None) -> None:
    assert len(using(Card(), "drinks", 1, spot).handed) == 1


def test_a_coupon_not_reached_is_not_reached_wherever_it_is_shown() -> None:
    assert refusal_of(Card(), "dish", 1, "a") == "prize_not_reached"
    assert refusal_of(Card(), "dish", 1, "c") == "prize_not_reached"


def test_a_prize_that_asks_for_nothing_is_given_to_an_empty_card_but_not_to_an_erased_one() -> None:
    assert len(using(Card(), "drinks", 1).handed) == 1
    assert refusal_of(Card(erased=True), "drinks", 1) == "card_erased"


def test_a_hand_over_is_taken_back_by_its_own_id_and_prize() -> None:
    card = using(using(visited("a"), "drinks", 1), "once", 2)
    for prize, number in (("drinks", 2), ("once", 1), ("once", 3)):
        with pytest.raises(NotAllowed) as refused:
            reverse(COUPONS, card, VISITOR, prize, "a", UUID(int=number), NOW, "staff")
        assert refused.value.code == "not_handed_over"


def test_the_id_of_another_prizes_hand_over_is_not_taken_for_this_one() -> None:
    card = using(visited("a"), "drinks", 1)
    assert refusal_of(card, "once", 1) == "hand_over_id_used"
    fact = reverse(COUPONS, card, VISITOR, "drinks", "a", UUID(int=1), NOW, "staff")
    assert refusal_of(evolve(card, fact, 51, NOW), "once", 1) == "hand_over_id_used"


def test_a_hand_over_that_was_taken_back_is_not_given_again_by_its_own_id() -> None:
    """Given a hand-over, taken back; when its request arrives once more; then nothing is given."""
    taken_back = after(HANDED, (reversing, "five"))
    for card in (taken_back, after(taken_back, (handing_over_more, "five"))):
        with pytest.raises(NotAllowed) as refused:
            handing_over(rally(), card, "five")
        assert refused.value.code == "hand_over_id_used"


# --- given on each day --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("giving", "carry_over", "days", "times"),
    [
        (FirstCome(), False, ["ac"], 1),
        (FirstCome(), False, ["ac", "cd"], 2),
        (FirstCome(), False, ["abcd", "a", "ac"], 2),
        (FirstCome(), False, ["ac", "cd", "ad"], 3),
        (FirstCome(), True, ["ac", "cd", "ad"], 1),
        (Coupon(uses=2), False, ["ac"], 2),
        (Coupon(uses=2), False, ["ac", "a", "cd"], 4),
        (Coupon(uses=2), True, ["ac", "a", "cd"], 2),
    ],
)
def test_where_each_day_begins_anew_a_prize_is_given_once_for_each_day_that_reached_it(
    giving: Any, carry_over: bool, days: list[str], times: int
) -> None:
    of = rally(plan(prizes=[Prize("p", names(), Stamps(2), giving)], carry_over=carry_over))
    assert mistakes(of.plan) == []
    card = on_days(of, *days)

    def give(card: Card, number: int) -> Card:
        fact = hand_over(of, card, VISITOR, "p", "a", UUID(int=number), NOW, "staff", Taken())
        assert fact is not None
        return evolve(card, fact, 50, NOW)

    for number in range(times):
        card = give(card, number)
    with pytest.raises(NotAllowed) as refused:
        give(card, times)
    assert refused.value.code == "already_handed_over"
    # One that was taken back may be given again, but no more than one.
    card = evolve(card, reverse(of, card, VISITOR, "p", "a", UUID(int=0), NOW, "staff"), 51, NOW)
    card = give(card, times)
    with pytest.raises(NotAllowed):
        give(card, times + 1)
