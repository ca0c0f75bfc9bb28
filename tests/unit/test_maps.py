"""Maps: spots lie to each other as they do on earth, none covers another, all are on the sheet."""

from itertools import combinations
from math import hypot

import pytest
from builders import names
from hypothesis import given
from hypothesis import strategies as st

from domain.place import Place, distance_m
from domain.plan import Spot
from service.layout import RADIUS, WIDTH
from service.pages.maps import map_of, way_to


def spots(*places: tuple[float, float] | None) -> list[Spot]:
    return [
        Spot(f"s{n}", names(), "east", place=Place(*place) if place else None)
        for n, place in enumerate(places)
    ]


@pytest.mark.parametrize("places", [(), (None,), ((35, 139),), ((35, 139), None)])
def test_fewer_than_two_places_make_no_map(places: tuple[tuple[float, float] | None, ...]) -> None:
    assert map_of(spots(*places)) is None


def test_north_is_above_and_east_is_right_and_numbers_are_those_of_the_list() -> None:
    drawn = map_of(spots((35.0, 139.0), None, (35.02, 139.01), (35.0, 139.02)))
    assert drawn is not None
    south_west, north, east = drawn.dots
    assert [dot.number for dot in drawn.dots] == [1, 3, 4]
    assert south_west.x < north.x < east.x
    assert north.y < south_west.y == east.y


@pytest.mark.parametrize(
    ("browser", "address"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Safari", "https://maps.apple.com/?daddr=35.5,139.25"),
        ("Mozilla/5.0 (Linux; Android 16) Chrome", "geo:35.5,139.25?q=35.5,139.25"),
        ("Mozilla/5.0 (Linux; Android 16) Line/15.0", "https://www.openstreetmap.org/?mlat=35.5&mlon=139.25#map=18/35.5/139.25"),
        ("Mozilla/5.0 (X11; Linux) Firefox", "https://www.openstreetmap.org/?mlat=35.5&mlon=139.25#map=18/35.5/139.25"),
    ],
    ids=["an iPhone", "an Android phone", "an app's own browser", "a desk"],
)  # fmt: skip
def test_the_way_opens_the_phones_own_map(browser: str, address: str) -> None:
    assert way_to(Place(35.5, 139.25), browser) == address


def test_the_bar_is_as_long_as_it_says() -> None:
    a, b = (35.0, 139.0), (35.0, 139.05)
    drawn = map_of(spots(a, b))
    assert drawn is not None
    metres = distance_m(Place(*a), Place(*b)) / (drawn.dots[1].x - drawn.dots[0].x)
    assert drawn.bar * metres == pytest.approx(drawn.bar_m, rel=0.01)


PLACES = st.tuples(st.floats(35.6, 35.8), st.floats(139.6, 139.9))


@given(st.lists(PLACES, min_size=2, max_size=12))
def test_all_dots_are_on_the_sheet_and_can_be_told_apart(places: list[tuple[float, float]]) -> None:
    drawn = map_of(spots(*places))
    assert drawn is not None
    assert map_of(spots(*places)) == drawn
    for dot in drawn.dots:
        assert RADIUS <= dot.x <= WIDTH - RADIUS
        assert RADIUS <= dot.y <= drawn.height - RADIUS
    for one, other in combinations(drawn.dots, 2):
        assert hypot(one.x - other.x, one.y - other.y) > RADIUS


def test_spots_at_one_address_stand_side_by_side() -> None:
    drawn = map_of(spots(*[(35.675, 139.764)] * 6))
    assert drawn is not None
    for one, other in combinations(drawn.dots, 2):
        assert hypot(one.x - other.x, one.y - other.y) > 1.5 * RADIUS
