"""The close-out of a rally: frozen exactly, gone on with wherever it stopped, even at the end."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace
from support import LINE, RALLY, OpenEngine, Site
from test_drawing import DRAW, checked_by_anybody, entered, over, step

from domain.conditions import Stamps
from domain.encoding import spot_tag
from domain.plan import Draw, Plan, Prize
from domain.rally import NotAllowed, Status, close_rally
from domain.scan import Scan
from domain.winners import entry_id
from service.engine import Engine, of_known
from service.eventlog.check import check
from service.scans import EARLIEST

LAST_VISIT = """
    SELECT bucket, max(position) FROM events
    WHERE rally = $1 AND type IN ('VisitRecorded', 'VisitConfirmed') GROUP BY bucket
"""


def scans(engine: Engine, crowd: int) -> list[Scan]:
    """A scan at each of five shops of so many visitors, made just now."""
    key = engine.keyring.newest_code_key(RALLY)
    assert key is not None
    visitors = [engine.people.new("visitor", engine.clock())[0].id for _ in range(crowd)]
    return [
        Scan(
            rally=RALLY,
            spot_tag=spot_tag(spot),
            key_id=key.id,
            visitor=visitor,
            scan_id=uuid4(),
            language="ja",
            evidence="printed",
            card_since=EARLIEST,
            scanned_at=engine.clock(),
        )
        for spot in LINE
        for visitor in visitors
    ]


async def test_no_visit_has_a_later_position_than_the_frozen_one(
    engine: Engine, open_another: OpenEngine, clock: Any
) -> None:
    """Two processes take late scans while a rally is frozen: each is a visit before, or refused."""
    other = await open_another()
    crowd = [scans(each, 60) for each in (engine, other)]
    clock.forward(minutes=10)
    await engine.change(RALLY, of_known(close_rally, "test"))
    assert other.rallies.known(RALLY).status is Status.OPEN, "the other one has not heard of it"

    async def check_in(each: Engine, scan: Scan, n: int) -> Any:
        await asyncio.sleep(n / 2_000)
        return await each.check_in(scan)

    async def freeze() -> Any:
        await asyncio.sleep(0.06)
        return await engine.freeze(RALLY, "test")

    *answers, rally = await asyncio.gather(
        *(
            check_in(each, scan, n)
            for each, many in zip((engine, other), crowd, strict=True)
            for n, scan in enumerate(many)
        ),
        freeze(),
    )
    assert rally.frozen is not None
    positions = rally.frozen.positions
    assert len(positions) == engine.log.visitor_buckets
    last = dict(await engine.pool.fetch(LAST_VISIT, RALLY))
    assert all(last[bucket] <= positions[bucket - 1] for bucket in last)
    outcomes = [getattr(each, "outcome", None) or each.code for each in answers]
    assert set(outcomes) == {"stamped", "rally_final"}, "the freeze came into the midst"
    stamped = [
        scan
        for scan, outcome in zip([*crowd[0], *crowd[1]], outcomes, strict=True)
        if outcome == "stamped"
    ]
    again = await other.check_in(stamped[-1])
    assert getattr(again, "outcome", None) == "stamped", "the first answer comes again"
    assert await check(engine.pool, lambda _: None) == []


async def test_frozen_twice_is_once_and_thawed_it_is_as_before(site: Site) -> None:
    visitor, engine = site.visitor(), site.engine
    with pytest.raises(NotAllowed):
        await engine.freeze(RALLY, "test")
    late = site.clock().isoformat()
    site.clock.forward(minutes=5)
    await over(site)
    first, again = await engine.freeze(RALLY, "a"), await engine.freeze(RALLY, "b")
    assert first.frozen == again.frozen
    assert await site.facts("RallyFrozen") == 1
    status, refused = await site.scan(visitor, LINE[0], scanned_at=late)
    assert (status, refused["code"]) == (422, "rally_final")
    await site.ask("POST", f"/r/{RALLY}/close-out", site.organiser(), data={"do": "thaw"})
    assert engine.rallies.known(RALLY).frozen is None
    assert (await site.scan(visitor, LINE[0], scanned_at=late))[0] == 201
    assert await check(engine.pool, lambda _: None) == []


async def plan_of(site: Site, *more: Prize) -> Plan:
    """The rally with one winner a prize, and more prizes."""
    plan = site.engine.rallies.known(RALLY).plan
    one = [replace(prize, giving=replace(prize.giving, winners=1)) for prize in plan.prizes]
    rally = await site.engine.plan(replace(plan, prizes=[*one, *more]), "test")
    return rally.plan


AT_COUNTER = Prize("trip", {"ja": "旅行", "en": "A trip"}, Stamps(1), Draw(1, automatic=True))


async def drawn(site: Site, people: int = 6) -> dict[str, str]:
    """A rally whose draw was held; its visitors' tokens by their entries."""
    await plan_of(site, AT_COUNTER)
    tokens = await entered(site, people)
    await step(site, "commit")
    await over(site)
    await step(site, "fix")
    assert (await step(site, "hold", public="7", about="a lottery"))[0] == 200
    return {entry_id(RALLY, person(site, token)): token for token in tokens}


def person(site: Site, token: str) -> UUID:
    return site.engine.people.verify(token).id


async def told(site: Site) -> tuple[Any, str]:
    """What is published."""
    async with site.session.get(f"{DRAW}/entries") as answer:
        entries = await answer.text()
    return (await site.ask("GET", DRAW))[1], entries


async def test_prizes_that_are_not_taken_move_up_and_anybody_can_check_it(
    site: Site, tmp_path: Any
) -> None:
    tokens = await drawn(site)
    published, entries = await told(site)
    (winner,) = published["winners"]["trip"]
    status, after = await step(site, "forfeit", prize="trip", entry=winner)
    assert status == 200
    (gone,) = after["forfeits"]
    assert (gone["prize"], gone["entry"]) == ("trip", winner)
    assert (await step(site, "forfeit", prize="trip", entry=winner))[1] == after
    (other,) = after["winners"]["local-products"]
    await step(site, "forfeit", prize="local-products", entry=other)
    after, entries = await told(site)
    done = checked_by_anybody(tmp_path, after, entries)
    assert done.returncode == 0, done.stderr
    assert f"trip: {gone['next']} moved up rightly" in done.stdout
    first, second = after["forfeits"]
    others = [entry for entry in tokens if entry not in (winner, other, first["next"])]
    for spoilt in ({**first, "next": others[0]}, {**first, "entry": others[0]}):
        wrong = checked_by_anybody(tmp_path, {**after, "forfeits": [spoilt, second]}, entries)
        assert wrong.returncode != 0
    assert await check(site.engine.pool, lambda _: None) == []


async def hand(site: Site, visitor: str, prize: str, who: str) -> tuple[int, Any]:
    body = {
        "rally": RALLY,
        "prize": prize,
        "visitor": str(person(site, visitor)),
        "hand_over_id": str(uuid4()),
        "spot": LINE[0],
    }
    return await site.ask("POST", "/api/hand-overs", who, json=body)


async def test_a_drawn_prize_is_handed_to_who_has_won_it_and_once(site: Site) -> None:
    tokens = await drawn(site)
    published, _ = await told(site)
    (winner,) = published["winners"]["trip"]
    staff = site.staff(LINE[0])
    for entry, token in tokens.items():
        if entry != winner:
            status, refused = await hand(site, token, "trip", staff)
            assert (status, refused["code"]) == (409, "prize_not_won")
    assert (await hand(site, tokens[winner], "trip", staff))[0] == 201
    status, refused = await hand(site, tokens[winner], "trip", staff)
    assert (status, refused["code"]) == (409, "already_handed_over")
    status, refused = await step(site, "forfeit", prize="trip", entry=winner)
    assert (status, refused["code"]) == (409, "already_handed_over")


async def test_who_gave_a_prize_up_is_not_given_it_and_the_next_is(site: Site) -> None:
    """Also where both happen at once: one of them is refused."""
    tokens = await drawn(site)
    published, _ = await told(site)
    (winner,) = published["winners"]["trip"]
    staff = site.staff(LINE[0])
    (given, _), (gone, _) = await asyncio.gather(
        hand(site, tokens[winner], "trip", staff),
        step(site, "forfeit", prize="trip", entry=winner),
    )
    assert sorted((given, gone)) in ([200, 409], [201, 409])
    if gone == 200:
        published, _ = await told(site)
        following = published["forfeits"][0]["next"]
        assert (await hand(site, tokens[following], "trip", staff))[0] == 201


async def test_no_cards_are_put_together_once_the_results_are_final(site: Site) -> None:
    visitor, other = site.visitor(), site.visitor()
    for token in (visitor, other):
        await site.scan(token, LINE[0])
    await over(site)
    await site.engine.freeze(RALLY, "test")
    with pytest.raises(NotAllowed) as refused:
        await site.engine.join(person(site, other), person(site, visitor), "visitor")
    assert refused.value.code == "rally_frozen"
    assert await site.facts("CardLinked") == 0
