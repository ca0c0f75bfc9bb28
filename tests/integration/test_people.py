"""Who works on a rally: invited by a link that is good once, listed, and revoked at once."""

import asyncio
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from support import RALLY, OpenEngine, Site, until

from domain.rally import NotAllowed
from service import people
from service.engine import SIGN_INS_MAX, running
from service.failures import TokenInvalid
from service.invitations import GOOD_FOR, Invited, Link, invite, link, may_invite
from service.sign_in import SPOTS_MAX, STAFF_COOKIE, Person, Role

SHOP, OTHER = "hokkaido-yurakucho", "akita-yurakucho"
NAME = "Counter tablet 藍"
PAGE = {"Accept": "text/html"}


async def invited(site: Site, role: Role = Role.STAFF, *spots: str, name: str = NAME) -> Link:
    return await invite(
        site.engine.pool, Invited(role, RALLY, spots, name), "command:test", site.clock()
    )


async def joined(site: Site, path: str) -> tuple[int, str, str | None]:
    """Press the link's button: status, where it leads, the token."""
    async with site.session.post(path, headers=PAGE, allow_redirects=False) as answer:
        cookie = answer.cookies.get(STAFF_COOKIE)
        site.session.cookie_jar.clear()
        return answer.status, answer.headers.get("Location", ""), cookie and cookie.value


async def token_of(site: Site, role: Role, *spots: str, name: str = NAME) -> str:
    _, _, token = await joined(site, (await invited(site, role, *spots, name=name)).path)
    assert token
    return token


async def seen(site: Site, path: str, token: str | None = None, **how: Any) -> tuple[int, str]:
    """A page, as somebody sees it."""
    headers = PAGE | ({"Authorization": f"Bearer {token}"} if token else {})
    method = "POST" if "data" in how else "GET"
    async with site.session.request(
        method, path, headers=headers, allow_redirects=False, **how
    ) as answer:
        return answer.status, await answer.text()


def person(site: Site, token: str) -> Person:
    return site.engine.people.verify(token)


@pytest.mark.parametrize(
    ("role", "spots", "goal"),
    [
        (Role.STAFF, (SHOP,), f"/r/{RALLY}/spots/{SHOP}"),
        (Role.STEWARD, (SHOP, OTHER), f"/r/{RALLY}/shops"),
        (Role.VIEWER, (), "/passkey"),
        (Role.ORGANISER, (), "/passkey"),
    ],
)
async def test_an_invitation_is_good_once_and_leads_to_where_its_person_works(
    site: Site, role: Role, spots: tuple[str, ...], goal: str
) -> None:
    path = (await invited(site, role, *spots)).path
    for _ in range(3):  # link previews look
        status, page = await seen(site, path)
        assert (status, NAME in page) == (200, True)
    status, where, token = await joined(site, path)
    assert (status, where) == (303, goal)
    assert token
    who = person(site, token)
    assert (who.role, who.rally, who.spots) == (role, RALLY, spots)
    assert (await seen(site, where, token))[0] == 200
    status, where, token = await joined(site, path)
    assert (status, token) == (410, None)
    assert "used before" in (await seen(site, path))[1]


async def test_a_link_is_over_after_a_week_and_when_there_is_a_newer_one(site: Site) -> None:
    old = await invited(site, Role.STAFF, SHOP)
    (device,) = await people.members(site.engine.pool, RALLY)
    site.clock.forward(seconds=1)
    new = await link(site.engine.pool, device.id, "command:test", site.clock())
    assert (await joined(site, old.path))[0] == 410
    site.clock.now = new.expires_at - timedelta(seconds=1)
    in_time = await link(site.engine.pool, device.id, "command:test", site.clock())
    site.clock.now = in_time.expires_at
    assert (await joined(site, in_time.path))[0] == 410
    assert "time is over" in (await seen(site, in_time.path))[1]
    assert timedelta(days=7) == GOOD_FOR


async def test_only_a_hash_is_kept_and_who_guesses_waits(site: Site) -> None:
    path = (await invited(site, Role.STAFF, SHOP)).path
    (kept,) = await site.engine.pool.fetch("SELECT * FROM invitations")
    assert path.rpartition("/")[2] not in str(dict(kept))
    answers = [(await joined(site, f"/join/{n:026d}"))[0] for n in range(40)]
    assert (answers.count(404), answers.count(429)) == (30, 10)
    assert (await joined(site, path))[0] == 429, "also with the right one"


@pytest.mark.parametrize("secret", ["x", "%00", "%F0%9F%8C%80", "0" * 5_000, "'%20OR%201=1"])
async def test_what_is_no_link_is_told_so(site: Site, secret: str) -> None:
    assert (await seen(site, f"/join/{secret}"))[0] == 404
    assert (await joined(site, f"/join/{secret}"))[0] == 404


async def test_two_presses_at_once_join_once(site: Site) -> None:

    path = (await invited(site, Role.STAFF, SHOP)).path
    answers = await asyncio.gather(*(joined(site, path) for _ in range(5)))
    assert sorted(status for status, _, _ in answers) == [303, 410, 410, 410, 410]


@pytest.mark.parametrize(
    ("role", "spots", "code"),
    [
        (Role.STAFF, (), "spot_missing"),
        (Role.STEWARD, (), "spot_missing"),
        (Role.STAFF, (SHOP, OTHER), "one_spot_only"),
        (Role.STEWARD, ("moon",), "spot_unknown"),
        (Role.VIEWER, (SHOP,), "spots_not_meant"),
        (Role.STEWARD, tuple(f"s{n}" for n in range(SPOTS_MAX + 1)), "too_many_spots"),
    ],
)
def test_who_cannot_be_invited_so(
    tokyo: Any, role: Role, spots: tuple[str, ...], code: str
) -> None:
    with pytest.raises(NotAllowed) as refused:
        may_invite(Invited(role, RALLY, spots, NAME), tokyo)
    assert refused.value.code == code
    with pytest.raises(NotAllowed):
        may_invite(Invited(Role.VIEWER, RALLY, (), ""), tokyo)


async def test_a_stewards_token_holds_as_many_spots_as_there_may_be(site: Site) -> None:
    """Also by the longest names that a plan may give."""
    spots = tuple(f"{n:02d}-{'x' * 37}" for n in range(SPOTS_MAX))
    who, token = site.engine.people.new(Role.STEWARD, site.clock(), RALLY, *spots)
    assert len(f"{STAFF_COOKIE}={token}") < 4_096
    fresh = type(site.engine.people)(site.engine.keyring, site.engine.rallies.organisation_of)
    assert fresh.verify(token) == who


async def test_whoever_is_revoked_is_refused_at_once_and_in_every_process(
    site: Site, open_another: OpenEngine
) -> None:
    """Given a device at work in two processes; when the organiser revokes it; then this process
    refuses it with the answer, the other within a second or so, and nobody else is affected."""
    token = await token_of(site, Role.STAFF, SHOP)
    staying = await token_of(site, Role.STAFF, OTHER)
    organiser, visitor = site.organiser(), site.visitor()
    other = await open_another()
    async with running(other):
        for one in (token, staying):
            assert other.people.verify(one) == person(site, one)
        said = {"do": "revoke", "person": str(person(site, token).id)}
        status, _ = await seen(site, f"/r/{RALLY}/people", organiser, data=said)
        assert status == 303
        status, answer = await site.ask("GET", f"/api/rallies/{RALLY}/footfall?spot={SHOP}", token)
        assert (status, answer["code"]) == (401, "token_invalid")

        async def refused() -> bool:
            try:
                other.people.verify(token)
            except TokenInvalid:
                return True
            return False

        await until(refused, seconds=3)
        for engine in (site.engine, other):
            assert engine.people.verify(staying)
            assert engine.people.verify(visitor)
    later = await open_another()
    with pytest.raises(TokenInvalid):
        later.people.verify(token)


async def test_an_open_page_of_whoever_is_revoked_hears_nothing_more(site: Site) -> None:
    """Its stream ends at once, and is not begun again."""
    token = await token_of(site, Role.STAFF, SHOP)
    path, headers = f"/r/{RALLY}/spots/{SHOP}/live", {"Authorization": f"Bearer {token}"}
    async with site.session.get(path, headers=headers) as stream:
        await stream.content.readuntil(b"\n\n")
        said = {"do": "revoke", "person": str(person(site, token).id)}
        await seen(site, f"/r/{RALLY}/people", site.organiser(), data=said)
        assert b"data:" not in await stream.content.read()
    assert (await seen(site, path, token))[0] == 401


async def test_links_and_passkeys_of_whoever_is_revoked_are_void(site: Site) -> None:
    path = (await invited(site, Role.VIEWER)).path
    (viewer,) = await people.members(site.engine.pool, RALLY)
    organiser = site.organiser()
    said = {"do": "revoke", "person": str(viewer.id)}
    assert (await seen(site, f"/r/{RALLY}/people", organiser, data=said))[0] == 303
    assert (await joined(site, path))[0] == 410
    said = {"do": "link", "person": str(viewer.id)}
    assert (await seen(site, f"/r/{RALLY}/people", organiser, data=said))[0] == 409


async def test_nobody_takes_over_the_sign_in_of_another_organiser(site: Site) -> None:
    """Who has joined at the desk gets no further link, as whoever asks for it would see it; a
    device at a spot does, as it may be exchanged."""
    other = person(site, await token_of(site, Role.ORGANISER, name="Other"))
    tablet = person(site, await token_of(site, Role.STAFF, SHOP, name="Tablet"))
    own = await token_of(site, Role.ORGANISER, name="Own")
    for one, status in ((other, 409), (tablet, 200)):
        said = {"do": "link", "person": str(one.id)}
        assert (await seen(site, f"/r/{RALLY}/people", own, data=said))[0] == status


async def test_a_rehearsals_organiser_has_no_say_about_the_rallys_people(site: Site) -> None:
    trial = (await site.engine.rehearse(RALLY, "test")).plan.rally
    _, of_trial = site.engine.people.new(Role.ORGANISER, site.clock(), trial)
    _, of_rally = site.engine.people.new(Role.ORGANISER, site.clock(), RALLY)
    assert (await seen(site, f"/r/{trial}/people", of_trial))[0] == 404
    assert (await seen(site, f"/r/{trial}/people", of_rally))[0] == 200


async def test_an_organiser_invites_for_the_own_rally_and_not_for_all(site: Site) -> None:
    """Who works on all rallies is shown, and changed by who does so, too; nobody ends the own
    sign-in by mistake."""
    pool, clock = site.engine.pool, site.clock
    await invite(pool, Invited(Role.ORGANISER, None, (), "Head office"), "command:test", clock())
    (head,) = await people.members(pool, RALLY)
    own = await token_of(site, Role.ORGANISER, name="Own")
    said = {"do": "revoke", "person": str(head.id)}
    assert (await seen(site, f"/r/{RALLY}/people", own, data=said))[0] == 404
    said = {"do": "revoke", "person": str(person(site, own).id)}
    status, page = await seen(site, f"/r/{RALLY}/people", own, data=said)
    assert (status, "your own sign-in" in page) == (409, True)
    everywhere = site.engine.people.new(Role.ORGANISER, clock())[1]
    said = {"do": "revoke", "person": str(head.id)}
    assert (await seen(site, f"/r/{RALLY}/people", everywhere, data=said))[0] == 303


async def test_the_page_invites_one_and_a_device_for_every_spot_without_one(site: Site) -> None:
    organiser, address = site.organiser(), f"/r/{RALLY}/people"
    form = {"do": "invite", "role": "steward", "name": "Rounds", "at-" + SHOP: "on"}
    status, page = await seen(site, address, organiser, data=form | {"at-" + OTHER: "on"})
    assert (status, page.count("/join/")) == (200, 1)
    path = re.search(r"/join/\w+", page)
    assert path
    token = (await joined(site, path[0]))[2]
    assert token
    assert person(site, token).spots == (SHOP, OTHER)
    await invited(site, Role.STAFF, SHOP)
    status, page = await seen(site, address, organiser, data={"do": "invite-all"})
    spots = len(site.engine.rallies.known(RALLY).plan.spots)
    assert (status, page.count("/join/")) == (200, spots - 1)
    assert (await seen(site, address, organiser, data={"do": "invite-all"}))[0] == 409
    for wrong in ({"do": "moon"}, {"do": "invite", "role": "visitor"}, {"do": "revoke"}):
        assert (await seen(site, address, organiser, data=wrong))[0] == 400
    nameless = {"do": "invite", "role": "viewer", "name": "\t "}
    assert (await seen(site, address, organiser, data=nameless))[0] == 409


async def test_signs_of_life_say_when_how_wrong_the_clock_is_and_what_is_unsent(
    site: Site,
) -> None:
    token = await token_of(site, Role.STAFF, SHOP)
    (device,) = await people.devices(site.engine.pool, RALLY)
    assert device.life is None
    wrong = site.clock() + timedelta(minutes=4)
    body = {"clock": wrong.isoformat(), "unsent": 3}
    status, told = await site.ask("POST", "/api/devices/beat", token, json=body)
    assert (status, told) == (200, {"skew_ms": 240_000})
    status, answer = await site.ask("GET", f"/api/rallies/{RALLY}/devices", site.organiser())
    assert status == 200
    (listed,) = answer["devices"]
    assert (listed["name"], listed["spots"], listed["role"]) == (NAME, [SHOP], "staff")
    assert listed["life"] == {
        "seen_at": "2026-01-15T03:00:00Z",
        "skew_ms": 240_000,
        "unsent": 3,
    }
    site.clock.forward(minutes=10)
    _, page = await seen(site, f"/r/{RALLY}/people", site.organiser())
    for words in ("10 minutes ago", "Its clock is 4 minutes ahead", "Unsent scans: 3"):
        assert words in page
    body = {"clock": (site.clock() - timedelta(seconds=29)).isoformat()}
    await site.ask("POST", "/api/devices/beat", token, json=body)
    _, page = await seen(site, f"/r/{RALLY}/people", site.organiser())
    assert "clock is" not in page
    assert "Unsent" not in page
    await people.revoke(site.engine.pool, device.id, "test", site.clock())
    assert await people.devices(site.engine.pool, RALLY) == []


async def test_a_sign_of_life_of_a_program_or_a_visitor_is_kept_nowhere(site: Site) -> None:
    body = {"clock": site.clock().isoformat(), "unsent": 0}
    assert (await site.ask("POST", "/api/devices/beat", site.staff(SHOP), json=body))[0] == 200
    assert (await site.ask("POST", "/api/devices/beat", site.visitor(), json=body))[0] == 403
    assert (await site.ask("POST", "/api/devices/beat", json=body))[0] == 401
    assert await site.engine.pool.fetchval("SELECT count(*) FROM signs_of_life") == 0
    bad = [{}, {"clock": "noon"}, {"clock": "2026-01-15T03:00:00"}, body | {"unsent": -1}]
    for one in bad:
        assert (await site.ask("POST", "/api/devices/beat", site.staff(SHOP), json=one))[0] == 400


async def test_names_are_in_no_fact_and_the_journal_tells_them(site: Site) -> None:
    """Given changes by people with names; then facts hold `role:id`, and the page says who it was,
    also when they are revoked."""
    organiser = await token_of(site, Role.ORGANISER, name="Sato Hanako")
    staff = await token_of(site, Role.STAFF, SHOP, name="Counter of Suzuki")
    for number, count in enumerate((1, 12, -1)):
        heads = {"count": count, "headcount_id": str(UUID(int=number))}
        address = f"/api/rallies/{RALLY}/spots/{SHOP}/headcounts"
        assert (await site.ask("POST", address, staff, json=heads))[0] == 201
    await site.ask("POST", f"/api/rallies/{RALLY}/close", organiser)
    said = {"do": "revoke", "person": str(person(site, staff).id)}
    await seen(site, f"/r/{RALLY}/people", organiser, data=said)
    log = str([dict(row) for row in await site.engine.pool.fetch("SELECT * FROM events")])
    assert f"organiser:{person(site, organiser).id}" in log
    assert "Sato" not in log
    assert "Suzuki" not in log
    status, page = await seen(site, f"/r/{RALLY}/changes", organiser)
    assert status == 200
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))
    assert "The rally was closed Sato Hanako" in text
    assert re.search(r"Guests were counted at [^:]+: 12 Counter of Suzuki", text)
    assert "Counter of Suzuki was revoked" in text
    assert "The rally was laid out test" in text
    assert "Sato Hanako was invited Organiser Command line (test)" in text


async def test_the_journal_goes_on_page_by_page_and_leaves_nothing_out(site: Site) -> None:
    """Also where many changes fall on one moment."""
    organiser, path = site.organiser(), f"/r/{RALLY}/changes"
    for number in range(120):
        await invited(site, Role.STAFF, SHOP, name=f"Device {number:03d}")
    found: list[str] = []
    pages = 0
    address: str | None = path
    while address:
        status, page = await seen(site, address, organiser)
        assert status == 200
        pages += 1
        found += re.findall(r"(Device \d{3}) was invited", page)
        older = re.search(r'plain" href="([^"]*before=[^"]*)"', page)
        address = older[1].replace("&amp;", "&") if older else None
    assert pages == 3
    assert sorted(found) == [f"Device {number:03d}" for number in range(120)]
    for bad in ("before=noon", "before=2026-01-15T03:00:00", "before=2026-01-15T03:00Z&key=%00"):
        assert (await seen(site, f"{path}?{bad}", organiser))[0] == 400


async def test_an_installation_with_wrong_names_does_not_stop(site: Site) -> None:
    """A name is what was typed: markup is text, and half a page long it is cut."""
    form = {"do": "invite", "role": "viewer", "name": "<script>alert(1)</script>" + "長" * 500}
    await seen(site, f"/r/{RALLY}/people", site.organiser(), data=form)
    (viewer,) = await people.members(site.engine.pool, RALLY)
    assert len(viewer.name) == people.NAME_MAX
    _, page = await seen(site, f"/r/{RALLY}/people", site.organiser())
    assert "<script>alert" not in page


async def test_who_may_have_a_passkey(site: Site) -> None:
    """Organisers and viewers who are on the list: devices are bound, and programs have their key."""
    for role in (Role.ORGANISER, Role.VIEWER):
        token = await token_of(site, role)
        status, wish = await site.ask("POST", "/api/passkeys/options", token, json={})
        assert (status, wish["rp"]["id"], wish["user"]["name"]) == (200, "127.0.0.1", NAME)
        assert wish["authenticatorSelection"]["residentKey"] == "required"
    device = await token_of(site, Role.STAFF, SHOP)
    for none, expected in ((site.organiser(), 403), (device, 403), (None, 401)):
        assert (await site.ask("POST", "/api/passkeys/options", none, json={}))[0] == expected
        assert (await site.ask("POST", "/api/passkeys", none, json={}))[0] in (expected, 422)


async def test_made_up_passkeys_are_refused_and_guessing_is_slow(site: Site) -> None:
    status, wish = await site.ask("POST", "/api/sign-in/options", json={})
    assert (status, wish["rpId"]) == (200, "127.0.0.1")
    assert wish["userVerification"] == "required", "a key that was found signs nobody in"
    for bad in (b"", b"[]", b"{", b'{"id": "x"}', b"\xff", b"[" * 20_000):
        status, answer = await site.ask("POST", "/api/sign-in", data=bad)
        assert (status, answer["code"]) == (422, "passkey_refused")
    statuses = [(await site.ask("POST", "/api/sign-in", data="{}"))[0] for _ in range(30)]
    assert statuses.count(429) == 6


async def test_sign_ins_that_are_only_begun_have_a_limit(site: Site) -> None:
    begun = [
        (await site.ask("POST", "/api/sign-in/options", json={}))[0]
        for _ in range(SIGN_INS_MAX + 1)
    ]
    assert (begun[0], begun[-2], begun[-1]) == (200, 200, 429)


async def test_challenges_that_are_over_leave_with_the_next_one(site: Site) -> None:
    for _ in range(3):
        await site.ask("POST", "/api/sign-in/options", json={})
    site.clock.forward(minutes=5)
    await site.ask("POST", "/api/sign-in/options", json={})
    assert await site.engine.pool.fetchval("SELECT count(*) FROM passkey_challenges") == 1
