"""Sealing: AES-256-GCM with a fresh nonce each time, bound to what is sealed.

A sealed value is the nonce (12 bytes), the ciphertext and its tag. `about` is not in it: only who
names the same things again (whose it is, which rally's, what for) can open it.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
"""96 random bits: a key seals a visitor's few addresses, far from the 2³² that are safe
(NIST SP 800-38D §8.3)."""


class SealBrokenError(Exception):
    """This was not sealed with this key about these things, or was changed since."""


def new_key() -> bytes:
    """A random key."""
    return AESGCM.generate_key(KEY_BYTES * 8)


def seal(key: bytes, plain: bytes, *about: bytes) -> bytes:
    """`plain`, sealed."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, _together(about))


def unseal(key: bytes, sealed: bytes, *about: bytes) -> bytes:
    """What was sealed. Raises SealBrokenError."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _together(about))
    except (InvalidTag, ValueError):
        raise SealBrokenError from None


def _together(about: tuple[bytes, ...]) -> bytes:
    """With the length of each, so that no two lists look alike."""
    return b"".join(len(each).to_bytes(4, "big") + each for each in about)
