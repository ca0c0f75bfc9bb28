"""A whole visit in rehearsal, of which nothing enters the rally's results."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from support import LINE, NOON, RALLY, Site

from domain.rally import NotAllowed
from qr.codes import sign
from service.sign_in import STAFF_COOKIE, Role


async def rehearsed(site: Site) -> str:
    """Press the organiser's button; returns the rehearsal's id."""
    headers = {"Cookie": f"{STAFF_COOKIE}={site.organiser()}"}
    async with site.session.post(
        f"/r/{RALLY}/organiser", data={"do": "rehearse"}, headers=headers, allow_redirects=False
    ) as answer:
        assert answer.status == 303
        return answer.headers["Location"].split("/")[2]


async def figures(site: Site, rally: str) -> dict[str, Any]:
    """All that the organiser is told of a rally."""
    await site.engine.follower.catch_up()
    said = {}
    for what in ("completion", "flow", "refusals", "prizes", "survey", "footfall?by=day"):
        status, said[what] = await site.ask("GET", f"/api/rallies/{rally}/{what}", site.organiser())
        assert status == 200, said[what]
        said[what].pop("lag", None)
        said[what].pop("rally", None)
    return said


async def walked(site: Site, rally: str) -> str:
    """A visit from the first scan to the draw and the survey; returns the visitor's token."""
    visitor = site.visitor()
    key = site.engine.keyring.newest_code_key(rally)
    assert key is not None
    for spot in LINE:
        assert (await site.check_in(visitor, sign(key, spot)))[0] == 201
    await site.says_where(visitor, rally)
    for path, body in (
        ("prizes/local-products/entries", None),
        ("survey", {"answers": {"home": "abroad"}}),
    ):
        status, _ = await site.ask("POST", f"/api/rallies/{rally}/{path}", visitor, json=body)
        assert status == 201
    return visitor


async def test_nothing_of_a_rehearsal_enters_the_results(site: Site) -> None:
    """Before the rally begins and outside its hours: the same walk is refused there."""
    before = await figures(site, RALLY)
    trial = await rehearsed(site)
    assert trial == f"try-1-{RALLY}"
    visitor = await walked(site, trial)
    assert await figures(site, RALLY) == before
    assert (await figures(site, trial))["completion"]["visitors"] == 1
    _, card = await site.ask("GET", f"/api/rallies/{RALLY}/card", visitor)
    assert card["spots"] == []
    assert await site.engine.pool.fetchval(
        "SELECT count(*) = 0 FROM events WHERE visitor IS NOT NULL AND rally = $1", RALLY
    )


async def test_it_goes_before_the_rally_begins_and_at_night(site: Site) -> None:
    site.clock.now = NOON - timedelta(days=60, hours=9)
    await walked(site, await rehearsed(site))


async def test_codes_of_the_one_are_nothing_in_the_other(site: Site) -> None:
    """A rehearsal's poster that is left hanging gives no stamp of the rally."""
    trial = await rehearsed(site)
    visitor = site.visitor()
    key = site.engine.keyring.newest_code_key(trial)
    assert key is not None
    _, answer = await site.check_in(visitor, sign(key, LINE[0]))
    assert answer["rally"] == trial
    _, answer = await site.check_in(visitor, site.code(LINE[0]))
    assert answer["rally"] == RALLY


async def test_each_begins_afresh_and_closes_the_one_before(site: Site) -> None:
    first, second = await rehearsed(site), await rehearsed(site)
    assert second == f"try-2-{RALLY}"
    key = site.engine.keyring.newest_code_key(first)
    assert key is not None
    site.clock.forward(minutes=1)
    status, refused = await site.check_in(site.visitor(), sign(key, LINE[0]))
    assert (status, refused["code"]) == (422, "rally_over")
    assert [each.plan.rally for each in site.engine.rehearsals(RALLY)] == [second, first]


async def test_two_who_press_at_once_do_not_share_one(site: Site) -> None:
    headers = {"Cookie": f"{STAFF_COOKIE}={site.organiser()}"}

    async def press() -> int:
        async with site.session.post(
            f"/r/{RALLY}/organiser", data={"do": "rehearse"}, headers=headers, allow_redirects=False
        ) as answer:
            return answer.status

    assert sorted(await asyncio.gather(press(), press())) in ([303, 303], [303, 409])
    begun = {each.plan.rally for each in site.engine.rehearsals(RALLY)}
    facts = await site.engine.pool.fetchval(
        "SELECT count(*) FROM events WHERE type = 'RallyPlanned' AND rally LIKE 'try-%'"
    )
    assert facts == len(begun)


async def test_no_rally_has_a_rehearsals_name(site: Site) -> None:
    """Its name would give the people of another one rights over it."""
    plan = site.engine.rallies.get(RALLY).plan
    with pytest.raises(NotAllowed) as refused:
        await site.engine.plan(replace(plan, rally="try-2-win"), "test")
    assert refused.value.code == "name_reserved"


async def test_every_page_of_it_says_so_and_the_front_door_does_not_show_it(site: Site) -> None:
    trial = await rehearsed(site)
    key = site.engine.keyring.newest_code_key(trial)
    assert key is not None
    headers = {"Cookie": f"{STAFF_COOKIE}={site.organiser()}"}
    for path in (
        f"/r/{trial}",
        f"/s/{sign(key, LINE[0])}",
        f"/r/{trial}/move",
        f"/r/{trial}/my-data",
        f"/r/{trial}/organiser",
        f"/r/{trial}/spots/{LINE[0]}",
        f"/r/{trial}/posters?spot={LINE[0]}",
    ):
        async with site.session.get(path, headers=headers) as answer:
            assert answer.status == 200, path
            assert "Rehearsal: nothing here counts." in await answer.text(), path
    async with site.session.get("/") as answer:
        html = await answer.text()
        assert RALLY in html
        assert trial not in html
    async with site.session.get(f"/r/{RALLY}") as answer:
        assert "Rehearsal" not in await answer.text()


async def test_staff_rehearse_with_their_own_sign_in_and_others_do_not(site: Site) -> None:
    trial = await rehearsed(site)
    own, others = site.staff(LINE[0]), site.staff(LINE[1])
    path = f"/api/rallies/{trial}/footfall?spot={LINE[0]}"
    assert (await site.ask("GET", path, own))[0] == 200
    assert (await site.ask("GET", path, others))[0] == 403
    _, elsewhere = site.engine.people.new(Role.STAFF, site.clock(), "other", LINE[0])
    assert (await site.ask("GET", path, elsewhere))[0] == 404
