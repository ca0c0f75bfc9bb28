"""Decisions on a whole rally: given its facts, when it is changed, then a fact or why not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from builders import NOW, names, plan, rally

from domain.events import (
    CodeRevoked,
    RallyCancelled,
    RallyClosed,
    RallyFact,
    RallyOpened,
    RallyPlanned,
    RallyReplanned,
)
from domain.plan import Plan
from domain.rally import (
    NotAllowed,
    Opening,
    Rally,
    Status,
    cancel_rally,
    close_rally,
    evolve_rally,
    open_rally,
    plan_rally,
    revoke_code,
)

BY = "organiser"
LATER = NOW + timedelta(hours=1)
SAID: dict[str, Any] = {"rally": "walk", "occurred_at": NOW, "by": BY}
PLANNED = RallyPlanned(plan=plan(), **SAID)
OPENED, CLOSED, CANCELLED = RallyOpened(**SAID), RallyClosed(**SAID), RallyCancelled(**SAID)


def after(*facts: RallyFact) -> Rally:
    """The rally that `facts` have made, planned first."""
    state = evolve_rally(None, PLANNED)
    for fact in facts:
        state = evolve_rally(state, fact)
    return state


HISTORIES: dict[Status, tuple[RallyFact, ...]] = {
    Status.PLANNED: (),
    Status.OPEN: (OPENED,),
    Status.CLOSED: (OPENED, CLOSED),
    Status.CANCELLED: (OPENED, CANCELLED),
}


@pytest.mark.parametrize("status", Status)
def test_the_facts_say_where_a_rally_is_in_its_life(status: Status) -> None:
    assert after(*HISTORIES[status]).status is status


Change = Callable[[Rally, Any, str], RallyFact | None]


@pytest.mark.parametrize(
    ("change", "status", "expected"),
    [
        (open_rally, Status.PLANNED, RallyOpened),
        (open_rally, Status.OPEN, None),
        (open_rally, Status.CLOSED, RallyOpened),
        (open_rally, Status.CANCELLED, "rally_cancelled"),
        (close_rally, Status.PLANNED, "rally_not_open"),
        (close_rally, Status.OPEN, RallyClosed),
        (close_rally, Status.CLOSED, None),
        (close_rally, Status.CANCELLED, "rally_not_open"),
        (cancel_rally, Status.PLANNED, RallyCancelled),
        (cancel_rally, Status.OPEN, RallyCancelled),
        (cancel_rally, Status.CLOSED, RallyCancelled),
        (cancel_rally, Status.CANCELLED, None),
    ],
)
def test_a_change_makes_its_fact_is_done_already_or_is_not_allowed(
    change: Change, status: Status, expected: type[RallyFact] | str | None
) -> None:
    given = after(*HISTORIES[status])
    if isinstance(expected, str):
        with pytest.raises(NotAllowed) as raised:
            change(given, LATER, BY)
        assert raised.value.code == expected
    elif expected is None:
        assert change(given, LATER, BY) is None
    else:
        fact = change(given, LATER, BY)
        assert fact == expected(rally="walk", occurred_at=LATER, by=BY)  # type: ignore[call-arg]
        # Done once, it is done: the same again changes nothing.
        assert change(evolve_rally(given, fact), LATER, BY) is None


def test_a_closed_rally_that_opens_again_is_open_from_then_on() -> None:
    reopened = after(OPENED, CLOSED, RallyOpened(**SAID | {"occurred_at": LATER}))
    first = Opening(SAID["occurred_at"], SAID["occurred_at"])
    assert (reopened.status, reopened.openings) == (Status.OPEN, (first, Opening(LATER)))


def test_a_plan_is_laid_out_once_and_then_changed() -> None:
    changed = plan(names=names("新"))
    assert plan_rally(None, plan(), NOW, BY) == PLANNED
    assert plan_rally(after(), plan(), LATER, BY) is None
    fact = plan_rally(after(), changed, LATER, BY)
    assert fact == RallyReplanned(rally="walk", occurred_at=LATER, plan=changed, by=BY)


@pytest.mark.parametrize(
    ("based_on", "wish", "expected"),
    [
        (plan(), plan(names=names("new")), None),
        (plan(names=names("old")), plan(names=names("new")), "plan_changed"),
        (plan(names=names("old")), plan(), None),
        (None, plan(names=names("new")), "rally_exists"),
        (None, plan(), None),
    ],
)
def test_a_plan_is_written_over_by_whoever_has_seen_it(
    based_on: Plan | None, wish: Plan, expected: str | None
) -> None:
    if expected is None:
        plan_rally(after(), wish, LATER, BY, based_on)
        return
    with pytest.raises(NotAllowed) as refused:
        plan_rally(after(), wish, LATER, BY, based_on)
    assert refused.value.code == expected


def test_a_changed_plan_changes_the_course_and_nothing_else() -> None:
    before = after(OPENED, CodeRevoked(key_id=1, spot="a", **SAID))
    assert "a" in before.course.spots
    changed = plan(spots=plan().spots[1:], sheets=[])
    replanned = evolve_rally(before, RallyReplanned(plan=changed, **SAID))
    assert "a" not in replanned.course.spots
    assert (replanned.openings, replanned.revoked) == (before.openings, before.revoked)


@pytest.mark.parametrize(
    ("facts", "changed", "code"),
    [
        ((), plan(time_zone="Asia/Seoul"), "time_zone_fixed"),
        ((), plan(carry_over=False), "carry_over_fixed"),
        ((OPENED, CLOSED), plan(carry_over=False), "carry_over_fixed"),
        ((CANCELLED,), plan(names=names("新")), "rally_cancelled"),
    ],
)
def test_what_a_plan_may_not_change(facts: tuple[RallyFact, ...], changed: Any, code: str) -> None:
    with pytest.raises(NotAllowed) as raised:
        plan_rally(after(*facts), changed, LATER, BY)
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("revoked", "asked", "void"),
    [
        ((1, "a"), (1, "a"), True),
        ((1, "a"), (1, "b"), False),
        ((1, "a"), (2, "a"), False),
        ((1, None), (1, "b"), True),
        ((1, None), (2, "b"), False),
    ],
)
def test_a_code_is_void_alone_or_with_all_of_its_key(
    revoked: tuple[int, str | None], asked: tuple[int, str], void: bool
) -> None:
    fact = revoke_code(rally(), *revoked, NOW, BY)
    assert fact == CodeRevoked(key_id=revoked[0], spot=revoked[1], **SAID)
    after_it = evolve_rally(rally(), fact)
    assert after_it.is_revoked(*asked) is void
    # What is void already is not voided again.
    assert (revoke_code(after_it, *asked, NOW, BY) is None) is void


def test_a_single_code_voided_does_not_void_its_key() -> None:
    state = rally(revoked=frozenset({(1, "a")}))
    assert revoke_code(state, 1, None, NOW, BY) is not None


def test_a_code_of_no_spot_cannot_be_revoked() -> None:
    with pytest.raises(NotAllowed, match="no spot x") as raised:
        revoke_code(rally(), 1, "x", NOW, BY)
    assert raised.value.code == "spot_unknown"


def test_nothing_happens_to_a_rally_before_it_is_planned() -> None:
    with pytest.raises(AssertionError, match="RallyOpened before RallyPlanned of walk"):
        evolve_rally(None, OPENED)
