"""The journal: who has changed what about a rally and when, the newest first.

Facts of the log and the list of people, put together here. Facts say `role:id`; the names are those
of the list (service/people.py), so that they are nowhere else.
"""

from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from domain.events import Fact
from service import people
from service.engine import Engine
from service.sign_in import everything_of
from service.sql import stored

PAGE_ROWS = 50
_READ_PEOPLE = stored("read_people_changes")


class Cursor(NamedTuple):
    """Before which change to go on."""

    at: datetime
    key: str


NEWEST = Cursor(datetime.max.replace(tzinfo=UTC), "")


class Author(NamedTuple):
    """Who has made a change: as what, and the name if there is one (of a command: its user)."""

    role: str
    name: str


class Change(NamedTuple):
    """A change. `what` is the fact, or the row of somebody who was invited or revoked."""

    at: datetime
    key: str
    kind: str
    by: str
    what: Fact | Any


class Journal(NamedTuple):
    """A page of the journal, its authors, and where the next page begins (None: there is none)."""

    changes: list[Change]
    authors: dict[str, Author]
    older: Cursor | None


async def read_journal(engine: Engine, rally: str, before: Cursor = NEWEST) -> Journal:
    """The newest changes of a rally before a cursor."""
    most = PAGE_ROWS + 1  # one more than is shown says whether there is another page
    organisation = engine.rallies.organisation_of(rally)
    everywhere = everything_of(organisation) if organisation else None
    facts = await engine.log.changes(rally, before.at, before.key, most)
    rows = await engine.pool.fetch(_READ_PEOPLE, rally, before.at, before.key, most, everywhere)
    found = [Change(at, key, type(fact).__name__, _by(fact), fact) for at, key, fact in facts]
    found += [Change(row["at"], row["key"], row["kind"], row["by"], row) for row in rows]
    found.sort(key=lambda change: (change.at, change.key), reverse=True)
    shown = found[:PAGE_ROWS]
    older = Cursor(shown[-1].at, shown[-1].key) if len(found) > PAGE_ROWS else None
    return Journal(shown, await authors(engine, {change.by for change in shown}), older)


def _by(fact: Fact) -> str:
    """Who has made a fact; what belongs to a rally as a whole always says so."""
    return str(getattr(fact, "by", ""))


async def authors(engine: Engine, said: set[str]) -> dict[str, Author]:
    """Who has made facts, by what these say (`by`)."""
    split = {by: by.partition(":") for by in said}
    ids = {by: id_ for by, (_, _, text) in split.items() if (id_ := _id(text))}
    named = await people.names(engine.pool, ids.values())
    return {
        by: Author(role, named.get(ids[by], "") if by in ids else text)
        for by, (role, _, text) in split.items()
    }


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
