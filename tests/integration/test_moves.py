"""A card moves to another phone: once, within minutes, and nothing is lost without being asked."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from support import RALLY, Site

from qr.codes import sign
from service.moves import GOOD_FOR
from service.sign_in import VISITOR_COOKIE

SPOT = "hokkaido-yurakucho"


async def begun(site: Site, visitor: str) -> str:
    status, answer = await site.ask("POST", "/api/card-moves", visitor, json={"rally": RALLY})
    assert status == 201
    return str(answer["code"])


async def claimed(site: Site, code: str) -> tuple[int, Any]:
    return await site.ask("POST", "/api/card-moves/claims", json={"code": code})


async def test_both_phones_have_the_same_card_afterwards(site: Site) -> None:
    visitor = site.visitor()
    await site.scan(visitor, SPOT)
    status, moved = await claimed(site, (await begun(site, visitor)).lower().replace("-", " "))
    assert (status, moved["rally"]) == (201, RALLY)
    _, card = await site.ask("GET", f"/api/rallies/{RALLY}/card", moved["token"])
    assert [stamp["spot"] for stamp in card["spots"]] == [SPOT]
    status, again = await site.scan(moved["token"], SPOT)
    assert (status, again["outcome"]) == (200, "already_stamped")
    assert site.engine.people.verify(moved["token"]) == site.engine.people.verify(visitor)


async def test_a_code_is_good_once_and_for_minutes_and_the_newest_only(site: Site) -> None:
    visitor = site.visitor()
    older, code = await begun(site, visitor), await begun(site, visitor)
    assert (await claimed(site, older))[1]["code"] == "move_unknown"
    assert (await claimed(site, code))[0] == 201
    assert (await claimed(site, code))[0] == 404
    late = await begun(site, visitor)
    site.clock.now += GOOD_FOR - timedelta(seconds=1)
    in_time = await begun(site, site.visitor())
    site.clock.forward(seconds=1)
    assert (await claimed(site, late))[0] == 404
    assert (await claimed(site, in_time))[0] == 201


async def test_only_a_hash_of_the_code_is_kept_and_guessing_is_slow(site: Site) -> None:
    code = await begun(site, site.visitor())
    (kept,) = await site.engine.pool.fetch("SELECT * FROM card_moves")
    assert code not in str(dict(kept))
    answers = [(await claimed(site, f"{n:08d}"))[0] for n in range(40)]
    assert answers.count(404) == 30
    assert answers.count(429) == 10
    assert (await claimed(site, code))[0] == 429, "who guesses waits, also with the right one"


async def test_looking_moves_nothing(site: Site) -> None:
    """Link previews and prefetchers open addresses."""
    visitor = site.visitor()
    code = await begun(site, visitor)
    for _ in range(3):
        async with site.session.get(f"/move/{code}") as answer:
            assert answer.status == 200
            assert code in await answer.text()
            assert VISITOR_COOKIE not in answer.headers.get("Set-Cookie", "")
    headers = {"Cookie": f"{VISITOR_COOKIE}={visitor}"}
    for _ in range(2):
        async with site.session.get(f"/r/{RALLY}/move", headers=headers) as answer:
            assert not re.search(r'class="typed"', await answer.text())
    assert (await claimed(site, code))[0] == 201


async def test_a_card_of_the_phones_own_is_left_behind_only_when_that_was_said(site: Site) -> None:
    visitor, own = site.visitor(), site.visitor()
    await site.scan(own, SPOT)
    code = await begun(site, visitor)
    cookies = {VISITOR_COOKIE: own}
    async with aiohttp.ClientSession(site.url, cookies=cookies) as phone:
        async with phone.post("/move", data={"code": code}, allow_redirects=False) as answer:
            assert answer.status == 200
            assert "1 visit" in await answer.text()
        said = {"code": code, "own": "leave"}
        async with phone.post("/move", data=said, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, f"/r/{RALLY}")
            token = answer.cookies[VISITOR_COOKIE].value
    assert site.engine.people.verify(token) == site.engine.people.verify(visitor)


@pytest.mark.parametrize("code", ["", "x", "0" * 40, "こんにちは", "' OR 1=1 --"])
async def test_what_is_no_code_is_told_so(site: Site, code: str) -> None:
    async with site.session.post("/move", data={"code": code}) as answer:
        assert answer.status == 404
    assert (await claimed(site, code))[0] == 404


# --- my data ------------------------------------------------------------------------------------


async def test_a_visitor_sees_all_that_is_kept_and_can_have_it_erased(site: Site) -> None:
    visitor, other = site.visitor(), site.visitor()
    await site.scan(visitor, SPOT, uuid4())
    await site.scan(other, SPOT)
    cookies = {VISITOR_COOKIE: visitor}
    path = f"/r/{RALLY}/my-data"
    async with aiohttp.ClientSession(site.url, cookies=cookies) as phone:
        async with phone.get(path) as answer:
            html = await answer.text()
        assert html.count("VisitRecorded") == 1
        assert str(site.engine.people.verify(visitor).id) in html
        assert str(site.engine.people.verify(other).id) not in html
        async with phone.post(path, data={"do": "nothing"}) as answer:
            assert answer.status == 400
        async with phone.post(path, data={"do": "forget"}, allow_redirects=False) as answer:
            assert answer.status == 303
            assert "storage" in answer.headers["Clear-Site-Data"]
            assert answer.cookies[VISITOR_COOKIE].value == ""
    assert await site.facts("VisitorErased") == 1
    status, refused = await site.scan(visitor, SPOT)
    assert (status, refused["code"]) == (422, "card_erased")


async def test_forgetting_forgets_the_cards_of_all_rallies(site: Site) -> None:
    """The browser drops who it was: nobody could come back to the others."""
    visitor = site.visitor()
    await site.scan(visitor, SPOT)
    other = (await site.engine.rehearse(RALLY, "test")).plan.rally
    key = site.engine.keyring.newest_code_key(other)
    assert key is not None
    await site.check_in(visitor, sign(key, SPOT))
    async with aiohttp.ClientSession(site.url, cookies={VISITOR_COOKIE: visitor}) as phone:
        async with phone.get(f"/r/{RALLY}/my-data") as answer:
            assert "So are your cards of other rallies here (1)." in await answer.text()
        async with phone.post(f"/r/{RALLY}/my-data", data={"do": "forget"}) as answer:
            assert answer.status == 200
    _, refused = await site.check_in(visitor, sign(key, SPOT))
    assert refused["code"] == "card_erased"
