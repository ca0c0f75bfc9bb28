"""Who is asking: signed tokens for visitors, staff, viewers and organisers.

A token is a JWT (HS256) whose key id names a people key. It comes as `Authorization: Bearer` or
in a cookie. Verified tokens are remembered: checking a signature costs as much as the web server
itself, and a crowd shows the same token at every scan. Whoever is revoked (service/people.py) is
forgotten at once and verifies no more.
"""

from base64 import urlsafe_b64decode
from collections.abc import Callable, Set
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

import jwt
import msgspec
from aiohttp import web
from msgspec import Struct

from domain.rehearsal import rehearsed
from qr.keyring import Keyring, PeopleKey
from service.failures import Forbidden, NotEverywhere, RallyUnknown, TokenInvalid, TokenMissing
from service.ids import new_id
from service.memory import remember

VISITOR_COOKIE = "meguri_visitor"
STAFF_COOKIE = "meguri_staff"
COOKIE_SECONDS = 400 * 24 * 3600
"""As long as browsers keep a cookie."""
_ALGORITHM = "HS256"
SPOTS_MAX = 50
"""Spots of a steward: they are in the token, and browsers keep cookies of 4,096 bytes."""
_TOKEN_LENGTH_MAX = 4_000
_HMAC = jwt.get_algorithm_by_name(_ALGORITHM)


class Role(StrEnum):
    """What a person may do."""

    VISITOR = "visitor"
    STAFF = "staff"
    STEWARD = "steward"
    VIEWER = "viewer"
    ORGANISER = "organiser"


AT_DESK = (Role.VIEWER, Role.ORGANISER)
_AT_WORK = (Role.STAFF, Role.STEWARD, *AT_DESK)


_OF = "@"
"""No rally's name begins so."""


def everything_of(organisation: str) -> str:
    """Where somebody works who works on all rallies of an organisation."""
    return f"{_OF}{organisation}"


def _bytes_of(text: str) -> bytes:
    """What base64url without padding stands for. Raises ValueError."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Person(Struct, frozen=True, kw_only=True):
    """Whom a token stands for. Staff have a rally and a spot, stewards several; viewers and
    organisers may have neither.

    `rally` is where somebody works: a rally, all of an organisation's (`everything_of`), or (None)
    all of the installation's. An organisation's stands in the place of a rally's, so that a program
    that does not know of organisations takes it for a rally that is not there, never for all.
    """

    role: Role
    id: UUID
    since: datetime
    rally: str | None = None
    spots: tuple[str, ...] = ()

    @property
    def spot(self) -> str | None:
        """The own spot of who has just one."""
        return self.spots[0] if len(self.spots) == 1 else None

    @property
    def organisation(self) -> str | None:
        """Of which organisation all rallies are theirs."""
        scope = self.rally or ""
        return scope.removeprefix(_OF) if scope.startswith(_OF) else None

    @property
    def may_lay_out(self) -> bool:
        """Whether they may lay out new rallies."""
        return self.may_change and (self.rally is None or self.organisation is not None)

    @property
    def may_change(self) -> bool:
        """Whether a rally is theirs to change."""
        return self.role is Role.ORGANISER

    @property
    def sees_all(self) -> bool:
        """Whether all of a rally is theirs to see."""
        return self.role in AT_DESK

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
    spots: tuple[str, ...] = ()


_decode_claims = msgspec.json.Decoder(_Claims).decode


class People:
    """Makes and verifies tokens with the keys of the current keyring.

    PyJWT makes them, and reads a header once: all tokens of a key have the same one. What is left
    of a token is its signature and claims of our own, none of which expires; checking just those is
    a fifth of PyJWT's general work, and when a gate opens every token is new.
    """

    def __init__(self, keyring: Keyring, organisation_of: Callable[[str], str | None]) -> None:
        self._keyring = keyring
        self._organisation_of = organisation_of
        self._verified: dict[str, Person] = {}
        self._revoked: Set[UUID] = frozenset()
        # Headers differ by their key alone, so each is read once.
        self._key_by_header: dict[str, PeopleKey] = {}

    def use(self, keyring: Keyring) -> None:
        """Take another keyring; what was verified with the old one is forgotten."""
        self._keyring = keyring
        self._verified.clear()
        self._key_by_header.clear()

    def refuse(self, revoked: Set[UUID]) -> bool:
        """Believe these people no more, and only these; returns whether that is new."""
        if revoked == self._revoked:
            return False
        self._revoked = revoked
        known = self._verified.items()
        self._verified = {token: one for token, one in known if one.id not in revoked}
        return True

    def refuses(self, person: Person | None) -> bool:
        """Whether somebody has been revoked."""
        return person is not None and person.id in self._revoked

    def token(self, person: Person) -> str:
        """A token for `person`."""
        key = self._keyring.newest_people_key
        several = () if person.spot else person.spots
        since = int(person.since.timestamp())
        claims = _Claims(person.id, person.role, since, person.rally, person.spot, several)
        return jwt.encode(
            msgspec.to_builtins(claims), key.secret, _ALGORITHM, headers={"kid": str(key.id)}
        )

    def new(
        self, role: Role, now: datetime, rally: str | None = None, *spots: str
    ) -> tuple[Person, str]:
        """Somebody new, and the token that says so."""
        since = now.replace(microsecond=0)  # as a token says it
        person = Person(role=role, id=new_id(now), since=since, rally=rally, spots=spots)
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
        if claims.sub in self._revoked or (key.visitors_only and claims.role is not Role.VISITOR):
            raise TokenInvalid
        return Person(
            role=claims.role,
            id=claims.sub,
            since=datetime.fromtimestamp(claims.iat, UTC),
            rally=claims.rally,
            spots=(claims.spot,) if claims.spot else claims.spots,
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

    def known_staff(self, request: web.Request) -> Person | None:
        """Who is signed in on this browser, of those who work on rallies; None if nobody is."""
        try:
            known = self.of_request(request, STAFF_COOKIE)
        except TokenInvalid:
            return None
        return known if known is not None and known.role is not Role.VISITOR else None

    def visitor(self, request: web.Request) -> Person:
        """The visitor who asks. Raises TokenMissing, TokenInvalid, Forbidden."""
        return self._with_role(request, VISITOR_COOKIE, Role.VISITOR)

    def organiser(self, request: web.Request, rally: str) -> Person:
        """The organiser of `rally` who asks."""
        return self._of_rally(request, rally, Role.ORGANISER)

    def viewer(self, request: web.Request, rally: str) -> Person:
        """Who may see all of `rally`: its organisers, and who only looks on."""
        return self._of_rally(request, rally, *AT_DESK)

    def at_desk(self, request: web.Request) -> Person:
        """Who may look at the desk of some rally: an organiser, or who only looks on."""
        return self._with_role(request, STAFF_COOKIE, *AT_DESK)

    def planner(self, request: web.Request) -> Person:
        """Who may lay out new rallies: an organiser of all, or of all of an organisation's. Raises
        NotEverywhere, …"""
        person = self.at_desk(request)
        if not person.may_lay_out:
            raise NotEverywhere
        return person

    def staff(self, request: web.Request, rally: str, spot: str | None) -> Person:
        """Who may work at `spot` (None: at all spots): its own staff, a steward, an organiser."""
        return self._at_spot(request, rally, spot, Role.ORGANISER)

    def observer(self, request: web.Request, rally: str, spot: str | None) -> Person:
        """Who may see what happens at `spot` (None: at all spots): who works there, and viewers."""
        return self._at_spot(request, rally, spot, *AT_DESK)

    def worker(self, request: web.Request, rally: str) -> Person:
        """Who works on `rally`, as whatever, or may look on."""
        return self._of_rally(request, rally, *_AT_WORK)

    def at_work(self, request: web.Request) -> Person:
        """Who works on some rally, as whatever, or may look on."""
        return self._with_role(request, STAFF_COOKIE, *_AT_WORK)

    def _at_spot(
        self, request: web.Request, rally: str, spot: str | None, *everywhere: Role
    ) -> Person:
        person = self._of_rally(request, rally, Role.STAFF, Role.STEWARD, *everywhere)
        if person.role not in everywhere and spot not in person.spots:
            raise Forbidden
        return person

    def _of_rally(self, request: web.Request, rally: str, *roles: Role) -> Person:
        person = self._with_role(request, STAFF_COOKIE, *_AT_WORK)
        if not self.belongs(person, rally):
            raise RallyUnknown  # as if it were not there: nobody is told that it is
        if person.role not in roles:
            raise Forbidden
        return person

    def belongs(self, person: Person, rally: str) -> bool:
        """Whether somebody works on a rally: on it, or the one that it is a rehearsal of, on all of
        its organisation's, or on all."""
        if person.rally is None:
            return person.sees_all
        if person.organisation is not None:
            return person.sees_all and person.organisation == self._organisation_of(rally)
        return person.rally in (rally, rehearsed(rally))

    def _with_role(self, request: web.Request, cookie: str, *roles: Role) -> Person:
        person = self.of_request(request, cookie)
        if person is None:
            raise TokenMissing
        if person.role not in roles:
            raise Forbidden
        return person


def home_of(person: Person) -> str:
    """The address at which somebody works."""
    match person.role:
        case Role.STAFF:
            return f"/r/{person.rally}/spots/{person.spot}"
        case Role.STEWARD:
            return f"/r/{person.rally}/shops"
    one = person.rally is not None and person.organisation is None
    return f"/r/{person.rally}/organiser" if one else "/organiser"
