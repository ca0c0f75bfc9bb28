"""A log is taken over elsewhere: whole, once, in its order, and rallies run on there."""

import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest
from histories import SPOTS, VISITORS, History
from support import LINE, RALLY, SetClock, Site
from test_log import scan

from domain.rally import close_rally
from projections.catalogue import CATALOGUE
from service.commands import CommandError
from service.commands.log_moves import take_log, write_log
from service.commands.serve import listening
from service.config import Config
from service.engine import Engine, of_known, open_engine
from service.eventlog import beside, importing
from service.eventlog.check import check

MEANT = {
    *("RallyReplanned", "RallyFrozen", "HeadcountRecorded", "CheckInRefused", "VisitConfirmed"),
    *("VisitVoided", "VisitReinstated", "CardLinked", "PrizeEntered", "PrizeHandedOver"),
}
"""What must be among what happens: facts that name others, or what there is only so much of."""
Elsewhere = Callable[..., Any]


@pytest.fixture
def elsewhere(empty_database: str, clock: SetClock, tmp_path: Path) -> Elsewhere:
    """Opens an engine of another installation, with so many buckets."""

    @asynccontextmanager
    async def opened(buckets: int) -> AsyncIterator[Engine]:
        config = Config(database_url=empty_database, visitor_buckets=buckets, data=tmp_path, port=0)
        async with open_engine(config, clock) as engine:
            yield engine

    return opened


async def live(histories: list[History], steps: int, seed: int) -> None:
    """Let much happen, of every kind."""
    rng = random.Random(seed)
    for _ in range(steps):
        history = rng.choice(histories)
        step = (rng.randrange(100), rng.randrange(2), rng.randrange(VISITORS), rng.choice(SPOTS))
        await history.take((*step, rng.randrange(4_320), rng.choice(["ja", "en"])))


async def begun(engine: Engine, clock: SetClock) -> list[History]:
    histories = [History(engine, clock) for _ in range(3)]
    for history in histories:
        await history.begin()
    return histories


async def figures(engine: Engine) -> dict[str, list[str]]:
    """All rows of all projections."""
    await engine.follower.catch_up()
    tables = [table for each in CATALOGUE.values() for table in each.tables]
    return {
        table: sorted(
            str(row[0]) for row in await engine.pool.fetch(f"SELECT to_jsonb({table}) FROM {table}")
        )
        for table in tables
    }


async def rows(engine: Engine, what: str) -> list[Any]:
    return [tuple(row) for row in await engine.pool.fetch(what)]


async def ids(engine: Engine, file: Path) -> set[str]:
    """What an export calls all facts."""
    await write_log(engine, None, file)
    found = [json.loads(line)["id"] for line in file.read_text().splitlines()]
    assert len(found) == await engine.log.size()
    return set(found)


async def same(source: Engine, target: Engine) -> None:
    """Given what was taken over; then it is whole and every figure and card is the same."""
    assert await check(target.pool, lambda _: None) == []
    assert await target.log.size() == await source.log.size()
    assert await figures(target) == await figures(source)
    assert await rows(
        target, "SELECT * FROM taken WHERE taken <> 0 ORDER BY 1, 2, 3"
    ) == await rows(source, "SELECT * FROM taken WHERE taken <> 0 ORDER BY 1, 2, 3")
    people = await rows(source, "SELECT visitor, rally FROM cards")
    for visitor, rally in people:
        assert await target.card(visitor, rally) == await source.card(visitor, rally)


@pytest.mark.parametrize("buckets", [2, 5])
async def test_a_running_rally_moves(
    site: Site, clock: SetClock, elsewhere: Elsewhere, tmp_path: Path, buckets: int
) -> None:
    """Given a log that grows between two exports; when it is taken over twice, into as many buckets
    or into others; then posters, tokens and answers are good there, and it runs on."""
    source, file = site.engine, tmp_path / "log.jsonl"
    token, scan_id = site.visitor(), uuid4()
    _, first = await site.scan(token, LINE[0], scan_id)
    for spot in LINE[1:]:
        await site.scan(token, spot)
    await site.says_where(token)
    histories = await begun(source, clock)
    await live(histories, 120, seed=1)
    await write_log(source, None, file, with_keys=True)
    async with elsewhere(buckets) as target:
        await take_log(target, file)
        await same(source, target)
        await live(histories, 60, seed=2)
        over = histories[0].rallies[0]
        await source.change(over, of_known(close_rally, "test"))
        await source.freeze(over, "test")
        assert {kind for (kind,) in await rows(source, "SELECT type::text FROM events")} >= MEANT
        await write_log(source, None, file, with_keys=True)
        await take_log(target, file)
        await same(source, target)
        whole = "SELECT * FROM events ORDER BY bucket, position"
        assert (await rows(target, whole) == await rows(source, whole)) == (buckets == 2)
        assert await ids(target, tmp_path / "there") == await ids(source, tmp_path / "here")
        before = await figures(target)
        await take_log(target, file)
        assert await figures(target) == before
        async with listening(target) as url, aiohttp.ClientSession(url) as session:
            there = Site(target, clock, url, session)
            code = site.code(LINE[0])
            status, again = await there.check_in(token, code, scan_id)
            assert (status, {**again, "position": 0}) == (201, {**first, "position": 0})
            assert (await there.check_in(token, site.code("nagano-ginza")))[0] == 201
            assert (await target.addresses.read(person(site, token), RALLY)).address
        assert await check(target.pool, lambda _: None) == []


def person(site: Site, token: str) -> UUID:
    return site.engine.people.verify(token).id


async def test_an_import_that_breaks_off_is_taken_up_again(
    engine: Engine,
    clock: SetClock,
    elsewhere: Elsewhere,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Given a file that is cut at any byte; then what is whole is taken, and the rest later."""
    monkeypatch.setattr(importing, "BATCH", 7)
    await live(await begun(engine, clock), 60, seed=3)
    file, part = tmp_path / "log.jsonl", tmp_path / "part.jsonl"
    await write_log(engine, None, file)
    text = file.read_bytes()
    async with elsewhere(3) as target:
        for share in (0.2, 0.5, 0.8):
            part.write_bytes(text[: int(len(text) * share)])
            with pytest.raises(CommandError, match="it is cut"):
                await take_log(target, part)
            assert await check(target.pool, lambda _: None) == []
        await take_log(target, file)
        await same(engine, target)


async def test_a_rally_is_taken_over_beside_others(
    site: Site, elsewhere: Elsewhere, clock: SetClock, tmp_path: Path
) -> None:
    for spot in LINE:
        await site.scan(site.visitor(), spot)
    file = tmp_path / "log.jsonl"
    await write_log(site.engine, RALLY, file)
    async with elsewhere(2) as target:
        await live(await begun(target, clock), 30, seed=4)
        own = await target.log.size()
        await take_log(target, file)
        assert await check(target.pool, lambda _: None) == []
        assert await target.log.size() == own + len(file.read_text().splitlines())
        assert target.keyring.newest_code_key(RALLY) is not None
        await write_log(site.engine, None, file.with_name("all"), with_keys=True)
        with pytest.raises(CommandError, match="this log has facts of its own"):
            await take_log(target, file.with_name("all"))


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "type": ({"type": "VisitDreamt"}, "of a later release"),
    "version": ({"factversion": 9}, "is of version 9"),
    "time": ({"time": "yesterday"}, "it is no fact of a log"),
    "moment": ({"recordedat": "2026-01-15T03:00:00"}, "it is no fact of a log"),
    "column": ({"data": {"firsts": "many"}}, "it is no fact of a log .*firsts"),
    "text": ({"data": {"visitor": str(uuid4()), "scan_id": str(uuid4()), "spot": "\0", "period": 0,
                       "firsts": 1, "language": "ja", "evidence": "printed"}}, "cannot be kept"),
    "rest": ({"type": "CardLinked", "data": {"visitor": str(uuid4()), "data": {}}}, "cannot read"),
    "about": ({"data": {"visitor": str(uuid4()), "visits": {"4": str(uuid4())}}}, "not on the card"),
    "rally": ({"source": "/rallies/moon"}, "its rally is not here"),
    "envelope": ({"specversion": "2.0"}, "it is no fact of a log .*specversion"),
}  # fmt: skip
"""What is wrong about a visit's line, and how that is told."""


async def test_a_line_that_is_wrong_is_named(
    site: Site, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    """Given a file with one wrong line; then what is before it is taken, and it is told which."""
    token, file = site.visitor(), tmp_path / "log.jsonl"
    for spot in LINE:
        await site.scan(token, spot)
    await write_log(site.engine, RALLY, file)
    text = file.read_bytes()
    lines = [json.loads(line) for line in text.splitlines()]
    async with elsewhere(2) as target:

        async def refused(lines: list[dict[str, Any]], why: str, more: bytes = b"") -> None:
            file.write_bytes(b"".join(json.dumps(line).encode() + b"\n" for line in lines) + more)
            with pytest.raises(CommandError, match=why):
                await take_log(target, file)
            assert await check(target.pool, lambda _: None) == []

        await refused(lines[1:], "Line 1: facts of tokyo-antenna-shops are missing before it")
        for changed, why in WRONG.values():
            await refused([*lines[:2], lines[2] | changed, *lines[3:]], f"Line 3: .*{why}")
        assert await target.log.size() == 2
        await refused([*lines[:2], *lines[3:]], "Line 3: facts of .* are missing before it")
        await refused(
            [*lines[:2], lines[1] | {"id": "0"}], "another fact was taken from this place"
        )
        await refused([lines[0] | {"log": "another-2"}], "RallyPlanned of .* is here already")
        await refused(lines[:2], "it is no fact of a log", b"a diary\n")
        await refused(lines[:2], "it is no fact of a log", b"\xff\xfe\n")
        assert await target.log.size() == 2
        file.write_bytes(text)
        await take_log(target, file)
        for one in (target, site.engine):  # both go on: there is no one truth any more
            where = (
                one.log.bucket_of(person(site, token)),
                [scan(one, person(site, token), "nagano-ginza")],
            )
            assert await one.log.commit(*where)
        await write_log(site.engine, RALLY, file)
        with pytest.raises(CommandError, match="this visit was made here, too"):
            await take_log(target, file)


async def test_keys_are_whole_or_not_taken(
    engine: Engine, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    file = tmp_path / "log.jsonl"
    await write_log(engine, None, file, with_keys=True)
    assert file.stat().st_mode & 0o077 == 0
    text = file.read_bytes()
    row = next(line for line in text.splitlines(keepends=True) if b"/tables/keys" in line)
    end = text.splitlines(keepends=True)[-1]
    async with elsewhere(2) as target:
        keys = await rows(target, "SELECT * FROM keys")
        for wrong, why in (
            (text.replace(row, b""), "keys before it are missing"),
            (text.replace(end, b""), "the end of the keys is missing"),
        ):
            file.write_bytes(wrong)
            with pytest.raises(CommandError, match=why):
                await take_log(target, file)
            assert set(keys) <= set(await rows(target, "SELECT * FROM keys WHERE rally IS NULL"))
        file.write_bytes(text[: -len(end) - 3])  # torn, and gone on with
        await write_log(engine, None, file, with_keys=True)
        await take_log(target, file)
        every = "SELECT * FROM keys ORDER BY id"
        assert await rows(target, every) == await rows(engine, every)


async def test_every_table_is_moved_or_made_anew(engine: Engine) -> None:
    """Whoever adds a table says whether it goes along: nothing is left behind unseen."""
    made_anew = {"heads", "events", "batches", "cards", "rallies", "taken"}
    of_its_own = {"imports", "migrations", "progress", "projections"}
    named_by_operators = {"webhooks", "webhook_progress"}
    derived = {table for each in CATALOGUE.values() for table in each.tables}
    there = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'"
    tables = {name for (name,) in await rows(engine, there)}
    assert tables == beside.TABLES.keys() | made_anew | of_its_own | named_by_operators | derived
