"""Footfall: exact, counted once, whoever applies it and however often."""

import asyncio
import random
from collections import Counter, defaultdict
from datetime import timedelta
from uuid import uuid4

from support import NOON, RALLY, OpenEngine, SetClock, Site
from test_log import scan, spots

from projections.apply import apply
from projections.follow import read_lag
from projections.footfall import FOOTFALL
from service.engine import Engine


async def walk_a_lot(engine: Engine, clock: SetClock, rng: random.Random) -> None:
    """A few days of visits, many of them revisits, some late."""
    visitors = [uuid4() for _ in range(40)]
    for _ in range(6):
        clock.forward(hours=rng.randint(3, 20))
        batches = defaultdict(list)
        for _ in range(120):
            visitor = rng.choice(visitors)
            one = scan(engine, visitor, rng.choice(spots(engine)[:7]))
            if rng.random() < 0.3:
                at = clock() - timedelta(hours=rng.randint(1, 40))
                one = type(one)(
                    **{f: getattr(one, f) for f in one.__struct_fields__} | {"scanned_at": at}
                )
            batches[engine.log.bucket_of(visitor)].append(one)
        for bucket, batch in batches.items():
            await engine.log.commit(bucket, batch)


async def model(engine: Engine) -> tuple[Counter, dict, dict, set]:
    """Footfall by plain sets over the log: visits an hour, visitors a day, a spot, in all."""
    zone = engine.rallies.get(RALLY).course.zone
    visits: Counter = Counter()
    by_day, by_spot, everyone = defaultdict(set), defaultdict(set), set()
    for row in await engine.pool.fetch("SELECT * FROM events WHERE type = 'VisitRecorded'"):
        local = row["occurred_at"].astimezone(zone)
        visits[row["spot"], local.replace(minute=0, second=0, microsecond=0)] += 1
        by_day[row["spot"], local.date()].add(row["visitor"])
        by_spot[row["spot"]].add(row["visitor"])
        everyone.add(row["visitor"])
    return visits, by_day, by_spot, everyone


async def test_footfall_equals_a_plain_count_however_it_is_applied(
    engine: Engine, clock: SetClock, open_another: OpenEngine
) -> None:
    """Given followers that race and steps that are small; then the sums equal plain sets."""
    others = [engine, await open_another(), await open_another()]
    rng = random.Random(11)

    async def follow(one: Engine, until: asyncio.Event) -> None:
        while not until.is_set():
            async with one.pool.acquire() as connection:
                await apply(connection, FOOTFALL)
            await asyncio.sleep(0)

    done = asyncio.Event()
    followers = [asyncio.create_task(follow(one, done)) for one in others]
    await walk_a_lot(engine, clock, rng)
    done.set()
    await asyncio.gather(*followers)
    assert await engine.follower.catch_up() >= 0
    visits, by_day, by_spot, everyone = await model(engine)
    assert sum(visits.values()) > 300
    zone = engine.rallies.get(RALLY).course.zone
    rows = await engine.pool.fetch("SELECT * FROM footfall")
    assert {row["language"] for row in rows} == {"ja"}
    assert {(r["spot"], r["hour"].astimezone(zone)): r["visits"] for r in rows} == visits
    days, in_all = Counter(), Counter()
    for row in rows:
        days[row["spot"], row["hour"].astimezone(zone).date()] += row["visitors_of_day"]
        in_all[row["spot"]] += row["visitors_of_spot"]
    assert +days == {key: len(who) for key, who in by_day.items()}
    assert +in_all == {key: len(who) for key, who in by_spot.items()}
    assert sum(row["visitors_of_rally"] for row in rows) == len(everyone)
    assert await read_lag(engine.pool, FOOTFALL, clock()) == (0, 0.0, None)


async def test_the_service_follows_by_itself_and_tells_the_lag(site: Site) -> None:
    for spot in ("nagano-ginza", "hiroshima-ginza"):
        await site.scan(site.visitor(), spot)
    path = f"/api/rallies/{RALLY}/footfall?spot=nagano-ginza"
    async with asyncio.timeout(20):
        while True:
            _, answer = await site.ask("GET", path, site.organiser())
            if answer["rows"] and not answer["lag"]["facts"]:
                break
            await asyncio.sleep(0.02)
    assert answer["rows"] == [
        {
            "spot": "nagano-ginza",
            "start": "2026-01-15T12:00:00+09:00",
            "visits": 1,
            "visitors": 1,
            "first_timers": 1,
            "headcount": 0,
        }
    ]
    assert answer["lag"] == {"facts": 0, "seconds": 0.0, "error": None}


async def test_the_lag_counts_what_is_not_yet_applied(engine: Engine, clock: SetClock) -> None:
    await engine.follower.catch_up()
    visitor = uuid4()
    bucket = engine.log.bucket_of(visitor)
    await engine.log.commit(bucket, [scan(engine, visitor, spot) for spot in spots(engine)[:3]])
    lag = await read_lag(engine.pool, FOOTFALL, NOON + timedelta(seconds=9))
    assert lag == (3, 9.0, None)


async def test_days_are_days_of_the_rallys_time_zone(site: Site) -> None:
    visitor = site.visitor()
    for at in ("2026-01-14T23:59:00+09:00", "2026-01-15T00:01:00+09:00"):
        await site.scan(visitor, "nagano-ginza", scanned_at=at)
    await site.engine.follower.catch_up()
    path = f"/api/rallies/{RALLY}/footfall?by=day&from=2026-01-14&to=2026-01-14"
    _, answer = await site.ask("GET", path, site.organiser())
    assert [(row["visits"], row["start"]) for row in answer["rows"]] == [
        (1, "2026-01-14T23:00:00+09:00")
    ]
