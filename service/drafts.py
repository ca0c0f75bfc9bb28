"""Drafts of plans, kept as they are filled in: closing the browser loses nothing."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from msgspec import Struct

from service.failures import DraftUnknown
from service.plan_forms.form import Values
from service.sql import stored

DRAFTS_SHOWN_MAX = 50


class Draft(Struct, frozen=True, kw_only=True):
    """A plan that is being filled in. `rally` is whose plan it changes, and `base` that plan when
    the changes began; both are None for a new rally, which is to be `organisation`'s (None: the
    installation's own). `pasted`: a table with mistakes left."""

    id: UUID
    rally: str | None
    base: Values | None
    said: Values
    pasted: str
    changed_by: str
    changed_at: datetime
    organisation: str | None = None


class New(NamedTuple):
    """A draft to begin: what is said, by whom, and of which rally, or for which organisation."""

    id: UUID
    said: Values
    by: str
    rally: str | None = None
    organisation: str | None = None


Change = Callable[[Draft], Draft]


async def open_drafts(pool: asyncpg.Pool, organisation: str | None) -> list[Draft]:
    """The drafts of new rallies of an organisation (None: of all), the newest first."""
    rows = await pool.fetch(stored("read_plan_drafts"), DRAFTS_SHOWN_MAX, organisation)
    return [_draft(row) for row in rows]


async def read_draft(pool: asyncpg.Pool, id_: UUID) -> Draft:
    """The draft with this id. Raises DraftUnknown."""
    row = await pool.fetchrow(stored("read_plan_draft"), id_)
    if row is None:
        raise DraftUnknown
    return _draft(row)


async def changes_of(pool: asyncpg.Pool, rally: str) -> Draft | None:
    """The changes of a rally's plan that are not applied yet; None if there are none."""
    row = await pool.fetchrow(stored("read_plan_changes"), rally)
    return _draft(row) if row else None


async def begin(pool: asyncpg.Pool, new: New, now: datetime) -> Draft:
    """A new draft. Of a rally's changes there is one: whoever comes second goes on with that."""
    said = json.dumps(new.said)
    base = said if new.rally else None
    begins = (new.id, new.rally, base, said, new.by, now, new.organisation)
    await pool.execute(stored("begin_plan_draft"), *begins)
    begun = await changes_of(pool, new.rally) if new.rally else None
    return begun or await read_draft(pool, new.id)


async def change(pool: asyncpg.Pool, id_: UUID, how: Change, by: str, now: datetime) -> Draft:
    """Change a draft; two that do so at once do it one after the other. Raises DraftUnknown."""
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(stored("lock_plan_draft"), id_)
        if row is None:
            raise DraftUnknown
        after = how(_draft(row))
        base = None if after.base is None else json.dumps(after.base)
        said = json.dumps(after.said)
        await connection.execute(stored("write_plan_draft"), id_, base, said, after.pasted, by, now)
    return after


async def drop(pool: asyncpg.Pool, draft: Draft) -> bool:
    """Forget a draft, unless somebody has changed it since it was read; returns whether it is
    forgotten."""
    return bool(await pool.fetchval(stored("drop_plan_draft"), draft.id, draft.changed_at))


_PLAIN = ("id", "rally", "pasted", "changed_by", "changed_at", "organisation")


def _draft(row: Any) -> Draft:
    base = json.loads(row["base"]) if row["base"] else None
    fields = {name: row[name] for name in _PLAIN}
    return Draft(base=base, said=json.loads(row["said"]), **fields)
