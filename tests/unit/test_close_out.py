"""The close-out: freeze, thaw, review; which step is done, which is now."""

from datetime import timedelta
from typing import Any

import pytest
from builders import NOW, names, plan, rally, scan, visited
from msgspec.structs import replace

from domain.card import Card, evolve
from domain.close_out import State, Tally, freeze, is_final, late_until, review, steps, thaw
from domain.conditions import Stamps
from domain.draw import commit_draw, commitment, fix_entries, hold_draw
from domain.events import VisitRecorded
from domain.links import may_link
from domain.plan import Draw, FirstCome, Plan, Prize
from domain.rally import (
    NotAllowed,
    OpenData,
    Rally,
    cancel_rally,
    close_rally,
    evolve_rally,
    open_rally,
    plan_rally,
)
from domain.refusals import Refusal, RefusalCode
from domain.rules import Repeated, RepeatedRefusal, decide, refused_fact

DRAWN = plan(prizes=[Prize("trip", names(), Stamps(1), Draw(1), by_post=True)])
GIVEN = plan(prizes=[Prize("towel", names(), Stamps(1), FirstCome(1))])


def after(of: Rally, fact: Any) -> Rally:
    assert fact is not None
    return evolve_rally(of, fact)


def over(of: Plan = DRAWN) -> Rally:
    known = rally(of)
    return after(known, close_rally(known, NOW, "o"))


def frozen(of: Plan = DRAWN) -> Rally:
    known = over(of)
    return after(known, freeze(known, [7, 9], NOW, "o"))


def test_a_frozen_rally_takes_no_scan_not_even_one_made_in_time() -> None:
    known, late = frozen(), scan("a", scanned_at=NOW - timedelta(minutes=30))
    refused = decide(known, Card(), late, NOW + timedelta(minutes=1))
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.at) == (RefusalCode.RALLY_FINAL, NOW)
    thawed = after(known, thaw(known, NOW, "o"))
    assert isinstance(decide(thawed, Card(), late, NOW + timedelta(minutes=1)), VisitRecorded)


def test_what_a_freeze_refused_is_judged_anew_once_it_is_thawed_or_too_late() -> None:
    """And while it is frozen, its refusal is logged once only."""
    known, late = frozen(), scan("a", scanned_at=NOW - timedelta(minutes=30))
    refused = decide(known, Card(), late, NOW)
    assert isinstance(refused, Refusal)
    fact = refused_fact(known, Card(), late, refused, NOW)
    assert fact is not None
    card = evolve(Card(), fact, 1, NOW)
    soon = NOW + timedelta(minutes=1)
    assert decide(known, card, late, soon) == RepeatedRefusal(refused)
    too_late = decide(known, card, late, NOW + timedelta(days=9))
    assert isinstance(too_late, Refusal)
    assert too_late.code is RefusalCode.SCAN_TOO_OLD
    fact = refused_fact(known, card, late, too_late, NOW + timedelta(days=9))
    assert fact is not None
    later = evolve(card, fact, 2, NOW + timedelta(days=9))
    assert decide(known, later, late, NOW + timedelta(days=9)) == RepeatedRefusal(too_late)
    thawed = after(known, thaw(known, NOW, "o"))
    assert isinstance(decide(thawed, card, late, soon), VisitRecorded)
    again = after(thawed, freeze(thawed, [8, 9], soon, "o"))
    assert decide(again, card, late, soon) == Refusal(RefusalCode.RALLY_FINAL, at=soon)


def test_a_scan_that_was_made_after_the_end_is_told_so_also_when_results_are_final() -> None:
    refused = decide(frozen(), Card(), scan("a"), NOW + timedelta(minutes=1))
    assert refused == Refusal(RefusalCode.RALLY_OVER, at=NOW)


def test_a_scan_that_is_sent_again_gets_its_first_answer_from_a_frozen_rally_too() -> None:
    card = visited("a", of=rally(DRAWN))
    again = scan("a", 100)
    known = decide(frozen(), card, again, NOW)
    first = decide(rally(DRAWN), card, again, NOW)
    assert isinstance(first, Repeated)
    assert known == first


def test_freezing_is_said_once_and_taken_back_until_entries_are_fixed() -> None:
    known = frozen()
    assert known.frozen is not None
    assert known.frozen.positions == (7, 9)
    assert freeze(known, [8, 9], NOW, "o") is None
    known = after(known, review(known, 3, 1, NOW, "o"))
    assert review(known, 4, 4, NOW, "o") is None
    known = after(known, thaw(known, NOW, "o"))
    assert (known.frozen, known.reviewed) == (None, None), "what comes is to be looked at, too"
    assert thaw(known, NOW, "o") is None


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (lambda: freeze(rally(DRAWN), [], NOW, "o"), "rally_not_over"),
        (lambda: review(over(), 0, 0, NOW, "o"), "rally_not_frozen"),
        (lambda: plan_rally(frozen(), GIVEN, NOW, "o"), "entries_closed"),
        (lambda: open_rally(frozen(), NOW, "o"), "entries_closed"),
        (lambda: may_link(frozen(), Card(), Card()), "rally_frozen"),
    ],
)
def test_nothing_changes_the_results_while_they_are_final(step: Any, code: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        step()
    assert refused.value.code == code


def test_a_rally_that_ended_by_its_plan_may_be_frozen() -> None:
    known = rally(DRAWN)
    assert freeze(known, [1], known.course.ends, "o") is not None


def test_a_rally_is_final_when_it_is_frozen_or_no_late_scan_is_taken() -> None:
    """Not when it is closed: it may be opened again."""
    hours, ends = timedelta(hours=DRAWN.late_scan_hours_max), over().course.ends
    assert not is_final(over(), NOW + hours)
    assert not is_final(over(), ends)
    assert is_final(over(), ends + hours)
    assert is_final(frozen(), NOW)
    assert not is_final(frozen(), NOW - timedelta(seconds=1))
    cancelled = after(rally(DRAWN), cancel_rally(rally(DRAWN), NOW, "o"))
    assert not is_final(cancelled, NOW)
    assert is_final(cancelled, NOW + hours)


def test_what_would_bring_visits_is_not_allowed_once_open_data_is_published() -> None:
    published = replace(frozen(), open_data=OpenData("0", NOW))
    closed = replace(published, frozen=None)
    longer = replace(DRAWN, last_day=DRAWN.last_day + timedelta(days=1))
    for step in (
        lambda: thaw(published, NOW, "o"),
        lambda: open_rally(closed, NOW, "o"),
        lambda: plan_rally(closed, longer, NOW, "o"),
    ):
        with pytest.raises(NotAllowed) as refused:
            step()
        assert refused.value.code == "open_data_published"


def test_late_scans_may_come_until_so_many_hours_after_the_end() -> None:
    hours = timedelta(hours=DRAWN.late_scan_hours_max)
    assert late_until(over()) == NOW + hours
    assert late_until(rally(DRAWN)) == rally(DRAWN).course.ends + hours


def stands(known: Rally, tally: Tally = Tally()) -> dict[str, str]:  # noqa: B008 - frozen
    return {step.name: step.state.value for step in steps(known, tally, NOW)}


def test_each_fact_brings_the_close_out_one_step_on() -> None:
    now, done, later = State.NOW, State.DONE, State.LATER
    known = rally(DRAWN)
    names_ = ["commit", "freeze", "review", "fix", "hold", "hand-over", "reconcile"]
    seen = [stands(known)]
    for step in (
        lambda known: commit_draw(known, commitment("s"), NOW, "o"),
        lambda known: close_rally(known, NOW, "o"),
        lambda known: freeze(known, [1], NOW, "o"),
        lambda known: review(known, 0, 0, NOW, "o"),
        lambda known: fix_entries(known, [], known.frozen, NOW, "o"),
        lambda known: hold_draw(known, [], "s", "7", "a lottery", NOW, "o"),
    ):
        known = after(known, step(known))
        seen.append(stands(known))
    assert [list(each.values()) for each in seen] == [
        [now, later, later, later, later, later, later],
        [done, later, later, later, later, later, later],
        [done, now, later, later, later, later, later],
        [done, done, now, later, later, later, later],
        [done, done, done, now, later, later, later],
        [done, done, done, done, now, later, later],
        [done] * 7,
    ]
    assert all(list(each) == names_ for each in seen)


def test_the_last_steps_wait_for_addresses_hand_overs_and_an_even_account() -> None:
    known = over()
    for step in (
        commit_draw(known, commitment("s"), NOW, "o"),
        freeze(known, [1], NOW, "o"),
    ):
        known = after(known, step)
    known = after(known, review(known, 0, 0, NOW, "o"))
    known = after(known, fix_entries(known, [], known.frozen, NOW, "o"))
    known = after(known, hold_draw(known, [], "s", "7", "x", NOW, "o"))
    last = ("gather", "hand-over", "reconcile")
    for tally, expected in (
        (Tally(winners=2, by_post=2, addressed=1), ["now", "now", "now"]),
        (Tally(winners=2, by_post=2, addressed=2, handed=1), ["done", "now", "now"]),
        (Tally(2, 2, 2, 2, differences=1), ["done", "done", "now"]),
        (Tally(2, 2, 2, 2), ["done", "done", "done"]),
    ):
        found = stands(known, tally)
        assert [found[name] for name in last] == expected


def test_a_rally_without_a_draw_has_fewer_steps() -> None:
    assert stands(over(GIVEN)) == {"freeze": "now", "review": "later", "reconcile": "later"}
