"""A spot's seal: which words, in which lines, always inside the circle."""

from math import hypot

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.pages.seals import TURNS, Seal, set_seal, turn

AREAS = ("有楽町", "日本橋", "銀座", "Ginza", "Nihombashi")


def lines(seal: Seal) -> list[str]:
    """The words of a seal, line by line."""
    return [line.text for line in seal.lines]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("北海道どさんこプラザ有楽町店", ["北海道", "どさんこ", "プラザ"]),  # the script changes
        ("日本橋とやま館", ["とやま館"]),  # one sign does not stand alone
        ("離島百貨店(離島キッチン日本橋店)", ["離島百貨店"]),  # no brackets
        ("Ginza Washita Shop (Okinawa)", ["Washita", "Shop"]),  # words
        ("銀座", ["銀座"]),  # nothing but the area's name: better than nothing
    ],
)
def test_a_name_becomes_lines(name: str, expected: list[str]) -> None:
    """Where the script changes, without the area that all its neighbours share."""
    assert lines(set_seal(name, AREAS)) == expected


@given(st.text(min_size=1, max_size=60))
def test_any_name_makes_a_seal(name: str) -> None:
    """Whatever the plan calls a spot, there are letters, and their lines are inside the rim."""
    seal = set_seal(name, AREAS)
    assert lines(seal)
    assert all(hypot(0, line.y - 50) < 46 for line in seal.lines)


def test_a_stamp_always_sits_the_same_way() -> None:
    """By the spot's id alone."""
    assert turn("nagano-ginza") == turn("nagano-ginza")
    assert {turn(f"spot-{number}") for number in range(200)} == set(range(TURNS))
