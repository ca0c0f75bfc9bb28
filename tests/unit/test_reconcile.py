"""The reconciliation: nothing differs in any true history, and whatever is wrong is told."""

from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import pytest
from builders import NOW, names, plan, rally, visited
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.card import Card, evolve
from domain.close_out import freeze
from domain.conditions import Stamps
from domain.draw import (
    Entry,
    commit_draw,
    commitment,
    fix_entries,
    forfeit,
    hold_draw,
    ranking_of,
)
from domain.events import PrizeHandedOver, VisitorErased
from domain.plan import Draw, FirstCome, Prize
from domain.prizes import hand_over, reverse
from domain.rally import NotAllowed, Rally, close_rally, evolve_rally
from domain.reconcile import Book, Line, differences, reconcile
from domain.stock import IN_ALL, Taken, taken_by
from domain.winners import entry_id

STOCK = 2
PLAN = plan(
    prizes=[
        Prize("few", names(), Stamps(1), Draw(1)),
        Prize("many", names(), Stamps(1), Draw(3), by_post=True),
        Prize("towel", names(), Stamps(1), FirstCome(STOCK)),
    ]
)
VISITORS = [UUID(int=n) for n in range(6)]
LISTED = [Entry(prize, entry_id("walk", each), 1) for prize in ("few", "many") for each in VISITORS]


def drawn() -> Rally:
    known = rally(PLAN)
    for decide in (
        lambda known: commit_draw(known, commitment("s"), NOW, "o"),
        lambda known: close_rally(known, NOW, "o"),
        lambda known: freeze(known, [1], NOW, "o"),
        lambda known: fix_entries(known, LISTED, known.frozen, NOW, "o"),
        lambda known: hold_draw(known, LISTED, "s", "7", "a lottery", NOW, "o"),
    ):
        known = evolve_rally(known, decide(known))
    return known


class History:
    """What staff and the organiser do about prizes; what each book then says."""

    def __init__(self) -> None:
        self.rally = drawn()
        self.cards: dict[UUID, Card] = {each: visited("a", of=rally(PLAN)) for each in VISITORS}
        self.facts: list[Any] = []

    def take(self, kind: str, visitor: UUID, prize: str) -> None:
        try:
            self._take(kind, visitor, prize)
        except NotAllowed:
            return  # which is told, and changes nothing

    def _take(self, kind: str, visitor: UUID, prize: str) -> None:
        card = self.cards[visitor]
        match kind:
            case "give":
                about = (self.rally, card, visitor, prize, None, uuid4(), NOW, "o")
                fact = hand_over(*about, Taken(self.given(prize)))
            case "back":
                ids = [each.id for each in card.handed if each.prize == prize]
                id_ = UUID(bytes=ids[-1]) if ids else uuid4()
                fact = reverse(self.rally, card, visitor, prize, None, id_, NOW, "o")
            case "erase":
                fact = VisitorErased(rally="walk", visitor=visitor, occurred_at=NOW, by="visitor")
            case _:
                self._forfeit(visitor, prize)
                return
        if fact is not None:
            self.facts.append(fact)
            self.cards[visitor] = evolve(card, fact, len(self.facts), NOW)

    def _forfeit(self, visitor: UUID, prize: str) -> None:
        ranking = ranking_of(self.rally.drawing, LISTED, prize)
        handed = self.given(prize, visitor) > 0
        entry = entry_id("walk", visitor)
        fact = forfeit(self.rally, ranking, prize, entry, NOW, "o", handed=handed)
        if fact is not None:
            self.rally = evolve_rally(self.rally, fact)

    def given(self, prize: str, visitor: UUID | None = None) -> int:
        """By the facts: how many of a prize were given, to one visitor or to all."""
        return sum(
            1 if isinstance(fact, PrizeHandedOver) else -1
            for fact in self.facts
            if getattr(fact, "prize", None) == prize and visitor in (None, fact.visitor)
        )

    def books(self) -> list[Book]:
        taken: Counter[Any] = taken_by(self.rally, self.facts)
        of_item = {lot.item: count for lot, count in taken.items() if lot.period == IN_ALL}
        return [
            Book(
                prize=prize,
                log=self.given(prize.id),
                projection=self.given(prize.id),
                counter=of_item.get(f"prize:{prize.id}", 0),
                entries=sum(entry.prize == prize.id for entry in LISTED),
                waiting=self.waiting(prize),
            )
            for prize in PLAN.prizes
        ]

    def waiting(self, prize: Prize) -> int:
        assert self.rally.drawing is not None
        owners = self.rally.drawing.winners_now(prize.id)
        given_to = {entry_id("walk", each) for each in VISITORS if self.given(prize.id, each) > 0}
        return len([each for each in owners if each not in given_to])


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["give", "give", "give", "back", "forfeit", "forfeit", "erase"]),
        st.sampled_from(VISITORS),
        st.sampled_from(["few", "many", "towel"]),
    ),
    max_size=40,
)


@given(STEPS)
def test_whatever_happens_to_prizes_all_books_agree(done: list[tuple[str, UUID, str]]) -> None:
    history = History()
    for step in done:
        history.take(*step)
    lines = reconcile(history.rally, history.books())
    assert [line for line in lines if line.difference] == []
    assert history.given("towel") <= STOCK
    assert history.given("few") <= 1
    assert history.given("many") <= 3


@pytest.mark.parametrize(
    ("prize", "change", "wrong"),
    [
        ("few", {"entries": 5}, [(None, "entries", -1)]),
        ("many", {"log": 1, "projection": 1, "counter": 1}, [("many", "owed", 1)]),
        ("towel", {"counter": 1}, [("towel", "counters", 1)]),
        ("towel", dict.fromkeys(("log", "projection", "counter"), 3), [("towel", "stock", 1)]),
        ("towel", {"projection": -1}, [("towel", "figures", -1)]),
    ],
)
def test_each_difference_is_told_where_it_is(
    prize: str, change: dict[str, int], wrong: list[tuple[str | None, str, int]]
) -> None:
    history = History()
    books = [
        replace(book, **change) if book.prize.id == prize else book for book in history.books()
    ]
    lines = reconcile(history.rally, books)
    assert [(line.prize, line.what, line.difference) for line in lines if line.difference] == wrong
    assert differences(lines) == len(wrong)


def test_more_winners_than_planned_are_told() -> None:
    history = History()
    assert history.rally.drawing is not None
    winners = {"few": ["a", "b"], "many": []}
    drawing = replace(history.rally.drawing, winners=winners)
    lines = reconcile(replace(history.rally, drawing=drawing), history.books())
    assert Line("few", "winners", 1, 2) in lines


def test_before_the_draw_there_is_less_to_compare() -> None:
    books = [Book(prize=prize, log=0, projection=0, counter=0) for prize in PLAN.prizes]
    found = [(line.prize, line.what) for line in reconcile(rally(PLAN), books)]
    both = ("figures", "counters")
    assert found == [
        *[(prize, what) for prize in ("few", "many") for what in both],
        *[("towel", what) for what in ("stock", *both)],
    ]
