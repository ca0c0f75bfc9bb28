"""The keys in use: a few per rally for codes, a few for people's tokens.

A keyring is a value: made from the stored keys, replaced when they change. It draws no random
numbers; new secrets are handed in.
"""

from collections.abc import Iterable
from typing import NamedTuple

SECRET_BYTES = 32


class CodeKey(NamedTuple):
    """A key that makes the codes of one rally."""

    id: int
    rally: str
    secret: bytes


class PeopleKey(NamedTuple):
    """A key that signs people's tokens. `visitors_only`: it may have been seen, so nobody else is
    believed by it."""

    id: int
    secret: bytes
    visitors_only: bool = False


class Keyring:
    """Keys by their ids. The newest key makes; older ones still verify until revoked."""

    def __init__(self, code_keys: Iterable[CodeKey], people_keys: Iterable[PeopleKey]) -> None:
        self._code = {key.id: key for key in code_keys}
        self._people = {key.id: key for key in people_keys}
        self._newest: dict[str, CodeKey] = {}
        for key in sorted(self._code.values()):
            self._newest[key.rally] = key

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Keyring)
            and self._code == other._code
            and self._people == other._people
        )

    __hash__ = None  # type: ignore[assignment]  # compared by what it holds

    def code_key(self, key_id: int) -> CodeKey | None:
        """The code key with this id."""
        return self._code.get(key_id)

    def code_keys(self, rally: str) -> list[CodeKey]:
        """All keys of a rally, the oldest first."""
        return sorted(key for key in self._code.values() if key.rally == rally)

    def newest_code_key(self, rally: str) -> CodeKey | None:
        """The key that makes this rally's codes now."""
        return self._newest.get(rally)

    def people_key(self, key_id: int) -> PeopleKey | None:
        """The key for people's tokens with this id."""
        return self._people.get(key_id)

    @property
    def people_keys(self) -> list[PeopleKey]:
        """All keys for people's tokens, the oldest first."""
        return sorted(self._people.values())

    @property
    def newest_people_key(self) -> PeopleKey:
        """The key that signs tokens now."""
        return self._people[max(self._people)]
