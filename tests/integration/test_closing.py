"""The close-out of a rally: frozen exactly, gone on with wherever it stopped, even at the end."""

import asyncio
import html
import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace
from support import LINE, RALLY, OpenEngine, Site
from test_drawing import DRAW, ROOT, checked_by_anybody, entered, over, step

from domain.conditions import Stamps
from domain.encoding import spot_tag
from domain.plan import Draw, Plan, Prize
from domain.rally import NotAllowed, Status, close_rally
from domain.scan import Scan
from domain.winners import entry_id
from service import closing, drawing, people
from service.engine import Engine, of_known
from service.eventlog.check import check
from service.pages import review
from service.scans import EARLIEST
from service.sign_in import STAFF_COOKIE, VISITOR_COOKIE, Role

CLOSE_OUT, WINNERS = f"/r/{RALLY}/close-out", f"/r/{RALLY}/winners"
LAST_VISIT = """
    SELECT bucket, max(position) FROM events
    WHERE rally = $1 AND type IN ('VisitRecorded', 'VisitConfirmed') GROUP BY bucket
"""


async def page(site: Site, path: str, token: str | None = None) -> tuple[int, str]:
    """A page as its organiser (or somebody else) sees it."""
    cookie = {"Cookie": f"{STAFF_COOKIE}={token or site.organiser()}"}
    async with site.session.get(path, headers=cookie) as answer:
        return answer.status, await answer.text()


async def press(site: Site, path: str, token: str | None = None, **form: str) -> tuple[int, str]:
    """Press a button of a page; returns what comes then."""
    cookie = {"Cookie": f"{STAFF_COOKIE}={token or site.organiser()}"}
    async with site.session.post(path, data=form, headers=cookie) as answer:
        return answer.status, await answer.text()


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
    same = {"scanned_at": late, "scan_id": str(uuid4())}
    site.clock.forward(minutes=5)
    await over(site)
    first, again = await engine.freeze(RALLY, "a"), await engine.freeze(RALLY, "b")
    assert first.frozen == again.frozen
    assert await site.facts("RallyFrozen") == 1
    for _ in range(2):
        status, refused = await site.scan(visitor, LINE[0], **same)
        assert (status, refused["code"]) == (422, "rally_final")
    assert "<dt>Scans that came after</dt><dd>1<" in (await page(site, CLOSE_OUT))[1]
    await press(site, CLOSE_OUT, do="thaw")
    assert engine.rallies.known(RALLY).frozen is None
    assert (await site.scan(visitor, LINE[0], **same))[0] == 201
    _, text = await press(site, CLOSE_OUT, do="freeze")
    assert "Scans that came after" not in text, "what the first freeze refused is on the card"
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
    assert list(published["winners"]) == ["local-products", "complete", "trip"], "as it was drawn"
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


# --- the pages ----------------------------------------------------------------------------------


def states(text: str) -> list[str]:
    return re.findall(r'id="step-[a-z-]+" data-state="([a-z]+)"', text)


async def test_the_page_leads_from_the_first_step_to_the_last_and_each_is_taken_once(
    site: Site,
) -> None:
    """Every button is pressed twice, as who comes back after a crash does."""
    await plan_of(site, AT_COUNTER)
    tokens = await entered(site, 4)
    late = site.clock().isoformat()
    site.clock.forward(hours=1)
    await site.scan(tokens[0], "nagano-ginza", scanned_at=late)
    assert states((await page(site, CLOSE_OUT))[1])[:3] == ["now", "later", "later"]
    assert (await press(site, CLOSE_OUT, do="freeze"))[0] == 409
    for do, facts, more in (
        ("commit", "DrawCommitted", {}),
        ("", "", {}),
        ("freeze", "RallyFrozen", {}),
        ("review", "VisitsReviewed", {}),
        ("fix", "EntriesFixed", {}),
        ("hold", "DrawHeld", {"public": "7", "about": "a lottery"}),
    ):
        if not do:
            await over(site)
            continue
        first, again = [await press(site, CLOSE_OUT, do=do, **more) for _ in range(2)]
        assert first[0] == again[0] == 200
        assert states(first[1]) == states(again[1])
        assert await site.facts(facts) == 1
    reviewed = site.engine.rallies.known(RALLY).reviewed
    assert (reviewed.marked, reviewed.void) == (1, 0)
    assert states(again[1]) == ["done"] * 5 + ["done", "now", "now"]
    assert (await press(site, CLOSE_OUT, do="thaw"))[0] == 409
    assert (await press(site, CLOSE_OUT, do="nonsense"))[0] == 400
    assert await check(site.engine.pool, lambda _: None) == []


async def test_fixing_that_was_cut_short_is_begun_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And while it goes on in the background, the page says how far it is and comes again."""
    await entered(site, 2)
    await press(site, CLOSE_OUT, do="commit")
    await over(site)
    for do in ("freeze", "review"):
        await press(site, CLOSE_OUT, do=do)
    real, may_go_on = drawing.fix, asyncio.Event()

    async def slow(engine: Engine, name: str, by: str, advanced: Any) -> Any:
        advanced(1)
        await may_go_on.wait()
        raise ConnectionError("the database has gone")

    monkeypatch.setattr(drawing, "fix", slow)
    monkeypatch.setattr(closing, "FIX_SHOWN_AFTER_S", 0.05)
    cookie = {"Cookie": f"{STAFF_COOKIE}={site.organiser()}"}
    async with site.session.post(CLOSE_OUT, data={"do": "fix"}, headers=cookie) as answer:
        assert answer.headers["Refresh"] == "2"
        assert "The cards are being read: 1 of 2." in await answer.text()
    may_go_on.set()
    await asyncio.sleep(0.05)
    assert "It was cut short." in (await page(site, CLOSE_OUT))[1]
    monkeypatch.setattr(drawing, "fix", real)
    monkeypatch.setattr(closing, "FIX_SHOWN_AFTER_S", 30)
    assert states((await press(site, CLOSE_OUT, do="fix"))[1])[3] == "done"


async def test_marked_visits_are_listed_and_voided_those_with_a_prize_first(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await plan_of(site)
    late = site.clock().isoformat()
    site.clock.forward(hours=1)
    reached, other = site.visitor(), site.visitor()
    for spot in LINE:
        await site.scan(reached, spot, scanned_at=late)
    await site.scan(other, LINE[0], scanned_at=late)
    await site.scan(other, LINE[1])
    visits = f"{CLOSE_OUT}/visits"
    _, text = await page(site, visits)
    assert ("5 visits" in text, str(person(site, other)) in text) == (True, False)
    _, text = await page(site, f"{visits}?who=all")
    assert "6 visits" in text
    assert text.index(str(person(site, reached))) < text.index(str(person(site, other)))
    assert "0 visits" in (await page(site, f"{visits}?who=all&marks=unplaced&page=9"))[1]
    with monkeypatch.context() as patched:
        patched.setattr(review, "VISITS_SHOWN", 4)
        for asked, other_page in (("0", "1"), ("1", "0"), ("9", "0")):
            _, paged = await page(site, f"{visits}?who=all&page={asked}")
            ways = re.findall(r'href="\?who=all&amp;marks=all&amp;page=(\d+)"', paged)
            assert ("6 visits" in paged, ways) == (True, [other_page]), asked
    position = re.search(rf'{person(site, other)}">.*?name="positions" value="(\d+)"', text)[1]
    form = {"visitor": str(person(site, other)), "positions": position, "reason": "marked"}
    _, text = await press(site, f"{visits}?who=all", do="void", **form)
    assert "Is void" in text
    assert await site.facts("VisitVoided") == 1
    _, text = await press(site, f"{visits}?who=all", do="reinstate", **form)
    assert "Is void" not in text
    assert await check(site.engine.pool, lambda _: None) == []


@pytest.mark.parametrize("path", ["", "/visits"])
async def test_who_only_looks_on_sees_the_close_out_without_buttons(site: Site, path: str) -> None:
    viewer = site.engine.people.new(Role.VIEWER, site.clock(), RALLY)[1]
    status, text = await page(site, CLOSE_OUT + path, viewer)
    assert (status, 'name="do"' in text) == (200, False)
    assert (await press(site, CLOSE_OUT, viewer, do="commit"))[0] == 403
    assert (await page(site, WINNERS, viewer))[0] == 403
    assert (await page(site, f"{WINNERS}.csv?prize=complete", viewer))[0] == 403


async def test_an_organiser_sees_the_addresses_of_winners_and_no_others(site: Site) -> None:
    tokens = await drawn(site)
    published, _ = await told(site)
    (winner,) = published["winners"]["local-products"]
    for n, (entry, token) in enumerate(tokens.items()):
        name = "=WINNER()" if entry == winner else f"Loser{n}"
        where = {"where": "abroad", "country": "France", "lines": "1 rue\nParis", "name": name}
        await site.ask("PUT", f"/api/rallies/{RALLY}/address", token, json=where)
    everything = ""
    for prize in ("local-products", "trip", "complete"):
        for path in (f"{WINNERS}?prize={prize}", f"{WINNERS}.csv?prize={prize}"):
            cookie = {"Cookie": f"{STAFF_COOKIE}={site.organiser()}"}
            async with site.session.get(path, headers=cookie) as answer:
                assert answer.headers["Cache-Control"] == "no-store"
                everything += await answer.text()
    assert "Loser" not in everything
    assert "<b>=WINNER()</b>" in everything
    assert "\n'=WINNER()," not in everything
    assert ",'=WINNER()," in everything, "no spreadsheet takes it for a formula"
    status, after = await step(site, "forfeit", prize="local-products", entry=winner)
    assert status == 200
    _, text = await page(site, f"{WINNERS}?prize=local-products")
    assert "=WINNER()" not in text
    (gone,) = after["forfeits"]
    assert gone["next"] in text
    assert "Loser" in text, "who has moved up has won"


def hidden(text: str, do: str) -> dict[str, str]:
    """The fields of the first form with this button."""
    forms = re.findall(r"<form.*?</form>", text, re.DOTALL)
    form = next(form for form in forms if f'value="{do}"' in form)
    return {**dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)), "do": do}


async def test_all_comes_out_even_when_prizes_are_posted_given_and_not_taken(site: Site) -> None:
    """Also where a winner's card is erased afterwards: the totals stay."""
    tokens = await drawn(site)
    trip = f"{WINNERS}?prize=trip"
    (winner,) = (await told(site))[0]["winners"]["trip"]
    await press(site, trip, **hidden((await page(site, trip))[1], "forfeit"))
    owner = (await told(site))[0]["forfeits"][0]["next"]
    assert owner != winner
    assert (await hand(site, tokens[owner], "trip", site.staff(LINE[0])))[0] == 201
    post = f"{WINNERS}?prize=local-products"
    form = hidden((await page(site, post))[1], "give")
    for _ in range(2):  # pressed twice
        await press(site, post, **form)
    await press(site, post, **hidden((await page(site, post))[1], "reverse"))
    await press(site, post, **hidden((await page(site, post))[1], "give"))
    await site.ask("DELETE", f"/api/rallies/{RALLY}/card", tokens[owner])
    await press(site, CLOSE_OUT, do="review")
    view = await closing.read_overview(site.engine, site.engine.rallies.known(RALLY))
    assert [line for line in view.lines if line.difference] == []
    assert (view.tally.winners, view.tally.handed) == (2, 2)
    assert [step.state for step in view.steps] == ["done"] * 8
    assert "Everything comes out even." in (await page(site, CLOSE_OUT))[1]
    assert await check(site.engine.pool, lambda _: None) == []


async def test_a_difference_is_shown_with_what_it_means(site: Site) -> None:
    await drawn(site)
    await site.engine.pool.execute(
        "INSERT INTO taken (rally, item, period, taken) VALUES ($1, 'prize:trip', 0, 1)", RALLY
    )
    _, text = await page(site, CLOSE_OUT)
    assert "The counters differ from the log" in text
    assert "Everything comes out even." not in text


async def test_addresses_are_deleted_on_their_day_or_before_and_the_totals_stay(site: Site) -> None:
    await drawn(site)
    before = await closing.read_overview(site.engine, site.engine.rallies.known(RALLY))
    _, text = await page(site, WINNERS)
    assert "5 addresses are kept, sealed, until August 27, 2026: 224 more days." in text
    await press(site, WINNERS, do="erase")
    after = await closing.read_overview(site.engine, site.engine.rallies.known(RALLY))
    assert (before.addresses, after.addresses) == (5, 0)
    assert after.lines == before.lines
    assert "No address is kept for this rally." in (await page(site, WINNERS))[1]
    assert await site.engine.pool.fetchval("SELECT count(*) FROM visitor_keys") == 0


async def test_an_erased_winner_is_given_nothing_and_the_next_moves_up(site: Site) -> None:
    tokens = await drawn(site)
    (winner,) = (await told(site))[0]["winners"]["trip"]
    await site.ask("DELETE", f"/api/rallies/{RALLY}/card", tokens[winner])
    _, text = await page(site, f"{WINNERS}?prize=trip")
    assert "Card erased" in text
    assert 'value="give"' not in text
    assert (await hand(site, tokens[winner], "trip", site.staff(LINE[0])))[0] == 409
    await press(site, f"{WINNERS}?prize=trip", do="forfeit", prize="trip", entry=winner)
    assert len((await told(site))[0]["forfeits"]) == 1


async def test_everybody_sees_the_proof_and_who_has_a_card_their_own_entry(site: Site) -> None:
    path = f"/r/{RALLY}/draw"
    assert (await page(site, path))[0] == 404
    tokens = await drawn(site)
    (winner,) = (await told(site))[0]["winners"]["trip"]
    async with site.session.get(path) as answer:
        anybodys = await answer.text()
    assert "Is mine among them?" not in anybodys
    assert all(str(person(site, token)) not in anybodys for token in tokens.values())
    async with site.session.get(
        path, headers={"Cookie": f"{VISITOR_COOKIE}={tokens[winner]}"}
    ) as answer:
        own = await answer.text()
    assert f'<li class="mine"><code>{winner}</code>' in own
    assert "You have won!" in own
    script = re.search(r"<pre>(.*?)</pre>", own, re.DOTALL)[1]
    text = (ROOT / "docs" / "draw.md").read_text(encoding="utf-8")
    documented = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    assert html.unescape(script) == documented
    async with site.session.get("/static/check-draw.txt") as answer:
        assert await answer.text() == documented


async def test_the_card_shows_the_winner_the_way_to_the_counter(site: Site) -> None:
    tokens = await drawn(site)
    (winner,) = (await told(site))[0]["winners"]["trip"]
    loser = next(entry for entry in tokens if entry != winner)

    async def sees(entry: str, path: str) -> str:
        headers = {"Cookie": f"{VISITOR_COOKIE}={tokens[entry]}"}
        async with site.session.get(f"/r/{RALLY}{path}", headers=headers) as answer:
            return await answer.text()

    assert "Show it at the counter" in await sees(winner, "")
    assert f"/r/{RALLY}/draw" in await sees(loser, "")
    assert "QR code for the counter" in await sees(winner, "/prizes/trip")
    assert "It was not won with this card." in await sees(loser, "/prizes/trip")
    await step(site, "forfeit", prize="trip", entry=winner)
    assert "went to the next in the draw" in await sees(winner, "")


async def test_late_devices_are_listed_before_the_freeze_the_fullest_first(site: Site) -> None:
    now, pool = site.clock(), site.engine.pool
    for name, seen_at, unsent in (
        ("Silent", now - timedelta(days=2), 0),
        ("Full", now, 7),
        ("Well", now, 0),
        ("Never", None, 0),
    ):
        device, _ = site.engine.people.new(Role.STAFF, now, RALLY, LINE[0])
        await people.add(pool, device, name, "organiser", joined=True)
        if seen_at is not None:
            await people.beat(pool, device.id, people.Life(seen_at, 0, unsent))
    found = [one.name for one in await closing.late_devices(site.engine, RALLY)]
    assert (found[0], set(found)) == ("Full", {"Full", "Silent", "Never"})
    await over(site)
    _, text = await page(site, CLOSE_OUT)
    assert "Unsent scans: 7" in text
    assert "Well" not in text
    assert "Phones without a network may still send scans until Jan 22 12:00." in text
    site.clock.forward(days=7)
    assert "is waited for any more" in (await page(site, CLOSE_OUT))[1]
