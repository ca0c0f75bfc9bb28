"""Addresses as people type them: put in order, looked over, and masked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.address import (
    LONGEST,
    PREFECTURES,
    Address,
    Fault,
    faults,
    fits,
    masked,
    postcode_in,
    tidy,
)

HOME = Address(
    postcode="1000005",
    prefecture="東京都",
    city="千代田区",
    street="丸の内1-9-1",
    name="山田 花子",
    phone="03-1234-5678",
)
ABROAD = Address(where="abroad", country="France", lines="1 rue de Rivoli\n75001 Paris", name="Zoé")

typed = st.builds(
    Address,
    where=st.sampled_from(["japan", "abroad"]),
    **{field: st.text(max_size=60) for field in LONGEST},
)


@pytest.mark.parametrize(
    "text",
    ["1000005", "100-0005", "〒100-0005", "１００－０００５", "〒 １００ー０００５ ", "100‐0005"],
)
def test_a_postcode_is_read_as_people_type_it(text: str) -> None:
    assert postcode_in(text) == "1000005"


@pytest.mark.parametrize("text", ["", "100", "10000055", "100-000a", "〒", "๑๐๐๐๐๐๕x", "1" * 5_000])
def test_what_is_no_postcode_is_none(text: str) -> None:
    assert postcode_in(text) is None


def test_a_whole_address_has_no_faults() -> None:
    assert (faults(HOME), faults(ABROAD)) == ({}, {})
    assert faults(replace(HOME, phone="", building="")) == {}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"postcode": "", "name": ""}, {"postcode": "missing", "name": "missing"}),
        ({"postcode": "100"}, {"postcode": "postcode"}),
        ({"postcode": "9999999"}, {}),
        ({"prefecture": "Edo"}, {"prefecture": "prefecture"}),
        ({"phone": "call me"}, {"phone": "phone"}),
        ({"phone": "０９０ー１２３４ー５６７８"}, {}),
        ({"phone": "+81 (90) 1234 5678"}, {}),
        ({"street": "x" * 201}, {"street": "too_long"}),
        ({"where": "abroad"}, {"country": "missing", "lines": "missing"}),
    ],
)
def test_each_fault_is_said_at_its_field(
    change: dict[str, str], expected: dict[str, Fault]
) -> None:
    assert faults(tidy(replace(HOME, **change))) == expected


def test_blanks_and_control_characters_go_and_lines_stay() -> None:
    messy = replace(ABROAD, name="  Zoé\x00\u3000 M. ", lines=" 1 rue\r\n\n  75001\tParis ")
    assert tidy(messy).name == "Zoé M."
    assert tidy(messy).lines == "1 rue\n75001 Paris"


def test_what_belongs_to_the_other_kind_of_address_is_not_kept() -> None:
    assert tidy(replace(HOME, country="France", lines="x")) == HOME
    assert tidy(replace(ABROAD, postcode="100", city="x")) == ABROAD


@given(typed)
def test_what_is_tidy_stays_as_it_is(address: Address) -> None:
    once = tidy(address)
    assert tidy(once) == once
    assert ("too_long" in faults(once).values()) <= (not fits(once))


@given(typed)
def test_a_masked_address_does_not_tell_the_house_nor_the_whole_name(address: Address) -> None:
    whole = replace(tidy(address), name="Wolfeschlegelstein", street="丸の内1-9-1", phone="1" * 9)
    shown = masked(replace(whole, city="千代田区", country="Chile"))
    assert not [part for part in (whole.name, "丸の内", "111") if part in shown.split(" ", 1)[1]]


def test_an_address_is_masked_so_that_its_owner_knows_it_again() -> None:
    assert masked(HOME) == "〒100-00xx 千代田区… 山田…"
    assert masked(ABROAD) == "France… Zo…"


def test_an_address_in_an_errors_text_says_nothing() -> None:
    assert repr(HOME) == f"{HOME}" == "Address(…)"


def test_there_are_47_prefectures() -> None:
    assert len(PREFECTURES) == len(set(PREFECTURES.values())) == 47
