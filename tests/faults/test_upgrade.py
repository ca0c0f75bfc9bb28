"""The first release and this one side by side on one database: nobody at a counter notices."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zipfile import ZipFile

import aiohttp
import asyncpg
import msgspec
import pytest
import pytest_asyncio
from burst import AT_ONCE, SPOTS, Crowd, Scan, send
from serving import PATIENCE_S, Rally, Service, ask, becomes_ready, get, serving
from support import RALLY, until

from qr.keyring import CodeKey, Keyring, PeopleKey
from service.eventlog.check import check

WHEEL = Path(__file__).parent.parent / "data" / "meguri-0.1.0-py3-none-any.whl"
"""The first release, built from its own commit (tests/data/README.md)."""
SEED = 5
A_WHILE = 400
"""So many check-ins are taken in each stage of the upgrade."""


class FirstRelease:
    """The program of the first release, in a folder of its own, on a database."""

    def __init__(self, place: Path, database: str) -> None:
        self.code = place / "release-0.1"
        self.database = database
        with ZipFile(WHEEL) as wheel:
            wheel.extractall(self.code)
        self.service = Service(place / "0.1.log", code=self.code, database_url=database)

    async def lay_out(self) -> Rally:
        """A rally around today, by the first release's own commands."""
        today = datetime.now(UTC).date()
        spots = [f"spot-{number}" for number in range(SPOTS)]
        plan = {
            "rally": RALLY,
            "names": {"ja": "巡り"},
            "time_zone": "Asia/Tokyo",
            "first_day": str(today - timedelta(days=7)),
            "last_day": str(today + timedelta(days=7)),
            "late_scan_hours_max": 168,
            "areas": [{"id": "town", "names": {"ja": "町"}}],
            "spots": [{"id": spot, "names": {"ja": spot}, "area": "town"} for spot in spots],
            "prizes": [
                {
                    "id": "sweets",
                    "names": {"ja": "お菓子"},
                    "condition": {"kind": "stamps", "at_least": 1},
                    "giving": {"kind": "first_come"},
                }
            ],
        }
        file = self.code / "plan.json"
        file.write_bytes(msgspec.json.encode(plan))
        await self._run("plan", str(file))
        await self._run("open", RALLY)
        async with asyncpg.create_pool(self.database, min_size=1, max_size=1) as pool:
            buckets = await pool.fetchval("SELECT max(bucket) FROM heads")
            keys = await pool.fetch("SELECT id, rally, secret FROM keys")
        keyring = Keyring(
            [CodeKey(*key) for key in keys if key["rally"]],
            [PeopleKey(key["id"], key["secret"]) for key in keys if not key["rally"]],
        )
        rally = Rally(keyring, spots, buckets)
        rally.yesterday = datetime.now(UTC)  # it is open since just now
        return rally

    async def _run(self, *arguments: str) -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "service", *arguments, "--database", self.database),
            cwd=self.code,
        )
        assert await process.wait() == 0


@pytest_asyncio.fixture
async def first(empty_database: str, tmp_path: Path) -> FirstRelease:
    return FirstRelease(tmp_path, empty_database)


@pytest.fixture
def this(empty_database: str, tmp_path: Path) -> Service:
    """This release on the same database."""
    return Service(tmp_path / "this.log", database_url=empty_database, data=tmp_path)


@asynccontextmanager
async def loaded(crowd: Crowd) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Check-ins come without a pause, until what it gives is called."""
    over = asyncio.Event()

    async def go_on() -> None:
        while not over.is_set():
            await crowd.burst(visitors=100, scans=300)

    async def end() -> None:
        over.set()
        await load

    async with asyncio.TaskGroup() as group:
        load = group.create_task(go_on())
        yield end


async def a_while(crowd: Crowd, check_ins: int = A_WHILE) -> None:
    """Until so many more were answered."""
    await crowd.reaches(len(crowd.answered) + check_ins)


async def built(service: Service) -> None:
    """Until all projections are of this release."""

    async def is_built() -> bool:
        _, body = await get(f"{service.url}/readyz")
        return not any(lag["error"] for lag in body["lag"].values())

    await becomes_ready(service)
    await until(is_built, PATIENCE_S)


async def test_an_upgrade_from_the_first_release_fails_no_check_in(
    first: FirstRelease, this: Service
) -> None:
    """The new one migrates while the old one serves, both serve, the old one leaves.

    Not one request was told to come again, every answer is in the log once, and log, cards and
    projections are whole.
    """
    rally = await first.lay_out()
    services = [first.service]
    crowd = Crowd(random.Random(SEED), rally, services)
    async with serving(first.service), loaded(crowd) as end_of_load:
        await a_while(crowd)
        async with serving(this):
            services.append(this)
            await a_while(crowd)
            await built(this)
            await a_while(crowd)
            services.remove(first.service)
            await a_while(crowd, AT_ONCE)  # whatever was under way to it has been answered
            await first.service.stop()
            await a_while(crowd)
            await end_of_load()
            verdict = await crowd.compare(first.database, refusals=())
    assert verdict == (len(crowd.answered), 0, 0)


async def test_what_this_release_keeps_on_a_card_outlives_a_scan_at_the_first_one(
    first: FirstRelease, this: Service
) -> None:
    """A prize that was handed over is handed over once, though the first release forgot it."""
    rally = await first.lay_out()
    visitor = uuid4()
    async with serving(first.service), serving(this), aiohttp.ClientSession() as session:

        async def scan(service: Service, spot: str) -> int:
            return (await send(session, service, rally, Scan(visitor, spot, uuid4()))).status

        async def hand_over() -> tuple[int, Any]:
            body = {"rally": RALLY, "prize": "sweets", "visitor": str(visitor)}
            async with session.post(
                f"{this.url}/api/hand-overs",
                json=body | {"spot": rally.spots[0], "hand_over_id": str(uuid4())},
                headers={"Authorization": f"Bearer {rally.staff(rally.spots[0])}"},
            ) as answer:
                return answer.status, await answer.json(content_type=None)

        assert await scan(this, rally.spots[0]) == 201
        assert (await hand_over())[0] == 201
        assert await scan(first.service, rally.spots[1]) == 201
        kept = await ask(first.database, "SELECT state FROM cards")
        assert [len(msgspec.msgpack.decode(row["state"])) for row in kept] == [2]
        await whole(first.database)  # what is on it is right, and the rest is in the log
        assert (await hand_over())[1]["code"] == "already_handed_over"
        assert await scan(this, rally.spots[2]) == 201
        assert (await hand_over())[1]["code"] == "already_handed_over"
        kept = await ask(first.database, "SELECT state FROM cards")
        assert [len(msgspec.msgpack.decode(row["state"])) for row in kept] == [8]
        await built(this)
        await whole(first.database)


async def whole(url: str) -> None:
    """The log has no fault."""
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
        assert await check(pool, lambda _: None) == []
