"""Two cards of one person become one: phones, paper cards, prizes, figures."""

import asyncio
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest
from support import RALLY, Site

from domain.encoding import paper_visitor
from domain.links import LINKS_MAX
from domain.rally import NotAllowed
from qr.codes import sign, sign_badge, sign_paper
from service.eventlog.check import check
from service.sign_in import VISITOR_COOKIE

FIRST, SECOND, THIRD = "hokkaido-yurakucho", "akita-yurakucho", "miyagi-yurakucho"


def person(site: Site, token: str) -> UUID:
    return site.engine.people.verify(token).id


async def moved(site: Site, visitor: str, to: str, **more: Any) -> tuple[int, Any]:
    """Take the card of `visitor` over with the phone of `to`."""
    _, begun = await site.ask("POST", "/api/card-moves", visitor, json={"rally": RALLY})
    said = {"code": begun["code"], **more}
    return await site.ask("POST", "/api/card-moves/claims", to, json=said)


async def joined(site: Site) -> tuple[str, str]:
    """A visitor with two stamps, onto whose card another one's were put: one more, one again."""
    visitor, other = site.visitor(), site.visitor()
    for token, spot in ((visitor, FIRST), (visitor, SECOND), (other, SECOND), (other, THIRD)):
        await site.scan(token, spot)
    status, answer = await moved(site, visitor, other, join=True)
    assert (status, answer["visitor"]) == (201, str(person(site, visitor)))
    return visitor, other


async def spots(site: Site, token: str) -> set[str]:
    _, card = await site.ask("GET", f"/api/rallies/{RALLY}/card", token)
    return {stamp["spot"] for stamp in card["spots"]}


def paper(site: Site, serial: int = 7) -> str:
    key = site.engine.keyring.newest_code_key(RALLY)
    assert key is not None
    return sign_paper(key, serial)


async def faults(site: Site) -> list[str]:
    return await check(site.engine.pool, lambda _: None)


async def figures(site: Site) -> dict[str, Any]:
    """What all figures of the rally come to."""
    await site.engine.follower.catch_up()
    organiser = site.organiser()
    footfall = await site.engine.pool.fetchrow(
        "SELECT sum(visits) AS visits, sum(visitors_of_rally) AS visitors, "
        "sum(visitors_of_spot) AS at_spots FROM footfall WHERE rally = $1",
        RALLY,
    )
    _, completion = await site.ask("GET", f"/api/rallies/{RALLY}/completion", organiser)
    _, flow = await site.ask("GET", f"/api/rallies/{RALLY}/flow", organiser)
    return {**dict(footfall), "completion": completion, "flow": flow}


async def test_a_joined_card_has_the_stamps_of_both_on_both_phones(site: Site) -> None:
    visitor, other = await joined(site)
    for token in (visitor, other):
        assert await spots(site, token) == {FIRST, SECOND, THIRD}
    assert await site.facts("CardLinked") == 1
    assert await faults(site) == []


async def test_figures_count_a_person_with_two_cards_once(site: Site) -> None:
    """As if all scans had come from one phone."""
    await joined(site)
    one = site.visitor()
    both = await figures(site)
    assert (both["visits"], both["visitors"], both["at_spots"]) == (3, 1, 3)
    for spot in (FIRST, SECOND, THIRD):
        await site.scan(one, spot)
    twice = await figures(site)
    assert (twice["visits"], twice["visitors"], twice["at_spots"]) == (6, 2, 6)
    assert both["completion"]["visitors"] == 1
    assert twice["completion"]["visitors"] == 2


async def test_a_phone_that_still_has_the_old_card_stamps_the_joined_one(site: Site) -> None:
    """An app's own browser may keep it for months; and a scan that it repeats is the first one."""
    visitor, other = site.visitor(), site.visitor()
    id_ = uuid4()
    await site.scan(other, FIRST, id_)
    await moved(site, visitor, other, join=True)
    status, again = await site.scan(other, FIRST, id_)
    assert (status, again["outcome"], again["card"]["visitor"]) == (
        201,
        "stamped",
        str(person(site, visitor)),
    )
    status, _ = await site.scan(other, SECOND)
    assert status == 201
    body = {"scans": [{"code": site.code(THIRD), "scan_id": str(uuid4())}]}
    _, batch = await site.ask("POST", "/api/check-ins/batch", other, json=body)
    assert {stamp["spot"] for stamp in batch["cards"][0]["spots"]} == {FIRST, SECOND, THIRD}
    assert await spots(site, visitor) == {FIRST, SECOND, THIRD}
    assert await faults(site) == []


async def test_cards_can_be_joined_in_chains_and_never_in_circles(site: Site) -> None:
    first, second, third = (site.visitor() for _ in range(3))
    for token, spot in ((first, FIRST), (second, SECOND), (third, THIRD)):
        await site.scan(token, spot)
    await moved(site, second, first, join=True)
    await moved(site, third, second, join=True)
    assert (await moved(site, first, third, join=True))[0] == 201, "they are one already"
    assert await site.facts("CardLinked") == 2
    for token in (first, second, third):
        assert await spots(site, token) == {FIRST, SECOND, THIRD}
    assert await faults(site) == []


async def test_a_chain_of_cards_has_an_end(site: Site) -> None:
    """Each is a step more for whoever comes with the first of them."""
    tokens = [site.visitor() for _ in range(LINKS_MAX + 2)]
    for token in tokens:
        await site.scan(token, FIRST)
    for n, (earlier, later) in enumerate(pairwise(tokens)):
        status, answer = await moved(site, later, earlier, join=True)
        assert status == (201 if n < LINKS_MAX else 409), answer
    assert answer["code"] == "linked_too_often"
    assert await spots(site, tokens[0]) == {FIRST}


async def test_what_cannot_be_joined_leaves_the_code_good_and_joins_nothing(site: Site) -> None:
    """In one rally it could be, in the other the card that would stay was erased."""
    visitor, other = site.visitor(), site.visitor()
    trial = (await site.engine.rehearse(RALLY, "test")).plan.rally
    key = site.engine.keyring.newest_code_key(trial)
    for token in (visitor, other):
        await site.scan(token, FIRST)
        await site.check_in(token, sign(key, FIRST))
    assert (await site.ask("DELETE", f"/api/rallies/{trial}/card", visitor))[0] == 204
    _, begun = await site.ask("POST", "/api/card-moves", visitor, json={"rally": RALLY})
    said = {"code": begun["code"], "join": True}
    status, answer = await site.ask("POST", "/api/card-moves/claims", other, json=said)
    assert (status, answer["code"]) == (409, "card_erased")
    assert await site.facts("CardLinked") == 0
    status, _ = await site.ask(
        "POST", "/api/card-moves/claims", other, json={"code": begun["code"]}
    )
    assert status == 201


async def test_a_void_visit_of_a_closed_card_is_not_offered_any_more(site: Site) -> None:
    visitor, other = site.visitor(), site.visitor()
    _, answer = await site.scan(other, FIRST)
    body = {"visitor": str(person(site, other)), "position": answer["position"], "reason": "a test"}
    path = f"/api/rallies/{RALLY}/voids"
    assert (await site.ask("POST", path, site.organiser(), json=body))[0] == 201
    assert len(await site.engine.log.voids(RALLY)) == 1
    await moved(site, visitor, other, join=True)
    assert await site.engine.log.voids(RALLY) == []


async def test_joining_each_other_at_the_same_moment_leaves_one_card(site: Site) -> None:
    """Nobody waits in a circle, and no card is closed in favour of a closed one."""
    for _ in range(5):
        pair = [site.visitor(), site.visitor()]
        for token, spot in zip(pair, (FIRST, SECOND), strict=True):
            await site.scan(token, spot)
        one, other = pair
        await asyncio.gather(
            moved(site, one, other, join=True),
            moved(site, other, one, join=True),
            site.scan(one, THIRD),
            site.scan(other, THIRD),
        )
        assert await spots(site, one) == await spots(site, other) == {FIRST, SECOND, THIRD}
    assert await faults(site) == []


async def test_what_follows_is_done_with_the_joined_card(site: Site) -> None:
    """Hand-overs by a badge of the old card, its own data, and forgetting."""
    visitor, other = await joined(site)
    cookies = {VISITOR_COOKIE: other}
    async with aiohttp.ClientSession(site.url, cookies=cookies) as phone:
        async with phone.get(f"/r/{RALLY}/my-data") as answer:
            html = await answer.text()
        assert "CardLinked" in html
        assert str(person(site, visitor)) in html
        assert str(person(site, other)) in html, "what is kept of the old card is shown, too"
        async with phone.post(
            f"/r/{RALLY}/my-data", data={"do": "forget"}, allow_redirects=False
        ) as answer:
            assert answer.status == 303
    for token in (visitor, other):
        status, refused = await site.scan(token, FIRST)
        assert (status, refused["code"]) == (422, "card_erased")


# --- paper cards --------------------------------------------------------------------------------


async def stamped_by_staff(site: Site, code: str, spot: str) -> tuple[int, Any]:
    body = {"code": code, "scan_id": str(uuid4())}
    return await site.ask("POST", "/api/badge-check-ins", site.staff(spot), json=body)


async def test_a_paper_card_is_bound_to_a_phone_and_staff_go_on_scanning_it(site: Site) -> None:
    code, visitor = paper(site), site.visitor()
    await stamped_by_staff(site, code, FIRST)
    await site.scan(visitor, SECOND)
    status, card = await site.ask("POST", "/api/paper-cards", visitor, json={"code": code})
    assert status == 201
    assert {stamp["spot"] for stamp in card["spots"]} == {FIRST, SECOND}
    status, answer = await stamped_by_staff(site, code, THIRD)
    assert (status, answer["card"]["visitor"]) == (201, str(person(site, visitor)))
    assert await spots(site, visitor) == {FIRST, SECOND, THIRD}
    assert (await site.ask("POST", "/api/paper-cards", visitor, json={"code": code}))[0] == 201
    assert await site.facts("CardLinked") == 1
    assert await faults(site) == []


async def test_a_paper_card_belongs_to_one_phone(site: Site) -> None:
    code = paper(site)
    for token, expected in ((site.visitor(), 201), (site.visitor(), 409)):
        status, answer = await site.ask("POST", "/api/paper-cards", token, json={"code": code})
        assert status == expected
    assert answer["code"] == "card_linked"


async def test_of_two_phones_that_bind_one_paper_card_at_once_neither_takes_the_others(
    site: Site,
) -> None:
    """Given a binding that comes between the other's question and its answer."""
    code, first, second = paper(site), site.visitor(), site.visitor()
    await site.scan(first, FIRST)
    await site.ask("POST", "/api/paper-cards", first, json={"code": code})
    with pytest.raises(NotAllowed) as refused:
        await site.engine.link(paper_visitor(RALLY, 7), person(site, second), RALLY, "visitor")
    assert refused.value.code == "card_linked"
    assert await spots(site, second) == set()
    assert await spots(site, first) == {FIRST}


async def test_a_fresh_paper_card_can_be_bound_before_its_first_stamp(site: Site) -> None:
    code, visitor = paper(site), site.visitor()
    await site.ask("POST", "/api/paper-cards", visitor, json={"code": code})
    await stamped_by_staff(site, code, FIRST)
    assert await spots(site, visitor) == {FIRST}
    holder = await site.engine.holder(paper_visitor(RALLY, 7), RALLY)
    assert holder == person(site, visitor)


@pytest.mark.parametrize("what", ["spot", "badge", "nothing"])
async def test_only_paper_cards_are_bound(site: Site, what: str) -> None:
    key = site.engine.keyring.newest_code_key(RALLY)
    codes = {"spot": site.code(FIRST), "badge": sign_badge(key, uuid4()), "nothing": "X"}
    status, answer = await site.ask(
        "POST", "/api/paper-cards", site.visitor(), json={"code": codes[what]}
    )
    assert (status, answer["code"]) == (
        (422, "code_not_ours") if what == "nothing" else (400, "body_invalid")
    )


async def test_whoever_opens_a_paper_cards_code_sees_it_and_may_bind_it(site: Site) -> None:
    """Looking binds nothing; a phone without a card gets one by binding."""
    code = paper(site)
    await stamped_by_staff(site, code, FIRST)
    path = f"/s/{code}"
    async with aiohttp.ClientSession(site.url) as phone:
        async with phone.get(path) as answer:
            assert answer.status == 200
            assert "Put it onto this phone" in await answer.text()
        assert await site.facts("CardLinked") == 0
        async with phone.post(path, data={"do": "bind"}, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, f"/r/{RALLY}")
            token = answer.cookies[VISITOR_COOKIE].value
        assert await spots(site, token) == {FIRST}
        phone.cookie_jar.update_cookies({VISITOR_COOKIE: token})
        async with phone.get(path, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, f"/r/{RALLY}")
    async with aiohttp.ClientSession(site.url) as another, another.get(path) as answer:
        html = await answer.text()
        assert "on another phone already" in html
        assert "Put it onto this phone" not in html
