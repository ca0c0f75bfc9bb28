"""Conditions as hypothesis draws them, over the spots of `builders.plan` and two sheets."""

from typing import Any, get_args

from builders import SPOTS, names
from hypothesis import strategies as st

from domain.conditions import (
    AllOf,
    AllSpots,
    Always,
    AnyOf,
    Areas,
    BingoLines,
    InOrder,
    Line,
    SpotsInArea,
    SpotsOf,
    Stamps,
    WithEvidence,
)
from domain.plan import Sheet

SHEETS = [
    Sheet("one", names(), [["a", "b"], ["c", "d"]]),  # rows ab cd, columns ac bd, diagonals ad cb
    Sheet("two", names(), [["a", "c"], ["d", "b"]]),  # rows ac db, columns ad cb, diagonals ab dc
]

COUNTS = st.integers(1, 4)
SOME_SPOTS = st.lists(st.sampled_from(SPOTS), min_size=1, max_size=4, unique=True)
LINE_KINDS = st.lists(st.sampled_from(get_args(Line)), min_size=1, unique=True).map(tuple)
EVIDENCES = st.lists(st.sampled_from(["printed", "badge", "quiz"]), min_size=1, unique=True)
AREAS = st.sampled_from(["east", "west"])
UNORDERED = st.one_of(
    st.just(Always()),
    st.builds(Stamps, COUNTS),
    st.just(AllSpots()),
    st.builds(SpotsOf, SOME_SPOTS, st.none() | COUNTS),
    st.builds(SpotsInArea, AREAS, st.none() | COUNTS),
    st.builds(Areas, COUNTS, COUNTS),
    st.builds(BingoLines, COUNTS, st.sampled_from([None, "one", "two"]), LINE_KINDS),
)
ORDERED = st.builds(InOrder, SOME_SPOTS)


def nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Conditions of these, alone and within one another."""
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(WithEvidence, EVIDENCES, inner),
            st.builds(AllOf, st.lists(inner, min_size=1, max_size=3)),
            st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3), st.integers(1, 3)),
        ),
        max_leaves=5,
    )
