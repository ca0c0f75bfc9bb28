"""Sealing: what opens what, and what nothing opens."""

import pytest

from service.sealing import KEY_BYTES, NONCE_BYTES, SealBrokenError, new_key, seal, unseal

KEY = bytes(range(KEY_BYTES))
ABOUT = (b"address", b"visitor", b"rally")
PLAIN = "千代田区丸の内1-9-1".encode()
SEALED = seal(KEY, PLAIN, *ABOUT)


def test_what_is_sealed_is_opened_by_its_key_and_names() -> None:
    assert unseal(KEY, SEALED, *ABOUT) == PLAIN
    assert PLAIN not in SEALED


@pytest.mark.parametrize(
    "about",
    [
        (b"draft", b"visitor", b"rally"),
        (b"address", b"another", b"rally"),
        (b"address", b"visitor", b"another"),
        (b"address", b"visitorr", b"ally"),
        (b"address", b"visitor"),
        (),
    ],
)
def test_another_visitor_rally_or_use_opens_nothing(about: tuple[bytes, ...]) -> None:
    with pytest.raises(SealBrokenError):
        unseal(KEY, SEALED, *about)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(SealBrokenError):
        unseal(new_key(), SEALED, *ABOUT)


@pytest.mark.parametrize("at", range(len(SEALED)))
def test_not_one_bit_can_be_changed(at: int) -> None:
    changed = bytearray(SEALED)
    changed[at] ^= 1
    with pytest.raises(SealBrokenError):
        unseal(KEY, bytes(changed), *ABOUT)


@pytest.mark.parametrize("length", [0, 1, NONCE_BYTES, NONCE_BYTES + 15, len(SEALED) - 1])
def test_what_was_cut_opens_nothing(length: int) -> None:
    with pytest.raises(SealBrokenError):
        unseal(KEY, SEALED[:length], *ABOUT)


def test_every_seal_has_a_fresh_nonce() -> None:
    sealed = [seal(KEY, PLAIN, *ABOUT) for _ in range(1_000)]
    assert len({each[:NONCE_BYTES] for each in sealed}) == len(sealed)
