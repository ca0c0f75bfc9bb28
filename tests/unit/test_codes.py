"""Codes: what was signed is genuine; nothing else is."""

from uuid import UUID

import pytest
from builders import SPOTS
from hypothesis import given
from hypothesis import strategies as st

from domain.encoding import paper_visitor, spot_tag
from domain.refusals import Refusal, RefusalCode
from qr import codes
from qr.codes import (
    CODE_LENGTH,
    Code,
    CodeKind,
    sign,
    sign_badge,
    sign_paper,
    sign_rotating,
    spot_secret,
    verify,
)
from qr.images import symbol
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


# --- codes on screens, badges and paper cards ---------------------------------------------------

VISITOR = UUID("0190b5a7-7c11-7abc-8def-0123456789ab")
LENGTHS = {"printed": 37, "rotating": 44, "badge": 56, "paper": 37}
OF_EACH_KIND = {
    "printed": CODE,
    "rotating": sign_rotating(KEY, "ginza", 118_000_000),
    "badge": sign_badge(KEY, VISITOR),
    "paper": sign_paper(KEY, 1),
}
KEYS = st.builds(
    CodeKey, st.integers(0, 0xFFFF), st.just("walk"), st.binary(min_size=32, max_size=32)
)
SERIALS = STEPS = st.integers(0, 2**32 - 1)


def read(text: str, keyring: Keyring = KEYRING) -> Code:
    code = verify(keyring, text)
    assert isinstance(code, Code)
    return code


@given(KEYS, st.text(max_size=40), STEPS, st.uuids(), SERIALS)
def test_every_kind_of_code_says_what_it_stands_for(
    key: CodeKey, spot: str, step: int, visitor: UUID, serial: int
) -> None:
    keyring = Keyring([key], [])
    owner = paper_visitor("walk", serial)
    assert [
        read(sign_rotating(key, spot, step), keyring),
        read(sign_badge(key, visitor), keyring),
        read(sign_paper(key, serial), keyring),
    ] == [
        Code("walk", spot_tag(spot), key.id, CodeKind.ROTATING, step=step),
        Code("walk", 0, key.id, CodeKind.BADGE, visitor=visitor),
        Code("walk", 0, key.id, CodeKind.PAPER, visitor=owner),
    ]


@pytest.mark.parametrize("kind", OF_EACH_KIND)
def test_a_code_is_as_long_as_its_kind_and_that_is_the_evidence(kind: str) -> None:
    code = OF_EACH_KIND[kind]
    assert len(code) == LENGTHS[kind]
    assert set(code) <= set(ALPHABET)
    assert read(code).evidence == kind
    assert read(code.lower().replace("0", "o").replace("1", "l")) == read(code)


@pytest.mark.parametrize("kind", OF_EACH_KIND)
def test_a_code_of_any_kind_fits_version_6_with_a_host_of_25_characters(kind: str) -> None:
    host = "stamps.example-city.lg.jp"
    assert len(host) == 25
    assert symbol(f"https://{host}/s/{OF_EACH_KIND[kind]}").version <= 6


def test_codes_that_were_given_away_stay_valid() -> None:
    """Written down once: badges are saved as pictures, paper cards are printed."""
    assert OF_EACH_KIND["badge"] == "0C0020CGPPKQR4BTQJ6YY0938NKRKAWJYSFF9DANFP29QGXSSGPQZ3W2"
    assert OF_EACH_KIND["paper"] == "0G002000000K4SFDWJP29PBM3M3R1AHWY2VS0"
    assert OF_EACH_KIND["rotating"] == "080032SZMZA0E249G0PZZYD7Q95SY3B2CAB9ERPT98TG"


@pytest.mark.parametrize("kind", OF_EACH_KIND)
def test_no_code_of_any_kind_with_one_bit_flipped_is_accepted(kind: str) -> None:
    code = OF_EACH_KIND[kind]
    for place, character in enumerate(code):
        for shift in range(5):
            forged = ALPHABET[ALPHABET.index(character) ^ 1 << shift]
            assert refused(code[:place] + forged + code[place + 1 :]) is not None


@pytest.mark.parametrize("kind", OF_EACH_KIND)
def test_no_code_is_another_one_cut_short_or_lengthened(kind: str) -> None:
    code = OF_EACH_KIND[kind]
    for length in range(1, len(code)):
        assert refused(code[:length]) is RefusalCode.CODE_INCOMPLETE
    for more in ("0", code):
        assert refused(code + more) is RefusalCode.CODE_NOT_OURS


def written(kind: CodeKind, subject: bytes, secret: bytes) -> str:
    """A code as somebody writes it who knows the format and has some secret."""
    payload = bytes([kind]) + KEY.id.to_bytes(2) + subject
    return codes._write(payload + codes._mac(secret, payload))


def test_a_stolen_screen_makes_the_codes_of_its_own_spot_and_none_else() -> None:
    """Given the secret of one spot; then posters, badges, paper and other spots are safe from it."""
    stolen = spot_secret(KEY, "ginza")
    ginza, hibiya = (spot_tag(spot).to_bytes(4) for spot in ("ginza", "hibiya"))
    step = (5).to_bytes(4)
    assert written(CodeKind.ROTATING, ginza + step, stolen) == sign_rotating(KEY, "ginza", 5)
    for attempt in (
        written(CodeKind.ROTATING, hibiya + step, stolen),
        written(CodeKind.PRINTED, ginza, stolen),
        written(CodeKind.PRINTED, hibiya, stolen),
        written(CodeKind.BADGE, VISITOR.bytes, stolen),
        written(CodeKind.PAPER, (1).to_bytes(4), stolen),
        sign_rotating(CodeKey(KEY.id, "walk", stolen), "hibiya", 5),
        sign_rotating(CodeKey(KEY.id, "walk", stolen), "ginza", 5),
    ):
        assert refused(attempt) is RefusalCode.CODE_NOT_GENUINE


def test_a_rotating_code_is_made_with_the_secret_of_its_spot_not_with_its_rallys() -> None:
    subject = spot_tag("ginza").to_bytes(4) + (5).to_bytes(4)
    for secret in (KEY.secret, spot_secret(OTHER, "ginza"), spot_secret(KEY, "hibiya")):
        assert refused(written(CodeKind.ROTATING, subject, secret)) is RefusalCode.CODE_NOT_GENUINE
    secrets = {spot_secret(key, spot) for key in (KEY, OTHER) for spot in SPOTS}
    assert len(secrets) == 2 * len(SPOTS)
    assert {len(secret) for secret in secrets} == {32}


def test_a_steps_code_is_no_other_steps() -> None:
    """Also if the step inside it is changed by hand: what was shown an hour ago is not now's."""
    assert len({sign_rotating(KEY, "ginza", step) for step in range(50)}) == 50
    old, new = (sign_rotating(KEY, "ginza", step) for step in (100, 340))
    new_raw, old_raw = codes._read(new), codes._read(old)
    assert new_raw is not None
    assert old_raw is not None
    assert refused(codes._write(new_raw[:-16] + old_raw[-16:])) is RefusalCode.CODE_NOT_GENUINE


def test_a_paper_card_is_always_the_same_visitor_of_its_rally_and_nobody_elses() -> None:
    newer = CodeKey(3, "walk", b"n" * 32)
    keyring = Keyring([KEY, OTHER, newer], [])
    visitor = read(sign_paper(KEY, 41), keyring).visitor
    assert read(sign_paper(newer, 41), keyring).visitor == visitor, "also after keys rotate"
    assert visitor == UUID("bc2177ab-d5df-556b-ac0a-985b124ba062")
    others = [sign_paper(OTHER, 41), *(sign_paper(KEY, serial) for serial in range(1, 41))]
    assert len({read(code, keyring).visitor for code in others} | {visitor}) == 42
