"""2,000 concurrent check-ins from 500 visitors over two service processes equal a plain model."""

import asyncio
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import aiohttp
import msgspec
from support import PLANS, RALLY

from domain.plan import Plan
from domain.rally import open_rally
from qr.codes import sign
from service.config import Config
from service.engine import Engine, open_engine
from service.eventlog.check import check
from service.sign_in import Role

VISITORS, SCANS, SPOTS = 500, 2_000, 6
AT_ONCE = 128


@asynccontextmanager
async def serving(database: str) -> AsyncIterator[str]:
    """A service process of its own on a free port; gives its address."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service", "serve", "--port", "0", "--database", database),
        stdout=asyncio.subprocess.PIPE,
        cwd=PLANS.parent,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            line = (await process.stdout.readline()).decode()
        yield line.split(" on ")[1].split()[0]
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(60):
            assert await process.wait() == 0


async def planned(engine: Engine, tokyo: Plan) -> None:
    """Tokyo's rally around today, open since its first day: the processes read the real clock."""
    today = datetime.now(UTC).date()
    plan = msgspec.structs.replace(
        tokyo, first_day=today - timedelta(days=7), last_day=today + timedelta(days=7)
    )
    rally = await engine.plan(plan, "test")
    await engine.change(RALLY, lambda known, _: open_rally(known, rally.course.starts, "test"))


async def test_two_processes_agree_with_a_plain_model(empty_database: str, tokyo: Plan) -> None:
    """Given many duplicates, by the same and by other scan ids, at the same moment, on both ports.

    Then what was answered, the log, the cards and footfall are what a dictionary says they are.
    """
    rng = random.Random(2)
    async with open_engine(Config(database_url=empty_database)) as engine:
        await planned(engine, tokyo)
        async with serving(empty_database) as one, serving(empty_database) as two:
            scans = make_scans(rng, engine)
            answers = await send(rng, engine, (one, two), scans)
            await compare_answers(scans, answers)
            expected = {(visitor, spot) for visitor, spot, _ in scans}
            await compare_log_and_cards(engine, expected)
            await compare_footfall(engine, (one, two), expected)
        assert await check(engine.pool, lambda _: None) == []


def make_scans(rng: random.Random, engine: Engine) -> list[tuple[UUID, str, UUID]]:
    """Visitor, spot, scan id: about half of them repeat another one, half of those its id too."""
    spots = [spot.id for spot in engine.rallies.get(RALLY).plan.spots][:SPOTS]
    visitors = [UUID(int=rng.getrandbits(128), version=4) for _ in range(VISITORS)]
    scans: list[tuple[UUID, str, UUID]] = [
        (visitor, rng.choice(spots), UUID(int=rng.getrandbits(128))) for visitor in visitors
    ]
    while len(scans) < SCANS:
        visitor, spot, scan_id = rng.choice(scans)
        kind = rng.random()
        if kind < 0.5:
            spot, scan_id = rng.choice(spots), UUID(int=rng.getrandbits(128))
        elif kind < 0.75:
            scan_id = UUID(int=rng.getrandbits(128))
        scans.append((visitor, spot, scan_id))
    rng.shuffle(scans)
    return scans


async def send(
    rng: random.Random,
    engine: Engine,
    urls: tuple[str, str],
    scans: list[tuple[UUID, str, UUID]],
) -> list[tuple[int, dict[str, Any]]]:
    """Every scan to one of the two, many at once."""
    key = engine.keyring.newest_code_key(RALLY)
    since = engine.clock() - timedelta(days=1)
    tokens: dict[UUID, str] = {}
    for visitor, _, _ in scans:
        if visitor not in tokens:
            person, _ = engine.people.new(Role.VISITOR, since)
            tokens[visitor] = engine.people.token(msgspec.structs.replace(person, id=visitor))
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def go(visitor: UUID, spot: str, scan_id: UUID) -> tuple[int, dict[str, Any]]:
            async with session.post(
                f"{rng.choice(urls)}/api/check-ins",
                json={"code": sign(key, spot), "scan_id": str(scan_id)},
                headers={"Authorization": f"Bearer {tokens[visitor]}"},
            ) as answer:
                return answer.status, await answer.json(content_type=None)

        return await asyncio.gather(*(go(*scan) for scan in scans))


async def compare_answers(
    scans: list[tuple[UUID, str, UUID]], answers: list[tuple[int, dict[str, Any]]]
) -> None:
    """One scan id of each visit was stamped, all its repeats got the same; the rest had it."""
    outcomes = Counter(answer["outcome"] for _, answer in answers)
    assert set(outcomes) == {"stamped", "already_stamped"}
    by_visit: dict[tuple[UUID, str], set[UUID]] = {}
    first: dict[UUID, dict[str, Any]] = {}
    for (visitor, spot, scan_id), (status, answer) in zip(scans, answers, strict=True):
        assert status == (201 if answer["outcome"] == "stamped" else 200)
        if answer["outcome"] == "stamped":
            by_visit.setdefault((visitor, spot), set()).add(scan_id)
            assert first.setdefault(scan_id, answer) == answer
    assert by_visit.keys() == {(visitor, spot) for visitor, spot, _ in scans}
    assert {len(ids) for ids in by_visit.values()} == {1}


async def compare_log_and_cards(engine: Engine, expected: set[tuple[UUID, str]]) -> None:
    rows = await engine.pool.fetch("SELECT visitor, spot FROM events WHERE visitor IS NOT NULL")
    assert len(rows) == len(expected)
    assert {(row["visitor"], row["spot"]) for row in rows} == expected
    for visitor in {visitor for visitor, _ in expected}:
        card = await engine.log.card(visitor, RALLY)
        assert {visit.spot for visit in card.visits} == {s for v, s in expected if v == visitor}


async def compare_footfall(
    engine: Engine, urls: tuple[str, str], expected: set[tuple[UUID, str]]
) -> None:
    """Both processes come to show the same, and it is what was walked."""
    organiser = engine.people.new(Role.ORGANISER, engine.clock(), RALLY)[1]
    visits = Counter(spot for _, spot in expected)
    async with aiohttp.ClientSession() as session, asyncio.timeout(60):
        for url in urls:
            while True:
                async with session.get(
                    f"{url}/api/rallies/{RALLY}/footfall?by=day",
                    headers={"Authorization": f"Bearer {organiser}"},
                ) as answer:
                    shown = await answer.json()
                if shown["lag"]["facts"] == 0:
                    break
                await asyncio.sleep(0.05)
            assert sum_of(shown, "visits") == visits
            assert sum_of(shown, "first_timers") == visits
    everyone = await engine.pool.fetchval("SELECT sum(visitors_of_rally) FROM footfall")
    assert everyone == len({visitor for visitor, _ in expected})


def sum_of(shown: dict[str, Any], field: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for row in shown["rows"]:
        total[row["spot"]] += row[field]
    return total
