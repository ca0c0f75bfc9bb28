"""Simulated visitors: each walks from shop to shop on one of the last days and scans.

Everything goes over HTTP and through the rules; the only liberty is the tokens, which are dated
back to the day of the walk, as if those cards had begun then.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import aiohttp
from msgspec import Struct

from domain.place import distance_m
from domain.plan import Spot
from domain.rally import Rally
from qr.codes import sign
from service.engine import Engine
from service.sign_in import Role

AT_ONCE_MAX = 16
"""Phones that send at the same time."""
STRIDE_M = 500
"""How far a visitor likes to go: the chance of a next spot falls by e with each stride."""
_START_HOURS = [10, 11, 11, 12, 12, 13, 13, 13, 14, 14, 15, 15, 16, 17, 18]
_LANGUAGES = ["ja"] * 8 + ["en"] * 2


class Walk(Struct):
    """One visitor's way: spots and when they were scanned, in order."""

    language: str
    begins: datetime
    scans: list[tuple[str, datetime]]


async def simulate(
    engine: Engine,
    rally: Rally,
    url: str,
    visitors: int,
    seed: int,
    advanced: Callable[[int], object],
) -> str:
    """Let `visitors` walk; returns what came of it in words. `advanced` is told of each."""
    random = Random(seed)  # noqa: S311 - a simulation, not a secret
    walks = [walk(random, rally, engine.clock()) for _ in range(visitors)]
    outcomes: Counter[str] = Counter()
    gate = asyncio.Semaphore(AT_ONCE_MAX)
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(url, timeout=timeout) as session:

        async def go(way: Walk) -> None:
            async with gate:
                outcomes.update(await _send(engine, rally, session, way))
            advanced(1)

        await asyncio.gather(*(go(way) for way in walks))
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))


def walk(random: Random, rally: Rally, now: datetime) -> Walk:
    """A likely way: a day, a first spot, then near ones; now and then a code is scanned twice."""
    spots = rally.plan.spots
    zone = rally.course.zone
    today = now.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    begins = today.replace(hour=random.choice(_START_HOURS)) - timedelta(
        days=random.randint(0, _days_back(rally)), minutes=random.randint(-59, 0)
    )
    if begins >= now:
        begins -= timedelta(days=1)
    spot, moment = random.choice(spots), begins
    scans = []
    left = list(spots)
    for _ in range(min(1 + int(random.expovariate(1 / 6)), len(spots))):
        if moment >= now or moment.date() != begins.date():
            break
        scans.append((spot.id, moment))
        if random.random() < 0.06:
            scans.append((spot.id, min(moment + timedelta(seconds=20), now)))
        left.remove(spot)
        if not left:
            break
        following = _next(random, spot, left)
        moment += timedelta(minutes=random.uniform(6, 18), seconds=_seconds(spot, following))
        spot = following
    return Walk(random.choice(_LANGUAGES), begins - timedelta(minutes=1), scans)


def _days_back(rally: Rally) -> int:
    """How many days ago a walk may have been, to be taken as late scans and never as too late."""
    return max(0, rally.plan.late_scan_hours_max // 24 - 1)


def _next(random: Random, here: Spot, left: list[Spot]) -> Spot:
    weights = [math.exp(-_metres(here, spot) / STRIDE_M) + 1e-6 for spot in left]
    return random.choices(left, weights)[0]


def _metres(a: Spot, b: Spot) -> float:
    return distance_m(a.place, b.place) if a.place and b.place else STRIDE_M


def _seconds(a: Spot, b: Spot) -> float:
    """On foot at 1.2 m/s; beyond 1.5 km by train at 6 m/s and ten minutes of waiting."""
    metres = _metres(a, b)
    return metres / 1.2 if metres < 1_500 else 600 + metres / 6


async def _send(
    engine: Engine, rally: Rally, session: aiohttp.ClientSession, way: Walk
) -> list[str]:
    key = engine.keyring.newest_code_key(rally.plan.rally)
    assert key is not None, "a planned rally has a key"
    _, token = engine.people.new(Role.VISITOR, way.begins)
    scans = [
        {"code": sign(key, spot), "scan_id": str(uuid4()), "scanned_at": moment.isoformat()}
        for spot, moment in way.scans
    ]
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": way.language}
    async with session.post(
        "/api/check-ins/batch", json={"scans": scans}, headers=headers
    ) as answer:
        answer.raise_for_status()
        answers: list[dict[str, Any]] = (await answer.json())["answers"]
    return [each["body"].get("outcome") or each["body"]["code"] for each in answers]
