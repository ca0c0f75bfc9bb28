"""A burst: visitors who scan all at once and do not give up; what must be true afterwards."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import timedelta
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

import aiohttp
import asyncpg
from serving import PATIENCE_S, Rally, Service, connect
from support import RALLY, until

from domain.buckets import bucket_of
from projections.catalogue import CATALOGUE
from projections.rebuild import verify
from service.eventlog.check import check

AT_ONCE = 64
SPOTS = 6
ANSWER_S_MAX = 15.0
"""As long as the visitor's page waits for an answer."""


class Scan(NamedTuple):
    """One attempt of a phone; tried again with the same id until it is answered."""

    visitor: UUID
    spot: str
    scan_id: UUID


class Answered(NamedTuple):
    """What the phone was told in the end."""

    scan: Scan
    status: int
    body: dict[str, Any]


class Verdict(NamedTuple):
    """Answered check-ins; those that are not in the log; visits or scan ids in it twice."""

    answered: int
    lost: int
    doubled: int


class Told(NamedTuple):
    """An answer as it came: status, body, and when to come again."""

    status: int
    body: dict[str, Any]
    retry_after: str | None


async def send(session: aiohttp.ClientSession, service: Service, rally: Rally, scan: Scan) -> Told:
    """One request, whatever comes of it."""
    async with session.post(
        f"{service.url}/api/check-ins",
        json=rally.body(scan.spot, scan.scan_id),
        headers={"Authorization": f"Bearer {rally.visitor(scan.visitor)}"},
    ) as answer:
        body = await answer.json(content_type=None)
        return Told(answer.status, body, answer.headers.get("Retry-After"))


def make_scans(rng: random.Random, spots: Sequence[str], visitors: int, scans: int) -> list[Scan]:
    """At least half repeat a scan or a visit: the same scan id again, or another one."""
    made = [
        Scan(_uuid(rng), rng.choice(spots[:SPOTS]), _uuid(rng)) for _ in range(min(visitors, scans))
    ]
    while len(made) < scans:
        scan, kind = rng.choice(made), rng.random()
        if kind < 0.6:
            made.append(scan)
        elif kind < 0.8:
            made.append(scan._replace(scan_id=_uuid(rng)))
        else:
            made.append(scan._replace(spot=rng.choice(spots[:SPOTS]), scan_id=_uuid(rng)))
    rng.shuffle(made)
    return made


def _uuid(rng: random.Random) -> UUID:
    return UUID(int=rng.getrandbits(128), version=4)


class Crowd:
    """Everybody who scanned so far: the in-memory model, and what each was answered."""

    def __init__(self, rng: random.Random, rally: Rally, services: Sequence[Service]) -> None:
        self.rng = rng
        self.rally = rally
        self.services = services
        self.visits: set[tuple[UUID, str]] = set()
        self.answered: list[Answered] = []
        self.tries: Counter[str] = Counter()
        self._progress = asyncio.Condition()

    async def burst(self, visitors: int, scans: int) -> None:
        """Send so many scans at random services, many at once; returns when all are answered."""
        made = make_scans(self.rng, self.rally.spots, visitors, scans)
        self.visits |= {(scan.visitor, scan.spot) for scan in made}
        waiting = iter(made)
        connector = aiohttp.TCPConnector(limit=AT_ONCE)
        limit = aiohttp.ClientTimeout(ANSWER_S_MAX)
        async with aiohttp.ClientSession(connector=connector, timeout=limit) as session:

            async def phone() -> None:
                for scan in waiting:
                    await self._until_answered(session, scan)

            async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(phone())

    async def reaches(self, answered: int) -> None:
        """Wait until so many check-ins were answered."""
        async with asyncio.timeout(PATIENCE_S), self._progress:
            await self._progress.wait_for(lambda: len(self.answered) >= answered)

    async def is_sent_away(self, times: int) -> None:
        """Wait until phones were told (or found out) so many times more that it is not now."""
        before = self._sent_away()

        async def often_enough() -> bool:
            return self._sent_away() >= before + times

        await until(often_enough, PATIENCE_S)

    def _sent_away(self) -> int:
        return sum(count for told, count in self.tries.items() if told not in ("200", "201"))

    async def _until_answered(self, session: aiohttp.ClientSession, scan: Scan) -> None:
        pause_s = 0.05
        while (asked_s := await self._try(session, scan)) is not None:
            await asyncio.sleep(max(asked_s, pause_s) * (1 + self.rng.random() / 2))
            pause_s = min(1.0, pause_s * 2)

    async def _try(self, session: aiohttp.ClientSession, scan: Scan) -> float | None:
        """One request; returns how long to wait before the next, None if it was answered."""
        service = self.rng.choice(self.services)
        try:
            told = await send(session, service, self.rally, scan)
        except (aiohttp.ClientError, TimeoutError, OSError):
            self.tries["none"] += 1
            return 0
        self.tries[str(told.status)] += 1
        assert told.status != 503 or told.retry_after, "it says when to come again"
        if told.status >= 500:
            return float(told.retry_after or 0)
        self.answered.append(Answered(scan, told.status, told.body))
        async with self._progress:
            self._progress.notify_all()
        return None

    # --- comparing ---

    async def compare(self, url: str, refusals: Sequence[str] = ("503", "none")) -> Verdict:
        """Everything that must be true once all are answered and the follower has caught up."""
        assert set(self.tries) <= {"200", "201", *refusals}, self.tries
        await self._compare_footfall()
        connection = await connect(url)
        rows = await connection.fetch(
            "SELECT bucket, position, visitor, spot, scan_id FROM events WHERE visitor IS NOT NULL"
        )
        everyone = await connection.fetchval("SELECT sum(visitors_of_rally) FROM footfall")
        await connection.close()
        assert everyone == len({visitor for visitor, _ in self.visits})
        assert {(row["visitor"], row["spot"]) for row in rows} == self.visits
        first: dict[UUID, dict[str, Any]] = {}
        for scan, _, body in self.answered:
            if body["outcome"] == "stamped":
                told = _unordered(body)
                assert first.setdefault(scan.scan_id, told) == told, "not the first answer again"
        async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
            assert await check(pool, lambda _: None) == []  # gapless; cards equal their facts
            for projection in CATALOGUE.values():
                async with pool.acquire() as connection:
                    assert await verify(connection, projection, lambda _: None) == []
        return self._judge(rows)

    def _judge(self, rows: list[Any]) -> Verdict:
        facts: dict[tuple[UUID, str], list[Any]] = defaultdict(list)
        for row in rows:
            facts[row["visitor"], row["spot"]].append(row)
        lost = sum(not self._is_in(facts, answered) for answered in self.answered)
        scan_ids = Counter(row["scan_id"] for row in rows)
        doubled = sum(len(same) - 1 for same in facts.values()) + sum(
            count - 1 for count in scan_ids.values()
        )
        return Verdict(len(self.answered), lost, doubled)

    def _is_in(self, facts: dict[tuple[UUID, str], list[Any]], answered: Answered) -> bool:
        """Whether the log has the visit at the position that was answered, under its scan id."""
        scan, status, body = answered
        stamped = body["outcome"] == "stamped"
        return status == (201 if stamped else 200) and any(
            row["position"] == body["position"]
            and row["bucket"] == bucket_of(scan.visitor, self.rally.buckets)
            and stamped == (row["scan_id"] == scan.scan_id)
            for row in facts[scan.visitor, scan.spot]
        )

    async def _compare_footfall(self) -> None:
        """Every process comes to show what was walked."""
        walked = Counter(spot for _, spot in self.visits)
        day = (self.rally.yesterday + timedelta(hours=9)).date()
        headers = {"Authorization": f"Bearer {self.rally.organiser()}"}
        address = f"/api/rallies/{RALLY}/footfall?by=day&from={day}&to={day}"
        async with aiohttp.ClientSession(headers=headers) as session, asyncio.timeout(PATIENCE_S):
            for service in self.services:
                while (shown := await _shown(session, f"{service.url}{address}")) is None:
                    await asyncio.sleep(0.1)
                for column in ("visits", "first_timers"):
                    assert {row["spot"]: row[column] for row in shown} == walked


async def _shown(session: aiohttp.ClientSession, address: str) -> list[dict[str, Any]] | None:
    """The rows of footfall; None as long as it lags behind or cannot be had."""
    async with session.get(address) as answer:
        body = await answer.json(content_type=None)
        return body["rows"] if answer.status == 200 and body["lag"]["facts"] == 0 else None


def _unordered(body: dict[str, Any]) -> dict[str, Any]:
    """An answer without the order of stamps: it is that of their times, and here all are one."""
    spots = sorted(body["card"]["spots"], key=itemgetter("spot"))
    return body | {"card": body["card"] | {"spots": spots}}
