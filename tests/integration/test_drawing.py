"""A draw from the commitment to the winners, worked out again from what is published alone."""

import asyncio
import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from support import LINE, RALLY, Site

from domain.close_out import thaw
from domain.draw import digest
from domain.voids import void
from domain.winners import entry_id
from service import drawing
from service.engine import of_known
from service.eventlog.check import check
from service.sign_in import VISITOR_COOKIE

ROOT = Path(__file__).parent.parent.parent
DRAW = f"/api/rallies/{RALLY}/draw"


async def step(site: Site, do: str, **more: str) -> tuple[int, Any]:
    return await site.ask("POST", DRAW, site.organiser(), json={"do": do, **more})


async def entered(site: Site, people: int) -> list[str]:
    """Visitors who have a line, and have entered (the first) or not (the last one)."""
    home = {"postcode": "1000005", "prefecture": "東京都", "city": "千代田区"}
    address = {**home, "street": "丸の内1", "name": "山田"}
    tokens = [site.visitor() for _ in range(people)]
    for token in tokens:
        for spot in LINE:
            await site.scan(token, spot)
    for token in tokens[:-1]:
        await site.ask("PUT", f"/api/rallies/{RALLY}/address", token, json=address)
        path = f"/api/rallies/{RALLY}/prizes/local-products/entries"
        assert (await site.ask("POST", path, token))[0] == 201
    return tokens


async def over(site: Site) -> None:
    status, _ = await site.ask("POST", f"/api/rallies/{RALLY}/close", site.organiser())
    assert status == 200


def checked_by_anybody(tmp_path: Path, told: Any, entries: str) -> subprocess.CompletedProcess[str]:
    """Run the script of docs/draw.md on what was published."""
    text = (ROOT / "docs" / "draw.md").read_text(encoding="utf-8")
    script = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    assert len(script.splitlines()) <= 30
    (tmp_path / "draw.json").write_text(json.dumps(told))
    (tmp_path / "entries.txt").write_text(entries)
    return subprocess.run(
        [sys.executable, "-I", "-c", script, "draw.json", "entries.txt"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_anybody_works_the_winners_out_from_what_is_published(
    site: Site, tmp_path: Path
) -> None:
    tokens = await entered(site, 6)
    assert (await site.ask("GET", DRAW))[0] == 404
    status, told = await step(site, "commit")
    assert (status, "secret" in told) == (200, False)
    assert (await step(site, "fix"))[1]["code"] == "rally_not_over"
    await over(site)
    status, told = await step(site, "fix")
    assert (status, told["entries"]) == (200, 5), "who has not entered takes no part"
    site.clock.forward(days=1)
    status, refused = await step(site, "hold", public="03 11 22 31 37 40")
    assert (status, refused["code"]) == (409, "about_missing")
    status, told = await step(site, "hold", public="03 11 22 31 37 40", about="Loto 6, no. 2000")
    assert status == 200
    ids = {entry_id(RALLY, site.engine.people.verify(token).id) for token in tokens[:-1]}
    assert set(told["winners"]["local-products"]) == ids, "600 prizes for five"
    _, published = await site.ask("GET", DRAW)
    assert published == told
    async with site.session.get(f"{DRAW}/entries") as answer:
        entries = await answer.text()
    assert await check(site.engine.pool, lambda _: None) == []
    done = checked_by_anybody(tmp_path, told, entries)
    assert done.stdout == "complete: 0 winners are right\nlocal-products: 5 winners are right\n"
    for spoilt, why in (
        ({**told, "secret": "0" * 64}, "another secret"),
        ({**told, "public": "another"}, "others should have won"),
        (
            {**told, "winners": {"local-products": told["winners"]["local-products"][::-1]}},
            "others",
        ),
    ):
        assert why in checked_by_anybody(tmp_path, spoilt, entries).stderr
    assert "the list was changed" in checked_by_anybody(tmp_path, told, entries + "x y 1\n").stderr


async def test_the_card_tells_who_has_won_and_who_has_not(site: Site) -> None:
    """And offers no entry once they are closed."""
    tokens = await entered(site, 3)
    plan = site.engine.rallies.get(RALLY).plan
    one = [replace(prize, giving=replace(prize.giving, winners=1)) for prize in plan.prizes]
    await site.engine.plan(replace(plan, prizes=one), "test")
    await step(site, "commit")
    await over(site)
    await step(site, "fix")

    async def card(token: str) -> str:
        headers = {"Cookie": f"{VISITOR_COOKIE}={token}"}
        async with site.session.get(f"/r/{RALLY}", headers=headers) as answer:
            return await answer.text()

    assert "You take part in the draw." in await card(tokens[0])
    assert "Take part in the draw" not in await card(tokens[-1]), "it is too late"
    await step(site, "hold", public="1", about="x")
    pages = [await card(token) for token in tokens]
    assert sorted("You have won!" in page for page in pages[:2]) == [False, True]
    assert sorted("This time it was not you." in page for page in pages[:2]) == [False, True]
    assert "This time" not in pages[2], "who took no part is told nothing"


async def test_nothing_published_tells_who_somebody_is(site: Site) -> None:
    (token, *_) = await entered(site, 2)
    await step(site, "commit")
    await over(site)
    await step(site, "fix")
    _, told = await step(site, "hold", public="1", about="x")
    async with site.session.get(f"{DRAW}/entries") as answer:
        everything = json.dumps(told) + await answer.text()
    visitor = site.engine.people.verify(token).id
    assert str(visitor) not in everything
    assert visitor.hex not in everything


async def test_each_step_said_again_stays_what_it_was(site: Site) -> None:
    await entered(site, 2)
    first = [await step(site, "commit"), await step(site, "commit")]
    assert first[0] == first[1]
    await over(site)
    fixed = await asyncio.gather(*(step(site, "fix") for _ in range(4)))
    assert all(each == fixed[0] for each in fixed)
    held = await asyncio.gather(*(step(site, "hold", public=n, about="x") for n in "1234"))
    assert all(each == held[0] for each in held)
    assert await site.facts("DrawHeld") == 1
    assert await site.facts("EntriesFixed") == 1


@pytest.mark.parametrize("what", ["void", "thaw"])
async def test_cards_that_change_while_they_are_read_are_read_again(
    site: Site, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """A visit is voided, or the rally is thawed, takes a late scan and is frozen anew, after the
    cards were read and before the list is fixed: it is not, and of one that is made then it is."""
    tokens = await entered(site, 3)
    late = site.clock().isoformat()
    site.clock.forward(minutes=30)
    await step(site, "commit")
    await over(site)
    engine, read = site.engine, drawing._list
    visitor = engine.people.verify(tokens[0]).id

    async def change() -> None:
        if what == "void":
            card = await engine.log.card(visitor, RALLY)
            for visit in card.visits:
                await engine.change_card(
                    visitor,
                    RALLY,
                    lambda rally, card, now, _, at=visit.position: void(
                        rally, card, visitor, at, now, "test", "a test"
                    ),
                )
            return
        await engine.change(RALLY, of_known(thaw, "test"))
        assert (await site.scan(tokens[0], "nagano-ginza", scanned_at=late))[0] == 201
        await engine.freeze(RALLY, "test")

    async def slow(*args: Any) -> Any:
        listed = await read(*args)
        await change()
        return listed

    monkeypatch.setattr(drawing, "_list", slow)
    status, refused = await step(site, "fix")
    assert (status, refused["code"]) == (409, "cards_changed")
    assert await site.facts("EntriesFixed") == 0
    monkeypatch.setattr(drawing, "_list", read)
    status, told = await step(site, "fix")
    assert (status, told["entries"]) == (200, 1 if what == "void" else 2)
    assert told["digest"] == digest(await drawing.read_entries(engine.pool, RALLY))
    assert await check(engine.pool, lambda _: None) == []


async def test_after_the_entries_are_closed_nobody_enters_and_a_late_scan_changes_no_chance(
    site: Site,
) -> None:
    tokens = await entered(site, 2)
    await step(site, "commit")
    await over(site)
    _, told = await step(site, "fix")
    path = f"/api/rallies/{RALLY}/prizes/local-products/entries"
    status, refused = await site.ask("POST", path, tokens[-1])
    assert (status, refused["code"]) == (409, "entries_closed")
    late = (site.clock() - timedelta(minutes=30)).isoformat()
    site.clock.forward(minutes=1)
    await site.scan(tokens[0], "nagano-ginza", scanned_at=late)
    assert (await step(site, "fix"))[1] == told


@pytest.mark.parametrize("who", ["visitor", "staff", None])
async def test_only_the_organiser_takes_the_steps(site: Site, who: str | None) -> None:
    tokens = {"visitor": site.visitor(), "staff": site.staff(LINE[0]), None: None}
    status, _ = await site.ask("POST", DRAW, tokens[who], json={"do": "commit"})
    assert status == (401 if who is None else 403)
