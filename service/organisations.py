"""Organisations: those who run rallies on this installation, each apart from the others.

Whose a rally is, its first fact says (`domain.events.RallyPlanned`); who works on all rallies of an
organisation, the list of people (`service.sign_in.everything_of`). Here are their names.
"""

from datetime import datetime

import asyncpg
import msgspec
from msgspec import Struct

from domain.plan import Id
from domain.rally import NotAllowed
from service.sql import stored

NAME_MAX = 60


class Organisation(Struct, frozen=True):
    """An organisation, how many rallies are its, and how many people work on all of them."""

    id: str
    name: str
    rallies: int
    people: int


async def organisations(pool: asyncpg.Pool) -> list[Organisation]:
    """All organisations, by their ids."""
    return [Organisation(*row) for row in await pool.fetch(stored("read_organisations"))]


async def add(pool: asyncpg.Pool, id_: str, name: str, by: str, now: datetime) -> None:
    """Add an organisation, or give one another name. Raises NotAllowed."""
    try:
        msgspec.convert(id_, Id)
    except msgspec.ValidationError as error:
        raise NotAllowed(
            "organisation_id_invalid", "An id has lower-case letters, digits and single hyphens."
        ) from error
    if not 0 < len(name) <= NAME_MAX or not name.isprintable():
        raise NotAllowed("name_missing", f"Say its name, in {NAME_MAX} letters at most.")
    await pool.execute(stored("write_organisation"), id_, name, by, now)
