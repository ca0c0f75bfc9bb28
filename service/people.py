"""Who works on rallies: organisers, viewers and the devices of spots' staff, as they are stored.

A device of staff is a person here: whoever holds it is staff. Names are in these tables alone.
Tokens say who somebody is (service/sign_in.py); what is stored says who is revoked.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from msgspec import Struct

from domain.rehearsal import rehearsed
from service.sign_in import Person, Role, everything_of
from service.sql import stored

NAME_MAX = 60
SKEW_TOLD = timedelta(seconds=30)
"""From here on a device's clock is wrong enough to be told: rotating codes live this long."""
SILENT = timedelta(minutes=5)
"""A device that has given no sign of life for so long is told of; they give one a minute."""
DEVICE_ROLES = (Role.STAFF, Role.STEWARD)
_ADD = stored("add_person")
_READ = stored("read_person")
_READ_ALL = stored("read_people")
_REVOKED = stored("read_revoked")
_REVOKE = stored("revoke_person")
_NAMES = stored("name_people")
_BEAT = stored("write_sign_of_life")
_LIVES = stored("read_lives")


class Life(Struct, frozen=True):
    """A device's last sign of life: when, how far its clock was ahead of ours (milliseconds,
    negative: behind), and how many scans it still kept unsent."""

    seen_at: datetime
    skew_ms: int
    unsent: int

    @property
    def skew(self) -> timedelta:
        """How far the clock was ahead."""
        return timedelta(milliseconds=self.skew_ms)

    @property
    def skewed(self) -> bool:
        """Whether the clock is wrong enough to be told."""
        return abs(self.skew) > SKEW_TOLD


class Member(Struct, frozen=True, kw_only=True):
    """Somebody who works on a rally (`Person.rally`), and what their sign-in is.

    `joined_at` is None until the invitation is used; `invited_until` is until when the newest
    unused link is good, `life` None before the first sign of life.
    """

    id: UUID
    rally: str | None
    role: Role
    spots: tuple[str, ...]
    name: str
    joined_at: datetime | None
    revoked_at: datetime | None
    invited_until: datetime | None
    passkeys: int
    life: Life | None


class Device(Struct, frozen=True, kw_only=True):
    """A device of a spot's staff or of a steward, that is in use: whose, where, and its last sign
    of life (None: none yet). `life.unsent` are scans that only the device has."""

    id: UUID
    role: Role
    spots: tuple[str, ...]
    name: str
    joined_at: datetime
    life: Life | None


async def members(pool: asyncpg.Pool, rally: str, organisation: str | None = None) -> list[Member]:
    """Everybody who works, or worked, on a rally, in the order of their coming: on it, and on all
    of its organisation's, or, where it is of none, on all. On a rehearsal work those of its rally.
    """
    everywhere = everything_of(organisation) if organisation else None
    rows = await pool.fetch(_READ_ALL, rehearsed(rally) or rally, everywhere)
    return [_member(row) for row in rows]


async def devices(pool: asyncpg.Pool, rally: str) -> list[Device]:
    """The devices of a rally's staff and stewards that are in use: joined, and not revoked."""
    return [
        Device(
            id=one.id,
            role=one.role,
            spots=one.spots,
            name=one.name,
            joined_at=one.joined_at,
            life=one.life,
        )
        for one in await members(pool, rally)
        if one.role in DEVICE_ROLES and one.joined_at and not one.revoked_at
    ]


async def add(pool: asyncpg.Pool, person: Person, name: str, by: str, *, joined: bool) -> None:
    """Put somebody on the list, who was made at `person.since`; `joined`: has a token already."""
    at = person.since
    named = (person.id, person.rally, person.role.value, list(person.spots), name)
    await pool.execute(_ADD, *named, by, at, at if joined else None)


async def find(pool: asyncpg.Pool, id_: UUID) -> Any:
    """The stored row of somebody, or None."""
    return await pool.fetchrow(_READ, id_)


async def revoke(pool: asyncpg.Pool, id_: UUID, by: str, now: datetime) -> bool:
    """Make somebody's tokens, links and passkeys void; False if they were so already.

    `Engine.tell` lets all processes know.
    """
    return await pool.fetchval(_REVOKE, id_, by, now) is not None


async def revoked(pool: asyncpg.Pool) -> frozenset[UUID]:
    """Whose tokens are good no more."""
    return frozenset(row["id"] for row in await pool.fetch(_REVOKED))


async def beat(pool: asyncpg.Pool, id_: UUID, life: Life) -> None:
    """Keep a sign of life of somebody who is on the list."""
    await pool.execute(_BEAT, id_, life.seen_at, life.skew_ms, life.unsent)


async def lives(pool: asyncpg.Pool) -> list[Any]:
    """The devices of all rallies that are in use: their rally, `seen_at` and `unsent`."""
    found: list[Any] = await pool.fetch(_LIVES, [role.value for role in DEVICE_ROLES])
    return found


async def names(pool: asyncpg.Pool, ids: Iterable[UUID]) -> dict[UUID, str]:
    """The names of those who are on the list."""
    asked: Sequence[UUID] = list(ids)
    return {row["id"]: row["name"] for row in await pool.fetch(_NAMES, asked)}


def person_of(row: Any) -> Person:
    """Whom the token of somebody stands for who has joined."""
    return Person(
        role=Role(row["role"]),
        id=row["id"],
        since=row["joined_at"].replace(microsecond=0),
        rally=row["rally"],
        spots=tuple(row["spots"]),
    )


def _member(row: Any) -> Member:
    seen_at = row["seen_at"]
    return Member(
        id=row["id"],
        rally=row["rally"],
        role=Role(row["role"]),
        spots=tuple(row["spots"]),
        name=row["name"],
        joined_at=row["joined_at"],
        revoked_at=row["revoked_at"],
        invited_until=row["invited_until"],
        passkeys=row["passkeys"],
        life=Life(seen_at, row["skew_ms"], row["unsent"]) if seen_at else None,
    )
