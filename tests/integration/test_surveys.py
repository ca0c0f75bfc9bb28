"""The survey's way: a form on the card, a fact, the organiser's counts."""

from typing import Any

import aiohttp
from support import LINE, RALLY, Site
from test_joined_cards import moved

from service.sign_in import VISITOR_COOKIE


async def reached(site: Site) -> str:
    visitor = site.visitor()
    for spot in LINE:
        await site.scan(visitor, spot)
    return visitor


async def counts(site: Site) -> dict[str, int]:
    _, said = await site.ask("GET", f"/api/rallies/{RALLY}/survey", site.organiser())
    return {
        f"{question['question']}:{choice['choice']}": choice["answers"]
        for question in said["questions"]
        for choice in question["choices"]
        if choice["answers"]
    }


async def answers(site: Site, visitor: str, **answers: str) -> tuple[int, Any]:
    path = f"/api/rallies/{RALLY}/survey"
    return await site.ask("POST", path, visitor, json={"answers": answers})


async def test_the_form_is_there_once_something_was_reached_and_until_it_was_sent(
    site: Site,
) -> None:
    visitor = site.visitor()
    async with aiohttp.ClientSession(site.url, cookies={VISITOR_COOKIE: visitor}) as phone:
        for spot in LINE:
            async with phone.get(f"/r/{RALLY}") as answer:
                assert 'id="survey"' not in await answer.text()
            await site.scan(visitor, spot)
        async with phone.get(f"/r/{RALLY}") as answer:
            assert f'action="/r/{RALLY}/survey"' in await answer.text()
        async with phone.post(f"/r/{RALLY}/survey", data={"home": "abroad"}) as answer:
            html = await answer.text()
            assert answer.status == 200
            assert "Thank you for your answers." in html
            assert f'action="/r/{RALLY}/survey"' not in html
    assert await counts(site) == {"home:abroad": 1}


async def test_answers_count_once_and_only_the_organiser_sees_them(site: Site) -> None:
    visitor = await reached(site)
    assert (await answers(site, visitor, home="abroad", shops="first"))[0] == 201
    assert (await answers(site, visitor, home="tokyo"))[0] == 201
    assert (await answers(site, visitor, home="moon"))[1]["code"] == "answer_unknown"
    assert await counts(site) == {"home:abroad": 1, "shops:first": 1}
    for token in (visitor, site.staff(LINE[0])):
        assert (await site.ask("GET", f"/api/rallies/{RALLY}/survey", token))[0] == 403
    async with site.session.get(
        f"/r/{RALLY}/organiser", headers={"Cookie": f"meguri_staff={site.organiser()}"}
    ) as page:
        assert "What visitors answered" in await page.text()


async def test_a_person_with_two_cards_answers_once(site: Site) -> None:
    """The answers come along with the card; where both have answered, those of the one that stays."""
    here, there, third = [await reached(site) for _ in range(3)]
    await answers(site, there, home="abroad")
    await moved(site, here, there, join=True)
    assert await counts(site) == {"home:abroad": 1}
    await answers(site, third, home="tokyo")
    await moved(site, here, third, join=True)
    assert await counts(site) == {"home:abroad": 1}
    _, card = await site.ask("GET", f"/api/rallies/{RALLY}/card", third)
    assert card["surveyed"] is True
