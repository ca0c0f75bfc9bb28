"""Codes: what sign() made is genuine; nothing else is."""

import pytest
from builders import SPOTS
from hypothesis import given
from hypothesis import strategies as st

from domain.encoding import spot_tag
from domain.refusals import Refusal, RefusalCode
from qr import codes
from qr.codes import CODE_LENGTH, Code, CodeKind, sign, verify
from qr.keyring import CodeKey, Keyring, PeopleKey

KEY = CodeKey(1, "walk", b"k" * 32)
OTHER = CodeKey(2, "other", b"o" * 32)
KEYRING = Keyring([KEY, OTHER], [])
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE = sign(KEY, "ginza")


def refused(text: str, keyring: Keyring = KEYRING) -> RefusalCode | None:
    read = verify(keyring, text)
    return read.code if isinstance(read, Refusal) else None


@given(st.text(max_size=40), st.integers(0, 0xFFFF), st.binary(min_size=32, max_size=32))
def test_a_code_that_was_signed_says_its_rally_spot_and_key(
    spot: str, key_id: int, secret: bytes
) -> None:
    key = CodeKey(key_id, "walk", secret)
    code = sign(key, spot)
    assert len(code) == CODE_LENGTH
    assert set(code) <= set(ALPHABET)
    assert verify(Keyring([key], []), code) == Code(
        "walk", spot_tag(spot), key_id, CodeKind.PRINTED
    )


def test_a_codes_kind_is_the_evidence_of_the_visit() -> None:
    read = verify(KEYRING, CODE)
    assert isinstance(read, Code)
    assert read.evidence == "printed"


def test_the_codes_on_posters_stay_valid() -> None:
    """Written down once: a change of the format would void every poster that hangs."""
    assert CODE == "040032SZMZA7GWKFE8622JHJH26ZV8AQKF2H6"


@pytest.mark.parametrize("bit", range(CODE_LENGTH * 5))
def test_no_code_with_one_bit_flipped_is_accepted(bit: int) -> None:
    place, shift = divmod(bit, 5)
    forged = ALPHABET[ALPHABET.index(CODE[place]) ^ 1 << shift]
    assert refused(CODE[:place] + forged + CODE[place + 1 :]) in {
        RefusalCode.CODE_NOT_GENUINE,
        RefusalCode.CODE_NOT_OURS,
        RefusalCode.CODE_INCOMPLETE,  # it says that it is of a longer kind
    }


@pytest.mark.parametrize("length", range(1, CODE_LENGTH))
def test_a_code_cut_short_says_that_it_is_incomplete(length: int) -> None:
    assert refused(CODE[:length]) is RefusalCode.CODE_INCOMPLETE


@pytest.mark.parametrize(
    "text",
    [
        "",
        CODE + "0",
        "https://example.com/",
        "こんにちは",
        "U" * CODE_LENGTH,
        "é" * CODE_LENGTH,
        "٣" * CODE_LENGTH,
        "\x00" * CODE_LENGTH,
        "0" * CODE_LENGTH,
        "!" * 20,
    ],
)
def test_what_is_no_code_of_ours_is_said_to_be_foreign(text: str) -> None:
    assert refused(text) is RefusalCode.CODE_NOT_OURS


@given(st.text(max_size=60))
def test_any_text_at_all_is_answered_with_a_refusal(text: str) -> None:
    assert refused(text) is not None


TYPED = sign(KEY, "hibiya")


@pytest.mark.parametrize(
    "typed",
    [
        TYPED.lower(),
        TYPED.replace("0", "O").replace("1", "I"),
        TYPED.replace("0", "o").replace("1", "l"),
        "-".join(TYPED[at : at + 5] for at in range(0, CODE_LENGTH, 5)),
        f" {TYPED[:18]} {TYPED[18:]} ",
    ],
)
def test_a_code_may_be_typed_as_people_type(typed: str) -> None:
    assert {"0", "1"} <= set(TYPED), "the code must have what is mistyped"
    assert verify(KEYRING, typed) == Code("walk", spot_tag("hibiya"), 1, CodeKind.PRINTED)


def test_a_code_says_the_rally_of_its_own_key_and_no_other() -> None:
    read = verify(KEYRING, sign(OTHER, "ginza"))
    assert isinstance(read, Code)
    assert (read.rally, read.key_id) == ("other", 2)
    pretending = CodeKey(1, "walk", OTHER.secret)
    assert refused(sign(pretending, "ginza")) is RefusalCode.CODE_NOT_GENUINE


def test_a_code_whose_key_is_not_known_is_foreign() -> None:
    assert refused(CODE, Keyring([OTHER], [])) is RefusalCode.CODE_NOT_OURS


@pytest.mark.parametrize("kind", [0, 2, 3, 5, 7, 8, 255])
def test_a_well_signed_code_of_another_or_an_unknown_kind_is_none(kind: int) -> None:
    payload = bytes([kind, 0, 1]) + spot_tag("ginza").to_bytes(4)
    forged = codes._write(payload + codes._mac(KEY.secret, payload))
    # A longer kind, so short, is one that was not read whole.
    expected = RefusalCode.CODE_INCOMPLETE if kind in (2, 3) else RefusalCode.CODE_NOT_OURS
    assert refused(forged) is expected


def test_the_spare_bit_is_not_a_second_way_to_write_a_code() -> None:
    last = ALPHABET.index(CODE[-1])
    assert last % 2 == 0
    assert refused(CODE[:-1] + ALPHABET[last + 1]) is RefusalCode.CODE_NOT_OURS


def test_each_spot_has_a_code_of_its_own() -> None:
    assert len({sign(key, spot) for spot in SPOTS for key in (KEY, OTHER)}) == 2 * len(SPOTS)


def test_the_newest_key_makes_and_the_older_ones_still_verify() -> None:
    newer = CodeKey(3, "walk", b"n" * 32)
    keyring = Keyring([newer, KEY, OTHER], [PeopleKey(2, b"b"), PeopleKey(1, b"a")])
    assert keyring.newest_code_key("walk") == newer
    assert keyring.newest_code_key("other") == OTHER
    assert keyring.newest_code_key("none") is None
    assert isinstance(verify(keyring, CODE), Code)
    assert keyring.newest_people_key.id == 2
    assert keyring.people_key(1) == PeopleKey(1, b"a")
    assert keyring.people_key(3) is None


def test_the_mac_covers_the_whole_payload() -> None:
    assert codes._MAC_BYTES == 16
    assert codes._LENGTHS == {1: 37, 2: 44, 3: 56, 4: 37}
