"""Open data under attack: tables are subtracted, and whoever knows all but one visit is asked.

Each attack is also made on a plain publication (exact numbers, small ones left empty), where it
must succeed: so it would be seen if it could not.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from itertools import combinations, pairwise
from random import Random
from typing import Any, NamedTuple

import msgspec
import pytest
from builders import names, plan
from hypothesis import given
from hypothesis import strategies as st

from domain.open_data import (
    HEADCOUNTS,
    LANGUAGES,
    OTHER,
    Counts,
    Row,
    blurred,
    cells,
    measures,
    tables,
)
from domain.open_tables import BY_NAME, TABLES
from domain.plan import Area, Plan, Spot
from domain.suppression import (
    OTHERS_MIN,
    STEP,
    Measure,
    average_of_others,
    error,
    odds_of,
    shown,
)
from service.i18n import LANGUAGES as SPOKEN

SMALL = 5
FIRST = date(2026, 1, 8)
TOWN = plan(last_day=FIRST + timedelta(days=1), sheets=[], prizes=[])
"""Four spots (one of them worth three stamps) in two areas, on two days."""


class Visit(NamedTuple):
    """Who was where: the hour counts from the rally's beginning."""

    visitor: int
    spot: str
    hour: int
    language: str


def counted(of: Plan, visits: Iterable[Visit]) -> Counts:
    """The exact counts of a history, in plain Python. A spot counts once a visitor and day."""
    found = sorted({(v.visitor, v.spot, v.hour // 24): v for v in visits}.values())
    area = {spot.id: spot.area for spot in of.spots}
    stamps = {spot.id: spot.stamps for spot in of.spots}
    days = [(of.first_day + timedelta(days=v.hour // 24)).isoformat() for v in found]
    ways: dict[tuple[int, int], list[Visit]] = {}
    for visit in sorted(found, key=lambda each: each.hour):
        ways.setdefault((visit.visitor, visit.hour // 24), []).append(visit)
    cards: Counter[int] = Counter()
    for visitor in {v.visitor for v in found}:
        cards[sum(stamps[spot] for spot in {v.spot for v in found if v.visitor == visitor})] += 1
    return Counts(
        visits=Counter((v.spot, day) for v, day in zip(found, days, strict=True)),
        headcount={},
        spot_headcount={},
        spot_visits=Counter((v.spot,) for v in found),
        spot_visitors=Counter((spot,) for _, spot in {(v.visitor, v.spot) for v in found}),
        day_visits=Counter((day,) for day in days),
        day_visitors=Counter(
            (day,) for _, day in {(v.visitor, day) for v, day in zip(found, days, strict=True)}
        ),
        hours=Counter((area[v.spot], v.hour % 24) for v in found),
        languages=Counter((v.language,) for v in found),
        visitors={(): len({v.visitor for v in found})},
        cards={
            (n,): sum(count for have, count in cards.items() if have >= n)
            for n in range(1, max(cards, default=0) + 1)
        },
        moves=Counter(
            (area[a.spot], area[b.spot])
            for way in ways.values()
            for a, b in pairwise(way)
            if a.spot != b.spot
        ),
    )


VISITS = st.builds(
    Visit,
    st.integers(0, 5),
    st.sampled_from([spot.id for spot in TOWN.spots]),
    st.integers(0, 47),
    st.sampled_from(["ja", "en"]),
)
HISTORIES = st.lists(VISITS, min_size=1, max_size=25, unique_by=lambda v: (v[0], v[1], v[2] // 24))


def changes(one: Counts, other: Counts) -> dict[str, int]:
    """By how much the counts of each measure differ, all together."""
    changed = {}
    for name in Counts.__struct_fields__:
        a, b = getattr(one, name), getattr(other, name)
        changed[name] = sum(abs(a.get(cell, 0) - b.get(cell, 0)) for cell in {*a, *b})
    return changed


@given(HISTORIES, st.data())
def test_a_visit_touches_no_more_than_is_said(history: list[Visit], data: st.DataObject) -> None:
    """What the errors are as wide as: the whole protection rests on it."""
    gone = data.draw(st.sampled_from(history))
    with_, without = counted(TOWN, history), counted(TOWN, [v for v in history if v != gone])
    for name, change in changes(with_, without).items():
        assert change <= measures(TOWN)[name].touches, name


def test_a_visit_between_two_others_touches_as_much_as_is_said() -> None:
    """So the bounds are not larger than they must be."""
    way = [Visit(1, "a", 10, "ja"), Visit(1, "c", 11, "ja"), Visit(1, "b", 12, "ja")]
    moved = changes(counted(TOWN, way), counted(TOWN, [way[0], way[2]]))["moves"]
    assert moved == measures(TOWN)["moves"].touches
    worth = changes(counted(TOWN, [Visit(1, "b", 9, "ja")]), counted(TOWN, []))["cards"]
    assert worth == measures(TOWN)["cards"].touches == 3


def likelihood(of: Plan, published: Counts, exact: Counts) -> Fraction:
    """How likely blurred counts are if the exact ones are these, but for a factor that is the same
    for all: the strongest reader, who sees the counts before they are rounded."""
    likely = Fraction(1)
    for name, measure in measures(of).items():
        step = Fraction(measure.width, measure.width + 1)
        truth = getattr(exact, name)
        for cell, count in getattr(published, name).items():
            likely *= step ** abs(count - truth.get(cell, 0))
    return likely


@given(HISTORIES, st.data(), st.integers())
def test_who_knows_all_other_visits_cannot_tell_whether_one_took_place(
    history: list[Visit], data: st.DataObject, seed: int
) -> None:
    """Given everything about everybody else (a shop's own figures are less than that); then the
    whole publication is hardly likelier with the visit than without it. A plain one is impossible
    without it."""
    gone = data.draw(st.sampled_from(history))
    with_, without = counted(TOWN, history), counted(TOWN, [v for v in history if v != gone])
    published = blurred(TOWN, with_, Random(seed).randrange)
    odds = likelihood(TOWN, published, with_) / likelihood(TOWN, published, without)
    said = odds_of(measures(TOWN).values())
    assert 1 / said <= odds <= said
    assert with_ != without, "a plain publication is not the same without the visit"


def test_all_tables_together_are_at_most_eight_times_as_likely() -> None:
    for of in (TOWN, plan(spots=[Spot("a", names(), "east", stamps=100)], sheets=[], prizes=[])):
        how = measures(of)
        assert odds_of(each for name, each in how.items() if name not in HEADCOUNTS) <= 8
        assert odds_of(how[name] for name in HEADCOUNTS) <= 2, "of a guest whom staff counted"


@pytest.mark.parametrize("width", [2, 5, 15])
def test_an_error_is_as_wide_as_is_said(width: int) -> None:
    """Nobody has counted on more: 0 in one of 2 · width + 1, and each step as much rarer."""
    rounds, random = 40_000, Random(width)
    seen = Counter(error(width, random.randrange) for _ in range(rounds))
    for off in range(-4, 5):
        expected = Fraction(1, 2 * width + 1) * Fraction(width, width + 1) ** abs(off)
        assert abs(seen[off] / rounds - expected) < 0.012, off
    off_limits = sum(n for off, n in seen.items() if abs(off) > Measure(width).margin() - STEP // 2)
    assert off_limits / rounds < 0.06


def test_a_small_count_stays_one_of_many() -> None:
    """Whatever blurred count is seen (more than is published), no exact value is likelier than one
    in three, and 19 of 20 needs at least six values: zero among them where it could be."""
    width = measures(TOWN)["visits"].width
    for seen in range(-20, 12):
        weights = [Fraction(width, width + 1) ** abs(seen - count) for count in range(200)]
        shares = sorted((weight / sum(weights) for weight in weights), reverse=True)
        assert shares[0] <= Fraction(1, 3) + Fraction(1, 10**6)
        assert sum(shares[:5]) < Fraction(19, 20)


def test_figures_come_in_steps_and_small_ones_are_empty() -> None:
    assert [shown(n) for n in (-9, 0, 2, 5, 7)] == [None] * 5
    assert [shown(n) for n in (8, 12, 13, 1_002)] == [10, 10, 15, 1_000]


def plain(of: Plan, exact: Counts) -> dict[str, list[Row]]:
    """A publication as one would think of it: exact, and small counts left empty."""
    grid = {
        name: {cell: getattr(exact, name).get(cell, 0) for cell in which}
        for name, which in cells(of).items()
    }
    rows = tables(of, Counts(**grid))  # for its shape; the numbers are put in below
    area = {spot.id: spot.area for spot in of.spots}

    def hide(n: int) -> int | None:
        return n if n >= SMALL else None

    rows["footfall_by_day"] = [
        (s, area[s], d, hide(n), None) for (s, d), n in grid["visits"].items()
    ]
    rows["footfall_by_spot"] = [
        (s, area[s], hide(n), hide(grid["spot_visitors"][s,]), None)
        for (s,), n in grid["spot_visits"].items()
    ]
    rows["days"] = [
        (d, hide(n), hide(grid["day_visitors"][d,])) for (d,), n in grid["day_visits"].items()
    ]
    return rows


Interval = tuple[int, int]


def subtracted(published: dict[str, list[Row]]) -> dict[tuple[str, str], Interval]:
    """What subtracting tables says about each empty cell of `footfall_by_day`: a total by spot or by
    day less the cells that are shown is what the empty ones come to; so each lies between what is
    left if the others are as large, or as small, as they can be. Repeated, as each tells about others."""
    cell = {(s, d): n for s, _, d, n, _ in published["footfall_by_day"]}
    hidden: dict[tuple[str, str], Interval] = {
        at: (0, SMALL - 1) for at, n in cell.items() if n is None
    }
    sums = [
        ([at for at in cell if at[0] == s], n) for s, _, n, _, _ in published["footfall_by_spot"]
    ]
    sums += [([at for at in cell if at[1] == d], n) for d, n, _ in published["days"]]
    for _ in range(len(cell)):  # of blurred figures, intervals may cross and never come to rest
        for parts, total in sums:
            if total is None:
                continue
            rest = total - sum(cell[at] or 0 for at in parts)
            unknown = [at for at in parts if at in hidden]
            low, high = (sum(hidden[at][end] for at in unknown) for end in (0, 1))
            for at in unknown:
                least, most = hidden[at]
                hidden[at] = max(least, rest - (high - most)), min(most, rest - (low - least))
    return hidden


def pinned(published: dict[str, list[Row]]) -> dict[tuple[str, str], int]:
    """The empty cells of which subtracting leaves one value."""
    found = subtracted(published).items()
    return {at: least for at, (least, most) in found if least == most}


def crowd(random: Random) -> list[Visit]:
    """Busy spots and quiet ones: an empty cell alone in its row, now and then."""
    spots = random.choices([spot.id for spot in TOWN.spots], [9, 9, 9, 1], k=90)
    return [
        Visit(random.randrange(60), spot, random.randrange(48), random.choice(LANGUAGES))
        for spot in spots
    ]


def test_subtracting_tables_finds_small_counts_in_a_plain_publication_and_not_in_ours() -> None:
    """Each cell that is pinned in the plain one is right. In ours whoever subtracts is as wrong as
    who guesses without any table."""
    random, right = Random(1), Counter[tuple[str, str]]()
    for _ in range(400):
        exact = counted(TOWN, crowd(random))
        of = {
            "plain": plain(TOWN, exact),
            "ours": tables(TOWN, blurred(TOWN, exact, random.randrange)),
        }
        for name, published in of.items():
            for at, value in pinned(published).items():
                right[name, "pinned"] += 1
                right[name, "right"] += exact.visits.get(at, 0) == value
    assert right["plain", "pinned"] > 100
    assert right["plain", "right"] == right["plain", "pinned"]
    assert right["ours", "right"] < right["ours", "pinned"] / 2


def figures(published: dict[str, list[Row]]) -> dict[tuple[Any, ...], int]:
    """Every figure of every table, an empty one as 0."""
    found = {}
    for table in TABLES:
        for row in published[table.name]:
            for column, value in zip(table.columns, row, strict=True):
                if column.measure is not None:
                    found[table.name, row[: table.keys], column.name] = value or 0
    return found


ALLEY = plan(
    areas=[Area("east", names())],
    spots=[Spot("a", names(), "east")],
    last_day=FIRST,
    sheets=[],
    prizes=[],
)


LUNCH = [Visit(n, "a", 12, "ja") for n in range(7)]
"""Not shown; with one more shown as 10."""
ONE_MORE = [*LUNCH, Visit(7, "a", 12, "ja")]
LEAKS = ("visits", "spot_visitors", "day_visits", "hours", "languages", "visitors", "cards")


def differences(visits: list[Visit], seed: int, rounds: int, leak: str | None) -> Counter[Any]:
    """How often each figure, and each difference of two, is published: `rounds` publications, with
    errors of their own. `leak`: a measure that is published without errors."""
    random, exact = Random(seed), counted(ALLEY, visits)
    seen: Counter[Any] = Counter()
    for _ in range(rounds):
        made = blurred(ALLEY, exact, random.randrange)
        if leak:
            whole = dict.fromkeys(getattr(made, leak), 0) | getattr(exact, leak)
            made = msgspec.structs.replace(made, **{leak: whole})
        found = figures(tables(ALLEY, made))
        told = {
            at: n for at, n in found.items() if at[0] != "footfall_by_hour_of_day" or 12 in at[1]
        }
        seen.update(told.items())
        seen.update((a, b, x - y) for (a, x), (b, y) in combinations(told.items(), 2))
    return seen


def told_apart(rounds: int, leak: str | None = None) -> list[Any]:
    """The figures and differences that are too much more frequent with a visit than without it."""
    with_, without = (differences(visits, 5, rounds, leak) for visits in (ONE_MORE, LUNCH))
    odds, rare = 2 * odds_of(measures(ALLEY).values()), rounds // 100
    told = []
    for what, n in (with_ | without).items():
        a, b = with_[what], without[what]
        if n >= rounds // 10 and max(a, b) > odds * (min(a, b) + rare):
            told.append(what)
    return told


def test_no_difference_of_two_figures_tells_of_a_visit() -> None:
    assert told_apart(1_500) == []


@pytest.mark.parametrize("leak", LEAKS)
def test_one_table_without_errors_would_be_found_out(leak: str) -> None:
    """So the attack above can succeed."""
    assert told_apart(300, leak) != []


def test_tables_have_the_columns_of_their_dictionary() -> None:
    made = tables(TOWN, blurred(TOWN, counted(TOWN, []), Random(1).randrange))
    assert set(made) == set(BY_NAME)
    types = {"string": str, "integer": int, "number": float, "date": str}
    for table in TABLES:
        keys = [row[: table.keys] for row in made[table.name]]
        assert len(set(keys)) == len(keys) > 0, table.name
        for row in made[table.name]:
            for column, value in zip(table.columns, row, strict=True):
                assert value is None or isinstance(value, types[column.type]), column.name


def test_which_rows_there_are_does_not_depend_on_who_came() -> None:
    """A cell outside of the plan would tell of a visit by being there."""
    nobody, many = counted(TOWN, []), counted(TOWN, crowd(Random(3)))
    stray = msgspec.structs.replace(many, languages={("xx",): 9, **many.languages})
    shapes = [
        {name: set(getattr(blurred(TOWN, each, Random(1).randrange), name)) for name in cells(TOWN)}
        for each in (nobody, many, stray)
    ]
    assert shapes[0] == shapes[1] == shapes[2]


def test_the_languages_are_those_of_the_pages() -> None:
    assert set(LANGUAGES) == {*SPOKEN, OTHER}


def test_what_is_published_is_near_the_truth() -> None:
    """Within the margins that the dictionary states, 19 times of 20."""
    random, off = Random(4), Counter[bool]()
    for _ in range(60):
        exact = counted(TOWN, crowd(random))
        found = blurred(TOWN, exact, random.randrange)
        for name, measure in measures(TOWN).items():
            for cell, count in getattr(found, name).items():
                truth = getattr(exact, name).get(cell, 0)
                off[abs(count - truth) > measure.margin() - STEP // 2] += 1
    assert off[True] / off.total() < 0.055


def test_an_average_of_the_others_tells_of_no_single_one() -> None:
    few = [30] * (OTHERS_MIN - 1)
    assert average_of_others([]) is None
    assert average_of_others([*few, 0, 0]) is None, "who has none hides nobody"
    assert average_of_others([*few, 120]) is None, "one has half of it"
    assert average_of_others([*few, 119]) == 48
    assert average_of_others([*few, 30, 0]) == 30
