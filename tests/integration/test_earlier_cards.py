"""Cards that an earlier release has written back: what it did not know is read from the log."""

from typing import Any
from uuid import UUID

import msgspec
import pytest
from support import LINE, RALLY, Site

from domain.card import Card
from service.drawing import commit, fix
from service.eventlog.check import check


async def entered(site: Site) -> UUID:
    """Somebody who has the first line, takes part in its draw, and has met a refusal."""
    token = site.visitor()
    for spot in LINE:
        await site.scan(token, spot)
    await site.says_where(token)
    path = f"/api/rallies/{RALLY}/prizes/local-products/entries"
    assert (await site.ask("POST", path, token))[0] == 201
    site.clock.forward(days=-20)
    assert (await site.scan(token, LINE[0]))[0] == 422
    site.clock.forward(days=20)
    return UUID(str(site.engine.people.verify(token).id))


async def write_as_the_first_release(site: Site, visits: slice = slice(None)) -> None:
    """Two fields a card, six a visit: as the first release reads a card and writes it back."""
    for row in await site.engine.pool.fetch("SELECT visitor, state FROM cards"):
        stamped, refused, *_ = msgspec.msgpack.decode(row["state"])
        known: list[Any] = [[visit[:6] for visit in stamped[visits]], refused]
        state = msgspec.msgpack.encode(known)
        await site.engine.pool.execute(
            "UPDATE cards SET state = $1 WHERE visitor = $2", state, row["visitor"]
        )


async def test_nothing_is_lost_from_the_card(site: Site) -> None:
    """However it is read: one card, a visitor's cards, with the next scan."""
    visitor = await entered(site)
    log = site.engine.log
    before = await log.card(visitor, RALLY)
    assert before.entered
    assert before.refused
    await write_as_the_first_release(site)
    assert await log.card(visitor, RALLY) == before
    assert await log.cards(visitor) == {RALLY: before}
    assert await check(site.engine.pool, lambda _: None) == []
    await site.engine.change_card(visitor, RALLY, lambda *_: None)
    assert (await site.scan(site.visitor(), LINE[0]))[0] == 201
    assert await check(site.engine.pool, lambda _: None) == []


async def test_the_draw_lists_who_has_entered(site: Site) -> None:
    await commit(site.engine, RALLY, "test")
    await entered(site)
    await write_as_the_first_release(site)
    site.clock.forward(days=60)
    rally = await fix(site.engine, RALLY, "test")
    assert rally.drawing
    assert rally.drawing.entries == 1


@pytest.mark.parametrize("visits", [slice(1, None), slice(0)])
async def test_the_check_finds_what_even_its_writer_should_know(site: Site, visits: slice) -> None:
    await entered(site)
    await write_as_the_first_release(site, visits)
    assert len(await check(site.engine.pool, lambda _: None)) == 1


def test_a_card_is_told_by_its_number_of_fields() -> None:
    """MessagePack says it in the first byte, up to fifteen; the first release wrote two."""
    assert 2 < len(Card.__struct_fields__) <= 15
