"""What there is only so much of: what a fact takes, and what is refused when it is all taken."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from builders import NOW, VISITOR, card_of, names, plan, rally, scan, visited
from hypothesis import given
from hypothesis import strategies as st

from domain.card import Card, evolve
from domain.conditions import Always, Stamps
from domain.events import (
    CheckInRefused,
    HandOverReversed,
    PrizeEntered,
    PrizeHandedOver,
    QuizAnswered,
    SurveyAnswered,
    VisitConfirmed,
    VisitorErased,
    VisitorFact,
    VisitRecorded,
)
from domain.links import close
from domain.mistakes import mistakes
from domain.plan import (
    Coupon,
    Draw,
    FirstCome,
    OncePerInterval,
    OncePerRally,
    Prize,
    Question,
    Spot,
)
from domain.prizes import enter, erase, hand_over, reverse
from domain.rally import NotAllowed, Rally
from domain.refusals import Refusal
from domain.rules import decide, refused_fact, seat
from domain.scan import Scan
from domain.stock import IN_ALL, Lot, Taken, places, prize_lots, takes
from domain.voids import reinstate, void

DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
MIDNIGHT = datetime(2026, 1, 15, 15, tzinfo=UTC)
"""The 16th begins in Tokyo."""
TWO_SEATS = [
    Spot("a", names(), "east", capacity=2),
    Spot("b", names(), "east"),
    Spot("q", names(), "west", capacity=2, kind="quiz", question=Question(["x"])),
]
PRIZES = [
    Prize("sweets", names(), Always(), FirstCome(stock=3, per_day=2)),
    Prize("fan", names(), Always(), FirstCome()),
    Prize("drink", names(), Always(), Coupon(uses=2)),
    Prize("trip", names(), Stamps(1), Draw(1)),
]


def seated(**changes: Any) -> Rally:
    """Two seats at a and at q in a period, any number at b."""
    made = plan(**{"spots": TWO_SEATS, "sheets": [], "prizes": PRIZES} | changes)
    assert mistakes(made) == []
    return rally(made)


OF = seated()
SEAT = Lot("walk", "spot:a", 20260115)


def fact_of(of: Rally, one: Scan, now: datetime = NOW, card: Card | None = None) -> VisitorFact:
    """What the log gets of a scan."""
    decision = decide(of, card or Card(), one, now)
    if isinstance(decision, Refusal):
        decision = refused_fact(of, card or Card(), one, decision, now)  # type: ignore[assignment]
    assert isinstance(decision, VisitRecorded | VisitConfirmed | QuizAnswered | CheckInRefused)
    return decision


def handed(prize: str, now: datetime = NOW, taken: Taken | None = None) -> PrizeHandedOver:
    """A prize given to somebody who has none yet."""
    id_ = UUID(int=5)
    fact = hand_over(OF, Card(), VISITOR, prize, "a", id_, now, "staff", taken or Taken())
    assert fact is not None
    return fact


def taken_back(prize: str, now: datetime) -> HandOverReversed:
    card = evolve(Card(), handed(prize), 1, NOW)
    fact = reverse(OF, card, VISITOR, prize, "a", UUID(int=5), now, "boss", any_time=True)
    assert fact is not None
    return fact


def voided(of: Rally, spot: str, *, back: bool = False) -> VisitorFact:
    """The fact that voids a visit of a spot, or lets it count again, five days later."""
    later = NOW + 5 * DAY
    card = card_of(of, [(scan(spot, 1, answer="x"), NOW)])
    fact: VisitorFact | None = void(of, card, VISITOR, 1, later, "organiser", "a test")
    if back and fact is not None:
        fact = reinstate(of, evolve(card, fact, 2, later), VISITOR, 1, later, "organiser", "")
    assert fact is not None
    return fact


def some(fact: VisitorFact | None) -> VisitorFact:
    assert fact is not None
    return fact


@pytest.mark.parametrize(
    ("fact", "lots"),
    [
        (fact_of(OF, scan("a")), [(SEAT, 1)]),
        (fact_of(OF, scan("a", scanned_at=NOW - DAY)), [(SEAT._replace(period=20260114), 1)]),
        (fact_of(OF, scan("q", answer="x")), [(SEAT._replace(item="spot:q"), 1)]),
        (fact_of(OF, scan("b")), []),
        (voided(OF, "a"), [(SEAT, -1)]),
        (voided(OF, "a", back=True), [(SEAT, 1)]),
        (voided(OF, "b"), []),
        (voided(OF, "b", back=True), []),
        # A further scan of a visit, a wrong answer, a refusal take no place.
        (fact_of(OF, scan("a", evidence="badge"), NOW, card_of(OF, [(scan("a", 9), NOW)])), []),
        (fact_of(OF, scan("q", answer="y")), []),
        (fact_of(rally(OF.plan, opened_at=None), scan("a")), []),
        (some(erase(OF, visited("b", of=OF), VISITOR, NOW, "visitor")), []),
        # Of a prize: one in all, and one of the day.
        (handed("sweets"), [(Lot("walk", "prize:sweets", 0), 1), (Lot("walk", "prize:sweets", 20260115), 1)]),
        (handed("sweets", MIDNIGHT), [(Lot("walk", "prize:sweets", 0), 1), (Lot("walk", "prize:sweets", 20260116), 1)]),
        (handed("drink"), [(Lot("walk", "prize:drink", 0), 1), (Lot("walk", "prize:drink", 20260115), 1)]),
        (taken_back("sweets", NOW), [(Lot("walk", "prize:sweets", 0), -1), (Lot("walk", "prize:sweets", 20260115), -1)]),
        (taken_back("sweets", MIDNIGHT), [(Lot("walk", "prize:sweets", 0), -1), (Lot("walk", "prize:sweets", 20260115), -1)]),
        (some(enter(OF, visited("b", of=OF), VISITOR, "trip", NOW)), []),
        (SurveyAnswered(rally="walk", visitor=VISITOR, occurred_at=NOW, answers={"home": "far"}), []),
        (close(OF, card_of(OF, [(scan("a", 9), NOW)]), VISITOR, [], UUID(int=8), NOW, "visitor"), [(SEAT, -1)]),
        (close(OF, evolve(visited("b", of=OF), handed("drink"), 2, NOW), VISITOR, [(2, handed("drink"))], UUID(int=8), NOW, "visitor"), [(Lot("walk", "prize:drink", 0), -1), (Lot("walk", "prize:drink", 20260115), -1)]),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_a_fact_takes_or_gives_back(fact: VisitorFact, lots: list[tuple[Lot, int]]) -> None:
    assert list(takes(OF, fact)) == lots


def test_every_kind_of_fact_about_a_visitor_is_in_that_table() -> None:
    (table,) = test_a_fact_takes_or_gives_back.pytestmark  # type: ignore[attr-defined]
    tested = {type(fact) for fact, _ in table.args[1]}
    assert tested >= {VisitorErased, PrizeEntered, VisitConfirmed, QuizAnswered, CheckInRefused}
    assert tested == set(VisitorFact.__args__)


@pytest.mark.parametrize("revisit", [OncePerRally(), OncePerInterval(90)])
def test_a_visit_takes_the_very_seat_that_was_looked_at_before(revisit: Any) -> None:
    of = seated(revisit=revisit)
    for ago in (0, 1, 89, 90, 91, 2_000):
        one = scan("a", scanned_at=NOW - timedelta(minutes=ago))
        assert list(takes(of, fact_of(of, one))) == [(seat(of, one, NOW), 1)]


def test_a_seat_is_one_of_its_rally_spot_and_period() -> None:
    assert places(OF, "a", 7) == Lot("walk", "spot:a", 7)
    assert prize_lots(OF, "a", NOW) == (
        Lot("walk", "prize:a", IN_ALL),
        Lot("walk", "prize:a", 20260115),
    )


# --- prizes while stock lasts -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prize", "taken", "code"),
    [
        ("sweets", Taken(0, 0), None),
        ("sweets", Taken(2, 1), None),
        ("sweets", Taken(2, 2), "out_of_stock_today"),
        ("sweets", Taken(3, 1), "out_of_stock"),
        ("sweets", Taken(3, 2), "out_of_stock"),
        ("sweets", Taken(9, 9), "out_of_stock"),
        ("fan", Taken(9_999, 9_999), None),
        ("drink", Taken(9_999, 9_999), None),
    ],
)
def test_a_prize_is_given_while_stock_lasts(prize: str, taken: Taken, code: str | None) -> None:
    if code is None:
        assert handed(prize, taken=taken).prize == prize
    else:
        with pytest.raises(NotAllowed, match=r"(have|has) been given\.$") as refused:
            handed(prize, taken=taken)
        assert refused.value.code == code


def test_the_same_hand_over_again_is_no_refusal_when_it_was_the_last_one() -> None:
    card = evolve(Card(), handed("sweets", taken=Taken(2, 1)), 1, NOW)
    assert hand_over(OF, card, VISITOR, "sweets", "a", UUID(int=5), NOW, "staff", Taken(3, 2)) is None  # fmt: skip


def test_whoever_has_one_is_told_so_before_that_there_are_no_more() -> None:
    card = evolve(Card(), handed("sweets"), 1, NOW)
    with pytest.raises(NotAllowed) as refused:
        hand_over(OF, card, VISITOR, "sweets", "a", UUID(int=6), NOW, "staff", Taken(3, 2))
    assert refused.value.code == "already_handed_over"


class Shop:
    """A counter for many visitors, and what is taken: counted as the database does."""

    def __init__(self) -> None:
        self.cards: dict[int, Card] = {}
        self.taken: Counter[Lot] = Counter()
        self.given: list[tuple[int, UUID, datetime]] = []

    def give(self, visitor: int, number: int, now: datetime) -> str | None:
        card, id_ = self.cards.get(visitor, Card()), UUID(int=number)
        left = Taken(*(self.taken[lot] for lot in prize_lots(OF, "sweets", now)))
        try:
            fact = hand_over(OF, card, UUID(int=visitor), "sweets", "a", id_, now, "staff", left)
        except NotAllowed as refused:
            return refused.code
        assert fact is not None
        self.given.append((visitor, id_, now))
        self.add(visitor, fact)
        return None

    def take_back(self, number: int, now: datetime) -> None:
        visitor, id_, _ = self.given.pop(number)
        who = UUID(int=visitor)
        said = (OF, self.cards[visitor], who, "sweets", "a", id_, now, "boss")
        self.add(visitor, some(reverse(*said, any_time=True)))

    def add(self, visitor: int, fact: VisitorFact) -> None:
        self.cards[visitor] = evolve(self.cards.get(visitor, Card()), fact, 1, NOW)
        self.taken.update(dict(takes(OF, fact)))


def test_a_prize_that_was_taken_back_is_one_more_for_somebody_else_on_that_day() -> None:
    """Given three, two a day; when one is taken back; then another one is given."""
    shop = Shop()
    assert [shop.give(n, n, NOW) for n in range(3)] == [None, None, "out_of_stock_today"]
    shop.take_back(0, NOW)
    assert [shop.give(n, 10 + n, NOW) for n in (2, 3)] == [None, "out_of_stock_today"]
    assert shop.give(4, 4, MIDNIGHT - MICROSECOND) == "out_of_stock_today"
    assert shop.give(4, 5, MIDNIGHT) is None
    assert shop.give(5, 6, MIDNIGHT) == "out_of_stock"
    shop.take_back(0, MIDNIGHT)
    assert [shop.give(n, 20 + n, MIDNIGHT) for n in (5, 6)] == [None, "out_of_stock"]


STEPS = st.lists(
    st.tuples(st.sampled_from(["give", "give", "back"]), st.integers(0, 6), st.integers(0, 2)),
    max_size=25,
)


@given(STEPS)
def test_never_more_are_out_than_there_are_nor_on_a_day_than_its_share(
    steps: list[tuple[str, int, int]],
) -> None:
    """Days pass, and prizes come back on the day on which they were given."""
    shop, day = Shop(), 0
    for number, (what, which, later) in enumerate(steps):
        today = [n for n, (_, _, at) in enumerate(shop.given) if at == NOW + day * DAY]
        if what == "back" and today:
            shop.take_back(today[which % len(today)], NOW + day * DAY)
        elif what == "give":
            day += later // 2
            shop.give(which, number, NOW + day * DAY)
        assert len(shop.given) <= 3
        assert max(Counter(at for _, _, at in shop.given).values(), default=0) <= 2
        assert shop.taken[Lot("walk", "prize:sweets", IN_ALL)] == len(shop.given)


# --- places at a spot ---------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from("sv")), max_size=20))
def test_never_more_are_seated_than_there_are_places_and_a_void_visit_frees_one(
    steps: list[tuple[int, str]],
) -> None:
    """Several visitors come again and again, and some visits are voided."""
    cards, taken = dict.fromkeys(range(5), Card()), Counter[Lot]()
    for number, (who, what) in enumerate(steps):
        card, one = cards[who], scan("a", number, visitor=UUID(int=who))
        counted = [visit for visit in card.visits if not visit.void]
        fact: Any = None
        if what == "v" and counted:
            fact = void(OF, card, UUID(int=who), counted[0].position, NOW, "organiser", "")
        elif what == "s":
            fact = decide(OF, card, one, NOW, taken[SEAT])
            free = sum(not each.void for c in cards.values() for each in c.visits) < 2
            assert isinstance(fact, VisitRecorded) == (free and not counted)
        if isinstance(fact, VisitorFact):
            cards[who] = evolve(card, fact, number, NOW)
            taken.update(dict(takes(OF, fact)))
    assert taken[SEAT] == sum(not each.void for c in cards.values() for each in c.visits) <= 2
