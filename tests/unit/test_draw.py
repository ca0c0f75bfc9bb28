"""The draw: bound before, fixed before, fair, and the same for whoever works it out."""

from collections import Counter
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from builders import NOW, VISITOR, names, plan, rally, visited
from hypothesis import given
from hypothesis import strategies as st

from domain.card import evolve
from domain.close_out import freeze, thaw
from domain.conditions import Stamps
from domain.draw import (
    Entry,
    commit_draw,
    commitment,
    digest,
    drawn_in_order,
    entries_of,
    fix_entries,
    forfeit,
    hold_draw,
    ranked,
    ranking_of,
    seed,
    winners,
)
from domain.events import PrizeEntered, VisitorErased
from domain.plan import Draw, FirstCome, Plan, Prize, Tier
from domain.prizes import enter
from domain.rally import NotAllowed, Rally, close_rally, evolve_rally, open_rally, plan_rally
from domain.winners import entry_id, has_won

SECRET = "ab" * 32


def drawn(prize: str, winners: int, **giving: Any) -> Prize:
    return Prize(prize, names(), Stamps(1), Draw(winners, **giving))


PLAN = plan(prizes=[drawn("many", 3), drawn("few", 1), Prize("c", names(), Stamps(1), FirstCome())])
ENTRIES = st.dictionaries(
    st.tuples(st.sampled_from(["many", "few"]), st.integers(0, 30)), st.integers(1, 36), max_size=40
).map(lambda all_: [Entry(p, entry_id("walk", UUID(int=n)), c) for (p, n), c in all_.items()])


# --- the rule -----------------------------------------------------------------------------------


@given(ENTRIES, st.randoms())
def test_winners_do_not_depend_on_the_order_of_the_list(entries: list[Entry], by: Any) -> None:
    other = list(entries)
    by.shuffle(other)
    assert winners(PLAN, "x", entries) == winners(PLAN, "x", other)
    assert digest(entries) == digest(other)


@given(ENTRIES)
def test_nobody_wins_twice_and_as_many_win_as_there_are_prizes(entries: list[Entry]) -> None:
    won = winners(PLAN, "x", entries)
    assert list(won) == ["few", "many"], "the prize with fewer winners first"
    everybody = [entry for prize in won.values() for entry in prize]
    assert len(everybody) == len(set(everybody))
    for prize in drawn_in_order(PLAN):
        others = {entry for name, some in won.items() if name != prize.id for entry in some}
        there = {entry.id for entry in entries if entry.prize == prize.id}
        wanted = 1 if prize.id == "few" else 3
        assert set(won[prize.id]) <= there
        assert len(won[prize.id]) == min(wanted, len(there - others)) or prize.id == "few"


def chi_square(counted: Counter[Any], expected: dict[Any, float]) -> float:
    assert set(counted) <= set(expected)
    return sum((counted[each] - n) ** 2 / n for each, n in expected.items())


def test_ten_thousand_draws_are_as_fair_as_an_urn() -> None:
    """Entries with 1, 2 and 3 chances, the order of all three of them: successive sampling's
    probabilities (Yates and Grundy 1953). Chi-square with 5 degrees of freedom stays below the
    bound that chance passes once in a thousand. The seeds are fixed, and so is the result."""
    weights = {"a": 1, "b": 2, "c": 3}
    entries = [Entry("p", name, chances) for name, chances in weights.items()]
    draws = 10_000
    counted = Counter(tuple(ranked(seed(SECRET, str(n)), entries)) for n in range(draws))
    expected = {}
    for order in permutations(weights):
        probability, left = 1.0, sum(weights.values())
        for name in order:
            probability *= weights[name] / left
            left -= weights[name]
        expected[order] = draws * probability
    assert chi_square(counted, expected) < 20.515


def test_equal_entries_win_equally_often_whatever_they_are_called() -> None:
    """A hundred entries, 10,000 draws: 99 degrees of freedom."""
    entries = [Entry("p", entry_id("walk", UUID(int=n)), 1) for n in range(100)]
    counted = Counter(ranked(seed(SECRET, f"day {n}"), entries)[0] for n in range(10_000))
    assert chi_square(counted, {entry.id: 100.0 for entry in entries}) < 148.23


def test_an_entry_tells_nothing_and_is_another_one_in_another_rally() -> None:
    assert len({entry_id("walk", VISITOR), entry_id("run", VISITOR)}) == 2
    assert VISITOR.hex not in entry_id("walk", VISITOR)


# --- who takes part -----------------------------------------------------------------------------


def test_entries_are_those_who_entered_and_those_who_need_not() -> None:
    """With the chances of their tiers; never the erased, nor those of prizes at the counter."""
    of = rally(
        plan(
            prizes=[
                drawn("asked", 1, tiers=[Tier(2, 5)]),
                drawn("auto", 1, automatic=True),
                Prize("c", names(), Stamps(1), FirstCome()),
            ]
        )
    )
    id_, card = entry_id("walk", VISITOR), visited("a", "c", of=of)
    assert list(entries_of(of, VISITOR, card)) == [Entry("auto", id_, 1)]
    said = PrizeEntered(rally="walk", visitor=VISITOR, prize="asked", occurred_at=NOW)
    card = evolve(card, said, 3, NOW)
    assert set(entries_of(of, VISITOR, card)) == {Entry("asked", id_, 5), Entry("auto", id_, 1)}
    erased = VisitorErased(rally="walk", visitor=VISITOR, occurred_at=NOW, by="visitor")
    assert list(entries_of(of, VISITOR, evolve(card, erased, 4, NOW))) == []


# --- the steps ----------------------------------------------------------------------------------


def after(of: Rally, fact: Any) -> Rally:
    assert fact is not None
    return evolve_rally(of, fact)


def committed(of: Plan = PLAN) -> Rally:
    known = rally(of)
    return after(known, commit_draw(known, commitment(SECRET), NOW, "o"))


def closed() -> Rally:
    known = committed()
    known = after(known, close_rally(known, NOW, "o"))
    return after(known, freeze(known, [3, 4], NOW, "o"))


LIST = [Entry("few", "e1", 2), Entry("many", "e1", 1), Entry("many", "e2", 4)]


def fixed() -> Rally:
    known = closed()
    return after(known, fix_entries(known, LIST, known.frozen, NOW, "o"))


def held(
    known: Rally,
    entries: list[Entry] = LIST,
    secret: str = SECRET,
    public: str = "7",
    about: str = "a lottery",
) -> Any:
    return hold_draw(known, entries, secret, public, about, NOW, "o")


def test_the_steps_lead_to_winners_and_are_taken_once() -> None:
    known = fixed()
    fact = held(known)
    known = after(known, fact)
    assert fact.winners == winners(PLAN, seed(SECRET, "7"), LIST)
    assert fact.winners["few"] == ["e1"]
    assert fact.winners["many"] == ["e2"], "who has won is out of the others' urns"
    assert known.drawing is not None
    assert (known.drawing.secret, known.drawing.public) == (SECRET, "7")
    assert held(known, public="8") is None
    assert commit_draw(known, "other", NOW, "o") is None
    assert freeze(known, [5, 6], NOW, "o") is None
    assert fix_entries(known, [], known.frozen, NOW, "o") is None


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (lambda: commit_draw(rally(plan(prizes=[])), "c", NOW, "o"), "nothing_drawn"),
        (lambda: freeze(committed(), [], NOW, "o"), "rally_not_over"),
        (lambda: fix_entries(rally(PLAN), LIST, None, NOW, "o"), "draw_not_committed"),
        (lambda: fix_entries(committed(), LIST, None, NOW, "o"), "rally_not_frozen"),
        (lambda: thaw(fixed(), NOW, "o"), "entries_fixed"),
        (lambda: ranking_of(fixed().drawing, LIST, "many"), "draw_not_held"),
        (lambda: held(closed()), "entries_not_fixed"),
        (lambda: held(fixed(), LIST[1:]), "entries_changed"),
        (lambda: held(fixed(), [*LIST[1:], Entry("few", "e1", 3)]), "entries_changed"),
        (lambda: held(fixed(), secret="cd" * 32), "secret_wrong"),
        (lambda: held(fixed(), public=" "), "public_missing"),
        (lambda: held(fixed(), about=" "), "about_missing"),
    ],
)
def test_no_step_is_taken_before_its_turn_or_with_something_else(step: Any, code: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        step()
    assert refused.value.code == code


def test_once_entries_are_closed_nothing_changes_about_them() -> None:
    """Nobody enters, the plan and its chances stay, and the rally is not opened again."""
    known, card = closed(), visited("a", of=rally(PLAN))
    for change in (
        lambda: enter(known, card, VISITOR, "many", NOW),
        lambda: plan_rally(known, plan(prizes=[drawn("many", 4)]), NOW, "o"),
        lambda: open_rally(known, NOW, "o"),
    ):
        with pytest.raises(NotAllowed) as refused:
            change()
        assert refused.value.code == "entries_closed"


# --- prizes that are not taken -------------------------------------------------------------------


def gives_up(known: Rally, prize: str, entry: str, *, handed: bool = False) -> Any:
    ranking = ranking_of(known.drawing, LONG, prize)
    return forfeit(known, ranking, prize, entry, NOW, "o", handed=handed)


LONG = [Entry(p, f"e{n}", 1 + n % 3) for n in range(8) for p in ("few", "many")]


def drawn_of_many() -> Rally:
    known = closed()
    known = after(known, fix_entries(known, LONG, known.frozen, NOW, "o"))
    return after(known, held(known, LONG))


def test_who_comes_next_in_the_draw_and_has_won_nothing_moves_up() -> None:
    known = drawn_of_many()
    assert known.drawing is not None
    (first,), (second, *others) = (known.drawing.winners[prize] for prize in ("few", "many"))
    fact = gives_up(known, "many", second)
    known = after(known, fact)
    order = ranking_of(known.drawing, LONG, "many")
    assert fact.next == next(one for one in order if one not in (first, second, *others))
    assert known.drawing.winners_now("many") == [*others, fact.next]
    assert known.drawing.winners["many"] == [second, *others], "as they were drawn"
    assert gives_up(known, "many", second) is None, "said again it stays what it was"


def test_prizes_given_up_go_round_until_nobody_is_left() -> None:
    """Nobody wins twice, whoever gave one up neither."""
    known, seen = drawn_of_many(), set()
    while owners := known.drawing.winners_now("few") + known.drawing.winners_now("many"):
        assert len(set(owners)) == len(owners)
        seen.update(owners)
        prize = "few" if known.drawing.winners_now("few") else "many"
        known = after(known, gives_up(known, prize, known.drawing.winners_now(prize)[0]))
    assert seen == {f"e{n}" for n in range(8)}
    assert [each.next for each in known.drawing.forfeits][-3:] == [None] * 3


@pytest.mark.parametrize(
    ("entry", "handed", "code"),
    [("nobody", False, "prize_not_won"), (None, True, "already_handed_over")],
)
def test_only_who_has_won_and_was_given_nothing_gives_a_prize_up(
    entry: str | None, handed: bool, code: str
) -> None:
    known = drawn_of_many()
    with pytest.raises(NotAllowed) as refused:
        gives_up(known, "few", entry or known.drawing.winners["few"][0], handed=handed)
    assert refused.value.code == code


def test_a_prize_is_whose_it_is_now() -> None:
    visitors = [UUID(int=n) for n in range(9)]
    listed = [Entry("few", entry_id("walk", each), 1) for each in visitors]
    known = closed()
    known = after(known, fix_entries(known, listed, known.frozen, NOW, "o"))
    known = after(known, held(known, listed))
    (winner,) = (each for each in visitors if has_won(known, each, "few"))
    ranking = ranking_of(known.drawing, listed, "few")
    entry = entry_id("walk", winner)
    known = after(known, forfeit(known, ranking, "few", entry, NOW, "o", handed=False))
    (other,) = (each for each in visitors if has_won(known, each, "few"))
    assert other != winner
    assert not has_won(rally(PLAN), winner, "few")
