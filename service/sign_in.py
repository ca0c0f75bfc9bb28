"""Who is asking: signed tokens for visitors, staff and organisers.

A token is a JWT (HS256) whose key id names a people key. It comes as `Authorization: Bearer` or
in a cookie. Verified tokens are remembered: checking a signature costs as much as the web server
itself, and a crowd shows the same token at every scan.
"""

from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

import jwt
import msgspec
from aiohttp import web
from msgspec import Struct

from domain.rehearsal import rehearsed
from qr.keyring import Keyring, PeopleKey
from service.failures import Forbidden, TokenInvalid, TokenMissing
from service.ids import new_id
from service.memory import remember

VISITOR_COOKIE = "meguri_visitor"
STAFF_COOKIE = "meguri_staff"
COOKIE_SECONDS = 400 * 24 * 3600
"""As long as browsers keep a cookie."""
_ALGORITHM = "HS256"
_TOKEN_LENGTH_MAX = 1_000
_HMAC = jwt.get_algorithm_by_name(_ALGORITHM)


class Role(StrEnum):
    """What a person may do."""

    VISITOR = "visitor"
    STAFF = "staff"
    STEWARD = "steward"
    VIEWER = "viewer"
    ORGANISER = "organiser"


def _bytes_of(text: str) -> bytes:
    """What base64url without padding stands for. Raises ValueError."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Person(Struct, frozen=True, kw_only=True):
    """Whom a token stands for. Staff have a rally and a spot, organisers may have neither."""

    role: Role
    id: UUID
    since: datetime
    rally: str | None = None
    spot: str | None = None

    @property
    def by(self) -> str:
        """Who makes a change, as facts remember it."""
        return f"{self.role}:{self.id}"


class _Claims(Struct, frozen=True, omit_defaults=True):
    sub: UUID
    role: Role
    iat: int
    rally: str | None = None
    spot: str | None = None


_decode_claims = msgspec.json.Decoder(_Claims).decode


class People:
    """Makes and verifies tokens with the keys of the current keyring.

    PyJWT makes them, and reads a header once: all tokens of a key have the same one. What is left
    of a token is its signature and claims of our own, none of which expires; checking just those is
    a fifth of PyJWT's general work, and when a gate opens every token is new.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._verified: dict[str, Person] = {}
        # Headers differ by their key alone, so each is read once.
        self._key_by_header: dict[str, PeopleKey] = {}

    def use(self, keyring: Keyring) -> None:
        """Take another keyring; what was verified with the old one is forgotten."""
        self._keyring = keyring
        self._verified.clear()
        self._key_by_header.clear()

    def token(self, person: Person) -> str:
        """A token for `person`."""
        key = self._keyring.newest_people_key
        claims = _Claims(
            person.id, person.role, int(person.since.timestamp()), person.rally, person.spot
        )
        return jwt.encode(
            msgspec.to_builtins(claims), key.secret, _ALGORITHM, headers={"kid": str(key.id)}
        )

    def new(
        self, role: Role, now: datetime, rally: str | None = None, spot: str | None = None
    ) -> tuple[Person, str]:
        """Somebody new, and the token that says so."""
        since = now.replace(microsecond=0)  # as a token says it
        person = Person(role=role, id=new_id(now), since=since, rally=rally, spot=spot)
        token = self.token(person)
        remember(self._verified, token, person)  # a new visitor's next request is the check-in
        return person, token

    def verify(self, token: str) -> Person:
        """Whom `token` stands for. Raises TokenInvalid."""
        person = self._verified.get(token)
        if person is None:
            person = self._verify(token)
            remember(self._verified, token, person)
        return person

    def _verify(self, token: str) -> Person:
        if len(token) > _TOKEN_LENGTH_MAX:
            raise TokenInvalid
        try:
            signed, _, signature = token.rpartition(".")
            header, _, payload = signed.partition(".")
            key = self._key_of(token, header)
            if not _HMAC.verify(signed.encode("ascii"), key.secret, _bytes_of(signature)):
                raise TokenInvalid
            claims = _decode_claims(_bytes_of(payload))
        except (jwt.InvalidTokenError, msgspec.MsgspecError, ValueError, TypeError) as error:
            raise TokenInvalid from error
        return Person(
            role=claims.role,
            id=claims.sub,
            since=datetime.fromtimestamp(claims.iat, UTC),
            rally=claims.rally,
            spot=claims.spot,
        )

    def _key_of(self, token: str, header: str) -> PeopleKey:
        """The key that a token's header names. Raises TokenInvalid, or what PyJWT raises."""
        key = self._key_by_header.get(header)
        if key is None:
            read = jwt.get_unverified_header(token)
            key = self._keyring.people_key(int(read.get("kid", "")))
            if key is None or read != {"alg": _ALGORITHM, "typ": "JWT", "kid": str(key.id)}:
                raise TokenInvalid
            remember(self._key_by_header, header, key)
        return key

    def of_request(self, request: web.Request, cookie: str) -> Person | None:
        """The person who asks, or None if no token came with the request."""
        header = request.headers.get("Authorization")
        if header is not None:
            scheme, _, token = header.partition(" ")
            if scheme.lower() != "bearer":
                raise TokenInvalid
            return self.verify(token.strip())
        from_cookie = "Cookie" in request.headers and request.cookies.get(cookie)
        return self.verify(from_cookie) if from_cookie else None

    def known_visitor(self, request: web.Request) -> Person | None:
        """The visitor whom this browser knows; None if none, or whose key is gone."""
        try:
            known = self.of_request(request, VISITOR_COOKIE)
        except TokenInvalid:
            return None
        return known if known is not None and known.role is Role.VISITOR else None

    def visitor(self, request: web.Request) -> Person:
        """The visitor who asks. Raises TokenMissing, TokenInvalid, Forbidden."""
        return self._with_role(request, VISITOR_COOKIE, Role.VISITOR)

    def organiser(self, request: web.Request, rally: str) -> Person:
        """The organiser of `rally` who asks."""
        person = self._with_role(request, STAFF_COOKIE, Role.ORGANISER)
        if not belongs(person, rally):
            raise Forbidden
        return person

    def viewer(self, request: web.Request, rally: str) -> Person:
        """Who may see all of `rally`: its organisers, and who only looks on."""
        person = self._with_role(request, STAFF_COOKIE, Role.VIEWER, Role.ORGANISER)
        if not belongs(person, rally):
            raise Forbidden
        return person

    def staff(self, request: web.Request, rally: str, spot: str | None) -> Person:
        """Who may see `spot` (None: all spots): its own staff, or an organiser."""
        person = self._with_role(request, STAFF_COOKIE, Role.STAFF, Role.ORGANISER)
        if not belongs(person, rally):
            raise Forbidden
        if person.role is Role.STAFF and (spot is None or person.spot != spot):
            raise Forbidden
        return person

    def _with_role(self, request: web.Request, cookie: str, *roles: Role) -> Person:
        person = self.of_request(request, cookie)
        if person is None:
            raise TokenMissing
        if person.role not in roles:
            raise Forbidden
        return person


def belongs(person: Person, rally: str) -> bool:
    """Whether somebody belongs to a rally, or to the one that it is a rehearsal of."""
    everywhere = person.role is Role.ORGANISER and person.rally is None
    return everywhere or person.rally in (rally, rehearsed(rally))
