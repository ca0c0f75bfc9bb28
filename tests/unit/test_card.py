"""evolve() and the card: order of arrival and repetition change neither stamps nor keys."""

from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from builders import NOW, SPOTS, VISITOR, card_of, names, plan, rally, scan, take, visited
from hypothesis import given
from hypothesis import strategies as st

from domain.card import Card, HandOver, PrizeView, StampView, evolve, seen, view
from domain.conditions import BingoLines, Seen, gauge
from domain.course import Course
from domain.encoding import micros, spot_tag
from domain.events import (
    CardFact,
    CheckInRefused,
    HandOverReversed,
    PrizeEntered,
    PrizeHandedOver,
    VisitorErased,
)
from domain.plan import OncePerDay, OncePerInterval, OncePerRally, Sheet, Spot
from domain.refusals import Refusal, RefusalCode
from domain.scan import Scan

ARRIVAL = NOW + timedelta(days=2)
SCANS = st.lists(
    st.tuples(st.sampled_from(SPOTS), st.integers(0, 47), st.integers(0, 20)), max_size=12
)
REVISITS = st.sampled_from([OncePerRally(), OncePerDay(), OncePerInterval(90)])


def scans_of(drawn: list[tuple[str, int, int]]) -> list[tuple[Scan, datetime]]:
    """Scans of the two days before ARRIVAL. An id belongs to one spot and one moment."""
    scans = {}
    for spot, hour, number in drawn:
        scans.setdefault(
            number, (scan(spot, number, scanned_at=NOW + timedelta(hours=hour)), ARRIVAL)
        )
    return list(scans.values())


def stamps(course: Course, card: Card) -> tuple[int, int]:
    """The stamped spots as bits, and what they are worth."""
    stamped = seen(course, card.visits).stamped
    return stamped, course.stamps_of(stamped)


def keys(card: Card) -> set[tuple[str, int]]:
    return {(visit.spot, visit.period) for visit in card.visits}


@given(SCANS, REVISITS)
def test_the_keys_are_those_of_a_plain_set(drawn: list[tuple[str, int, int]], revisit: Any) -> None:
    """A model without cards: a visit is its spot and its period."""
    expected = set()
    spots = {spot_tag(spot): spot for spot in SPOTS}
    for one, _ in scans_of(drawn):
        assert one.scanned_at is not None
        at = one.scanned_at
        local = at.astimezone(ZoneInfo("Asia/Tokyo"))
        match revisit:
            case OncePerRally():
                period = 0
            case OncePerDay():
                period = int(f"{local:%Y%m%d}")
            case _:
                period = int((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(minutes=90))
        expected.add((spots[one.spot_tag], period))
    assert keys(card_of(rally(plan(revisit=revisit)), scans_of(drawn))) == expected


@given(SCANS)
def test_a_card_comes_back_from_msgpack_as_it_was(drawn: list[tuple[str, int, int]]) -> None:
    scans = [*scans_of(drawn), (scan(None, 999), NOW), (scan("a", 998), NOW - timedelta(days=99))]
    card = card_of(rally(), scans)
    assert len(card.refused) == 2
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(card), type=Card) == card


def test_evolving_leaves_the_card_before_as_it_was() -> None:
    before = visited("a")
    fact = CheckInRefused(
        rally="walk",
        visitor=VISITOR,
        spot="b",
        occurred_at=NOW,
        scan_id=UUID(int=5),
        language="ja",
        evidence="printed",
        refusal=Refusal(RefusalCode.SPOT_GONE),
    )
    after = evolve(before, fact, 2, NOW)
    assert (len(before.refused), len(after.refused), after.visits) == (0, 1, before.visits)
    remembered = after.refused_scan(UUID(int=5).bytes)
    assert remembered is not None
    assert (remembered.refusal, remembered.spot) == (fact.refusal, fact.spot)


def test_stamps_count_a_spot_once_by_its_worth_and_forget_spots_that_left_the_plan() -> None:
    card = card_of(rally(), [(scan("b", n), NOW + timedelta(days=n)) for n in range(3)])
    assert stamps(Course(plan()), card) == (0b0010, 3)
    assert stamps(Course(plan(spots=plan().spots[2:], sheets=[])), card) == (0, 0)


def test_the_visitor_sees_stamps_in_local_time_lines_and_how_far_each_prize_is() -> None:
    shown = view(Course(plan()), VISITOR, visited("b", "a"), micros(NOW))
    assert shown.spots == [
        StampView("b", NOW - timedelta(minutes=1)),
        StampView("a", NOW),
    ]
    assert shown.spots[0].at.utcoffset() == timedelta(hours=9)
    assert (shown.stamps, shown.lines) == (4, 1)
    assert shown.prizes == [
        PrizeView("five", False, 4, 5),
        PrizeView("line", True, 1, 1),
        PrizeView("all", False, 2, 4),
    ]


def test_a_stamp_keeps_the_moment_it_was_given_whatever_is_revisited() -> None:
    course = rally()
    card = card_of(course, [(scan("a", n), NOW + timedelta(days=n)) for n in range(3)])
    assert view(course.course, VISITOR, card, micros(NOW)).spots == [StampView("a", NOW)]


def test_an_empty_card_has_nothing_and_needs_everything() -> None:
    shown = view(Course(plan()), VISITOR, Card(), micros(NOW))
    assert (shown.stamps, shown.lines, shown.spots) == (0, 0, [])
    assert [(prize.have, prize.met) for prize in shown.prizes] == [(0, False)] * 3


def full_lines(rows: list[list[str]], stamped: set[str]) -> int:
    """Counted with a finger: walk each line of the sheet, square by square."""
    size = len(rows)
    ways = [[(line, at) for at in range(size)] for line in range(size)]
    ways += [[(at, line) for at in range(size)] for line in range(size)]
    ways += [[(at, at) for at in range(size)], [(at, size - 1 - at) for at in range(size)]]
    return sum(all(rows[y][x] in stamped for y, x in way) for way in ways)


@given(st.integers(2, 5), st.randoms(use_true_random=False), st.data())
def test_bingo_lines_are_those_one_counts_with_a_finger(
    size: int, random: Any, data: st.DataObject
) -> None:
    ids = [f"s{number}" for number in range(size * size + 3)]
    sheets = []
    for number in range(2):
        random.shuffle(ids)
        rows = [ids[row * size : (row + 1) * size] for row in range(size)]
        sheets.append(Sheet(f"sheet-{number}", names(), rows))
    spots = [Spot(spot, names(), "east") for spot in sorted(ids)]
    course = Course(plan(spots=spots, sheets=sheets, prizes=[]))
    missing = data.draw(st.sets(st.sampled_from(ids), max_size=size + 2))
    stamped = set(ids) - missing
    bits = sum(course.bit_of[spot] for spot in stamped)
    expected = sum(full_lines(sheet.rows, stamped) for sheet in sheets)
    assert course.full_lines(bits) == expected
    assert gauge(course, BingoLines(1))(Seen(bits)) == (expected, 1)


@pytest.mark.parametrize("stamped", [set(c) for n in range(5) for c in combinations(SPOTS, n)])
def test_every_pair_of_a_sheet_of_four_is_a_line(stamped: set[str]) -> None:
    course = Course(plan())
    bits = sum(course.bit_of[spot] for spot in stamped)
    assert course.full_lines(bits) == len(list(combinations(stamped, 2)))


def test_the_card_counts_the_whole_last_day() -> None:
    course = Course(plan(first_day=date(2026, 1, 8), last_day=date(2026, 1, 8)))
    assert course.ends - course.starts == timedelta(days=1)


def test_a_stamp_has_the_time_of_the_earliest_visit_whichever_arrived_first() -> None:
    early, late = NOW - timedelta(days=1), NOW
    for order in ((early, late), (late, early)):
        scans = [(scan("a", n, scanned_at=at), NOW) for n, at in enumerate(order)]
        shown = view(rally().course, VISITOR, card_of(rally(), scans), micros(NOW))
        assert [stamp.at for stamp in shown.spots] == [early]


ABOUT = {"rally": "walk", "visitor": VISITOR, "occurred_at": NOW}
AT_COUNTER = {**ABOUT, "spot": "a", "by": "staff", "hand_over_id": UUID(int=50)}
ELSEWHERE = {**AT_COUNTER, "hand_over_id": UUID(int=51)}
FIRST, SECOND = (
    HandOver(prize, UUID(int=n).bytes, at=micros(NOW), spot="a")
    for n, prize in ((50, "five"), (51, "six"))
)
TAKEN_BACK = HandOver("five", UUID(int=50).bytes, reversed=True, at=micros(NOW), spot="a")


def full() -> Card:
    """A card with something of everything."""
    card = card_of(rally(), [(scan("a"), NOW), (scan(None, 2), NOW)])
    facts: list[CardFact] = [
        PrizeEntered(**ABOUT, prize="line"),
        PrizeHandedOver(**AT_COUNTER, prize="five"),
    ]
    for position, fact in enumerate(facts, start=3):
        card = evolve(card, fact, position, NOW)
    return card


def changed(before: Card, after: Card) -> dict[str, Any]:
    """The fields of a card that are not as they were."""
    return {
        field: getattr(after, field)
        for field in Card.__struct_fields__
        if getattr(after, field) != getattr(before, field)
    }


@pytest.mark.parametrize(
    ("fact", "becomes"),
    [
        (PrizeEntered(**ABOUT, prize="all"), {"entered": ("line", "all")}),
        (PrizeHandedOver(**ELSEWHERE, prize="six"), {"handed": (FIRST, SECOND)}),
        (HandOverReversed(**AT_COUNTER, prize="five"), {"handed": (TAKEN_BACK,)}),
        (HandOverReversed(**ELSEWHERE, prize="five"), {}),
    ],
)
def test_a_fact_about_a_prize_changes_that_and_nothing_else(
    fact: CardFact, becomes: dict[str, Any]
) -> None:
    assert changed(full(), evolve(full(), fact, 5, NOW)) == becomes


def test_scans_leave_what_became_of_prizes_as_it_was() -> None:
    _, stamped = take(rally(), full(), scan("b", 5), NOW)
    _, refused = take(rally(), stamped, scan(None, 6), NOW)
    assert changed(full(), refused).keys() == {"visits", "refused"}


def test_an_erased_card_holds_nothing_any_more() -> None:
    assert full().visits
    assert full().refused
    erased = evolve(full(), VisitorErased(**ABOUT, by="organiser"), 5, NOW)
    assert erased == Card(visits=(), refused=(), entered=(), handed=(), erased=True)


def test_what_became_of_prizes_comes_back_from_msgpack_as_it_was() -> None:
    facts = (HandOverReversed(**AT_COUNTER, prize="five"), VisitorErased(**ABOUT, by="organiser"))
    for card in (full(), *(evolve(full(), fact, 5, NOW) for fact in facts)):
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(card), type=Card) == card


def test_a_hand_over_kept_without_a_word_about_it_was_not_taken_back() -> None:
    kept = msgspec.msgpack.encode(["five", UUID(int=50).bytes])
    assert msgspec.msgpack.decode(kept, type=HandOver) == HandOver(
        "five", UUID(int=50).bytes, reversed=False, at=0
    )


def test_taking_back_one_of_several_hand_overs_leaves_the_others_in_their_places() -> None:
    both = evolve(full(), PrizeHandedOver(**ELSEWHERE, prize="six"), 5, NOW)
    back = evolve(both, HandOverReversed(**AT_COUNTER, prize="five"), 6, NOW)
    assert back.handed == (TAKEN_BACK, SECOND)


FIRST_RELEASE_CARD = bytes.fromhex(
    "92"  # two fields: visits and refused scans
    "92"
    "96a161ce01352513cf000648646ba26c00c4100000000000000000000000000000000101" "90"
    "96a162ce01352513cf000648646ba26c00c4100000000000000000000000000000000202" "91a46c696e65"
    "91"
    "94c41000000000000000000000000000000003cf000648646ba26c00a0" "81a4636f6465a973706f745f676f6e65"
)  # fmt: skip
"""Bytes that the first release has kept for the three scans of the test below."""


def test_a_card_of_the_first_release_is_one_without_prizes() -> None:
    card = msgspec.msgpack.decode(FIRST_RELEASE_CARD, type=Card)
    scans = [(scan("a", 1), NOW), (scan("b", 2), NOW), (scan(None, 3), NOW)]
    assert card == card_of(rally(), scans)
    assert [visit.earned for visit in card.visits] == [(), ("line",)]
    assert (len(card.refused), card.entered, card.handed, card.erased) == (1, (), (), False)
