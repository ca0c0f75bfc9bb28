"""Invitations: a link, good for one use within a week, by which somebody signs in.

Only the SHA-256 of its secret is kept: who reads the database, or a backup of it, joins nobody.
"""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from domain.plan import Plan
from domain.rally import NotAllowed
from qr.codes import ALPHABET, as_typed
from service import people
from service.ids import new_id
from service.sign_in import SPOTS_MAX, Person, Role
from service.sql import stored

SECRET_CHARACTERS = 26
"""130 bits; in upper case they make a smaller QR."""
GOOD_FOR = timedelta(days=7)
INVITED = (Role.STAFF, Role.STEWARD, Role.VIEWER, Role.ORGANISER)
_MAKE = stored("make_invitation")
_LOOK = stored("look_at_invitation")
_TAKE = stored("take_invitation")


class State(StrEnum):
    """What a link is worth."""

    GOOD = "good"
    USED = "used"
    OVER = "over"
    UNKNOWN = "unknown"


class Invited(NamedTuple):
    """Who is to be invited: `rally` None for all rallies."""

    role: Role
    rally: str | None
    spots: tuple[str, ...]
    name: str


class Link(NamedTuple):
    """A link that was made: its path, and until when it is good."""

    path: str
    expires_at: datetime


def may_invite(invited: Invited, plan: Plan | None) -> None:
    """Whether somebody can be invited so. `plan` is their rally's. Raises NotAllowed."""
    if not invited.name:
        raise NotAllowed("name_missing", "Say who it is, or which device.")
    at_spots = invited.role in people.DEVICE_ROLES
    if at_spots and (plan is None or not invited.spots):
        raise NotAllowed("spot_missing", "Staff and stewards need a rally and their spots.")
    if not at_spots and invited.spots:
        raise NotAllowed("spots_not_meant", "Organisers and viewers see all spots.")
    if invited.role is Role.STAFF and len(invited.spots) > 1:
        raise NotAllowed("one_spot_only", "Staff have one spot; a steward may have several.")
    if len(invited.spots) > SPOTS_MAX:
        raise NotAllowed("too_many_spots", f"A steward has at most {SPOTS_MAX} spots.")
    known = {spot.id for spot in plan.spots} if plan else set()
    if unknown := set(invited.spots) - known:
        raise NotAllowed("spot_unknown", f"The rally has no spot {min(unknown)}.")


async def invite(pool: asyncpg.Pool, invited: Invited, by: str, now: datetime) -> Link:
    """Put somebody on the list, with a link to join."""
    role, rally, spots, name = invited
    person = Person(role=role, id=new_id(now), since=now, rally=rally, spots=spots)
    await people.add(pool, person, name, by, joined=False)
    return await link(pool, person.id, by, now)


async def link(pool: asyncpg.Pool, person: UUID, by: str, now: datetime) -> Link:
    """One more link for somebody who is on the list; unused ones before it are over."""
    secret = "".join(secrets.choice(ALPHABET) for _ in range(SECRET_CHARACTERS))
    expires_at = now + GOOD_FOR
    await pool.execute(_MAKE, _hash(secret), person, by, now, expires_at)
    return Link(f"/join/{secret}", expires_at)


async def look(pool: asyncpg.Pool, secret: str, now: datetime) -> tuple[State, Any]:
    """What a link is worth, and whom it is for (a row of people); it is not used by that."""
    row = await pool.fetchrow(_LOOK, _hash(secret))
    if row is None:
        return State.UNKNOWN, None
    if row["used_at"]:
        return State.USED, row
    over = row["revoked_at"] is not None or row["expires_at"] <= now
    return (State.OVER if over else State.GOOD), row


async def take(pool: asyncpg.Pool, secret: str, now: datetime) -> Person | None:
    """Use a link up: who joins, or None if it is not good (any more)."""
    row = await pool.fetchrow(_TAKE, _hash(secret), now)
    return people.person_of(row) if row else None


def _hash(secret: str) -> bytes:
    return sha256(as_typed(secret).encode()).digest()
