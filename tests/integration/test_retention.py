"""What is kept for a while goes by itself, and nothing else does."""

from datetime import datetime, timedelta
from uuid import UUID

from support import LINE, RALLY, Site

from service import people
from service.addresses import kept_until
from service.retention import DRAFTS_KEPT, FORGOTTEN, REVOKED_KEPT, forget
from service.sign_in import Role


async def somebody(site: Site, name: str, rally: str | None = RALLY) -> UUID:
    """A device of staff, or an organiser of all rallies, with a sign of life."""
    role, spots = (Role.STAFF, (LINE[0],)) if rally else (Role.ORGANISER, ())
    person, _ = site.engine.people.new(role, site.clock(), rally, *spots)
    await people.add(site.engine.pool, person, name, "test", joined=True)
    await site.engine.pool.execute(
        "INSERT INTO signs_of_life (person, seen_at, skew_ms, unsent) VALUES ($1, $2, 0, 0)",
        person.id,
        site.clock(),
    )
    return person.id


async def named(site: Site) -> dict[str, bool]:
    """The names that are kept, and whether a sign of life is."""
    rows = await site.engine.pool.fetch(
        "SELECT name, seen_at IS NOT NULL AS seen FROM people"
        " LEFT JOIN signs_of_life ON person = id ORDER BY added_at, id"
    )
    return {row["name"]: row["seen"] for row in rows}


async def passed(site: Site, now: datetime) -> None:
    """The hourly look, at a moment."""
    site.clock.now = now
    await forget(site.engine.pool, site.engine.expired(), now)


async def test_names_go_with_the_addresses_of_their_rally(site: Site) -> None:
    await somebody(site, "Tablet")
    await somebody(site, "Sato", None)
    rally = site.engine.rallies.known(RALLY)
    last = datetime.combine(kept_until(rally.plan), datetime.min.time(), rally.course.zone)
    await passed(site, last)
    assert await named(site) == {"Tablet": True, "Sato": True}
    await passed(site, last + timedelta(days=2))
    assert await named(site) == {FORGOTTEN: False, "Sato": True}


async def test_names_of_the_revoked_go_after_a_while(site: Site) -> None:
    one = await somebody(site, "Tanaka", None)
    await somebody(site, "Sato", None)
    now = site.clock()
    await site.engine.pool.execute("UPDATE people SET revoked_at = $2 WHERE id = $1", one, now)
    await passed(site, now + REVOKED_KEPT)
    assert await named(site) == {"Tanaka": True, "Sato": True}
    await passed(site, now + REVOKED_KEPT + timedelta(seconds=1))
    assert await named(site) == {FORGOTTEN: False, "Sato": True}
    rows = await site.engine.pool.fetch("SELECT FROM people WHERE revoked_at IS NOT NULL")
    assert len(rows) == 1, "who is revoked stays revoked"


async def test_plans_that_were_left_lying_go(site: Site) -> None:
    now = site.clock()
    for number, (rally, age) in enumerate(
        ((None, DRAFTS_KEPT), (None, DRAFTS_KEPT + timedelta(days=1)), (RALLY, 2 * DRAFTS_KEPT))
    ):
        await site.engine.pool.execute(
            "INSERT INTO plan_drafts (id, rally, said, changed_by, changed_at)"
            " VALUES ($1, $2, '{}', 'test', $3)",
            UUID(int=number),
            rally,
            now - age,
        )
    await passed(site, now)
    rows = await site.engine.pool.fetch("SELECT id FROM plan_drafts ORDER BY id")
    assert [row["id"].int for row in rows] == [0, 2]
