"""Masters: what follows there from a visitor's card in a member, whatever arrives when."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from builders import NOW, OPENED, VISITOR, names, plan, rally, scan
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.card import Card, evolve
from domain.conditions import AllOf, AllSpots, AnyOf, InOrder, SpotsOf, Stamps, WithEvidence
from domain.events import VisitConfirmed, VisitRecorded, VoidFact
from domain.masters import Change, follow, member_mistakes, reached_at, stages
from domain.mistakes import mistakes
from domain.plan import BY_RALLY, OncePerRally, Plan, Spot
from domain.prizes import enter
from domain.rally import NotAllowed, Opening, Rally
from domain.refusals import Refusal, RefusalCode
from domain.rehearsal import rehearsal
from domain.rules import decide
from domain.voids import reinstate, void

TWO = SpotsOf(["a", "b"])
MINUTE = timedelta(minutes=1)


def master_plan(complete=TWO, **changes) -> Plan:  # type: ignore[no-untyped-def]
    """A master with two members; coming through both is its prize."""
    spots = [
        Spot("first", names(), "east", kind=BY_RALLY, rally="walk", complete=complete),
        Spot("second", names(), "west", kind=BY_RALLY, rally="other", complete=Stamps(1)),
    ]
    said = {"rally": "grand", "spots": spots, "revisit": OncePerRally(), "sheets": []}
    prizes = [replace(plan().prizes[2], id="both")]
    return plan(**said | {"prizes": prizes} | changes)


class Phones:
    """What the write side does, for one visitor: cards by rally, and a log's positions."""

    def __init__(self, *rallies: Rally) -> None:
        self.rallies = {each.plan.rally: each for each in rallies}
        self.cards: dict[str, Card] = {}
        self.position = 0

    def card(self, name: str) -> Card:
        return self.cards.get(name, Card())

    def take(self, spot: str, at: datetime, now: datetime, number: int, member="walk") -> None:  # type: ignore[no-untyped-def]
        one = scan(spot, number, rally=member, scanned_at=at)
        fact = decide(self.rallies[member], self.card(member), one, now)
        if isinstance(fact, VisitRecorded | VisitConfirmed):
            self.record(fact, now)

    def record(self, fact: VisitRecorded | VisitConfirmed | VoidFact, now: datetime) -> None:
        before = self.card(fact.rally)
        self.position += 1
        self.cards[fact.rally] = evolve(before, fact, self.position, now)
        of = stages(self.rallies.values()).get(fact.rally, ())
        change = Change(self.rallies[fact.rally], before, self.card(fact.rally), self.position, now)
        for each in follow(of, change, self.card, fact):
            self.position += 1
            self.cards[each.rally] = evolve(self.card(each.rally), each, self.position, now)

    def judge(self, how, spot: str, now: datetime, name: str = "walk") -> None:  # type: ignore[no-untyped-def]
        card = self.card(name)
        position = next(one.position for one in card.visits if one.spot == spot)
        fact = how(self.rallies[name], card, VISITOR, position, now, "organiser:x", "why")
        self.record(fact, now)

    def stamps(self) -> dict[str, datetime]:
        """The master's stamps that count, each with its earliest time."""
        found: dict[str, int] = {}
        for visit in self.card("grand").visits:
            if not visit.void:
                found[visit.spot] = min(found.get(visit.spot, visit.occurred_at), visit.occurred_at)
        epoch = datetime(1970, 1, 1, tzinfo=NOW.tzinfo)
        return {spot: epoch + timedelta(microseconds=at) for spot, at in found.items()}


def phones(complete=TWO, grand: Rally | None = None) -> Phones:  # type: ignore[no-untyped-def]
    other = rally(plan(rally="other"))
    return Phones(rally(), other, grand or rally(master_plan(complete)))


def test_a_stamp_comes_when_enough_is_reached_and_at_that_time() -> None:
    """Given a member's two spots, when the second is scanned, then the master has its stamp, once."""
    site = phones()
    site.take("a", NOW, NOW, 1)
    assert site.stamps() == {}
    site.take("b", NOW + MINUTE, NOW + MINUTE, 2)
    site.take("b", NOW + MINUTE, NOW + 2 * MINUTE, 2)
    site.take("c", NOW + 2 * MINUTE, NOW + 2 * MINUTE, 3)
    assert site.stamps() == {"first": NOW + MINUTE}
    assert len(site.card("grand").visits) == 1
    assert site.card("grand").visits[0].evidence == BY_RALLY
    site.take("a", NOW, NOW + 3 * MINUTE, 4, "other")
    assert site.card("grand").visits[1].earned == ("both",)


arrivals = st.permutations(range(5)).flatmap(
    lambda order: st.tuples(st.just(order), st.lists(st.sampled_from(order), max_size=4))
)


@given(
    arrivals,
    st.lists(st.sampled_from("abcd"), min_size=5, max_size=5),
    st.sampled_from(
        [
            TWO,
            Stamps(4),
            AnyOf([AllSpots(), SpotsOf(["d"])]),
            WithEvidence(["printed"], SpotsOf(["c", "d"], 1)),
        ]
    ),
)
def test_the_order_in_which_scans_arrive_changes_nothing(arrivals, spots, complete) -> None:  # type: ignore[no-untyped-def]
    """Given scans of a member, each some minutes after the one before, when they arrive in any
    order, and some twice, then the master has what it would have if they had come in time."""
    order, again = arrivals
    made = [(spot, NOW + n * MINUTE, n + 1) for n, spot in enumerate(spots)]
    in_time, late = phones(complete), phones(complete)
    for spot, at, number in made:
        in_time.take(spot, at, NOW + 10 * MINUTE, number)
    for n in (*order, *again):
        late.take(made[n][0], made[n][1], NOW + 10 * MINUTE, made[n][2])
    assert late.stamps() == in_time.stamps()
    walk, (stage,) = late.rallies["walk"], stages(late.rallies.values())["walk"]
    assert bool(late.stamps()) == (reached_at(stage, walk.course, late.card("walk")) is not None)


def test_a_master_that_opens_later_has_it_from_the_next_visit() -> None:
    """Given a member's card that had come far enough before the master opened, when its visitor
    comes again, then the stamp is there, with that visit's time."""
    site = phones(grand=rally(master_plan(), opened_at=NOW + MINUTE))
    site.take("a", NOW - MINUTE, NOW - MINUTE, 1)
    site.take("b", NOW, NOW, 2)
    assert site.stamps() == {}
    site.take("c", NOW + 2 * MINUTE, NOW + 2 * MINUTE, 3)
    site.take("d", NOW + 3 * MINUTE, NOW + 3 * MINUTE, 4)
    assert site.stamps() == {"first": NOW + 2 * MINUTE}


def test_a_closed_master_takes_nothing_more() -> None:
    closed = replace(rally(master_plan()), openings=(Opening(OPENED, NOW - MINUTE),))
    site = phones(grand=closed)
    for number, spot in enumerate("ab"):
        site.take(spot, NOW, NOW, number)
    assert site.card("grand") == Card()


def test_a_stamp_is_void_with_what_it_rests_on_and_counts_again_with_it() -> None:
    site = phones()
    for number, spot in enumerate("abc"):
        site.take(spot, NOW, NOW, number)
    site.judge(void, "c", NOW)
    assert list(site.stamps()) == ["first"]
    site.judge(void, "b", NOW)
    assert site.stamps() == {}
    site.judge(reinstate, "b", NOW)
    assert list(site.stamps()) == ["first"]
    site.judge(void, "b", NOW)
    site.take("b", NOW + MINUTE, NOW + MINUTE, 9)
    assert site.stamps() == {"first": NOW + MINUTE}, "the visitor has come again"


def test_what_the_masters_organiser_voids_stays_void() -> None:
    site = phones()
    for number, spot in enumerate("ab"):
        site.take(spot, NOW, NOW, number)
    site.judge(void, "first", NOW, "grand")
    site.take("c", NOW + MINUTE, NOW + MINUTE, 9)
    assert site.stamps() == {}


def test_an_erased_card_gets_nothing_more() -> None:
    site = phones()
    site.cards["grand"] = Card(erased=True)
    for number, spot in enumerate("ab"):
        site.take(spot, NOW, NOW, number)
    assert site.cards["grand"] == Card(erased=True)


@pytest.mark.parametrize("evidence", ["printed", "badge", "rotating"])
def test_nobody_scans_such_a_spot(evidence: str) -> None:
    one = scan("first", rally="grand", evidence=evidence, step=0)
    assert decide(rally(master_plan()), Card(), one, NOW) == Refusal(RefusalCode.SPOT_IS_RALLY)


def paths(found: Iterable[tuple[tuple[str | int, ...], str]]) -> list[tuple[str | int, ...]]:
    return [path for path, _ in found]


def test_a_plan_says_what_is_wrong_about_its_members() -> None:
    """One that is not there and another organisation's are told alike."""
    known = {"walk": rally(organisation="kita"), "other": rally(plan(rally="other"))}
    grand = master_plan(Stamps(400))
    foreign, none = (
        list(member_mistakes(grand, "kita", of)) for of in (known, {"walk": known["walk"]})
    )
    assert foreign == none
    assert paths(foreign) == [("spots", 0, "complete", "at_least"), ("spots", 1, "rally")]
    itself = {"walk": rally(master_plan(rally="walk")), "other": rally(plan(rally="other"))}
    assert paths(member_mistakes(grand, None, itself)) == [("spots", 0, "rally")]
    ordered = master_plan(AllOf([InOrder(["a", "b"])]))
    assert paths(member_mistakes(ordered, None, phones().rallies)) == [("spots", 0, "complete")]
    assert list(member_mistakes(master_plan(), None, phones().rallies)) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "printed"}, "rally"),
        ({"rally": None}, "rally"),
        ({"complete": None}, "complete"),
        ({"capacity": 5}, "capacity"),
        ({"after": "second"}, "after"),
    ],
)
def test_a_spot_that_is_a_rally_is_nothing_else(changes: dict[str, object], field: str) -> None:
    grand = master_plan()
    spots = [replace(grand.spots[0], **changes), grand.spots[1]]
    assert mistakes(grand) == []
    assert ("spots", 0, field) in paths(mistakes(replace(grand, spots=spots)))
    assert ("spots", 0, "kind") in paths(mistakes(replace(grand, revisit=plan().revisit)))


def test_a_member_that_no_longer_has_what_is_asked_for_counts_for_nothing() -> None:
    fewer = [spot for spot in plan().spots if spot.id != "b"]
    changed = rally(plan(spots=fewer, sheets=[]))
    found = stages([changed, rally(plan(rally="other")), rally(master_plan())])
    assert set(found) == {"other"}


def test_a_rehearsal_of_a_master_has_codes_and_no_members() -> None:
    tried = rehearsal(master_plan(), 1, NOW.date())
    assert {spot.kind for spot in tried.spots} == {"printed"}
    assert mistakes(tried) == []
    assert stages([rally(), rally(tried)]) == {}


def test_its_prize_is_entered_for_as_any_other() -> None:
    site = phones()
    for number, spot in enumerate("ab"):
        site.take(spot, NOW, NOW, number)
    grand = site.rallies["grand"]
    with pytest.raises(NotAllowed, match="not been reached"):
        enter(grand, site.card("grand"), VISITOR, "both", NOW)
    site.take("a", NOW, NOW, 7, "other")
    assert enter(grand, site.card("grand"), VISITOR, "both", NOW)
