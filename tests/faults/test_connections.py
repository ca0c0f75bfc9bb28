"""The connection to Postgres cut, held, swallowed and refused: no answer lost, nobody hangs."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import aiohttp
import asyncpg
import pytest
import pytest_asyncio
from burst import Crowd, Scan, Told, send
from proxy import CUTS, SILENCE, Proxy, often, once, proxied
from serving import PATIENCE_S, Rally, Service, ask, get, planned, serving
from support import until

from service.config import Config

CHECK_IN = b"VisitRecorded"
"""What the statement that appends a batch carries, and no other."""
COME_AGAIN = ("busy", "unavailable", "waited_too_long")
HOLD_S = 10
SEED = 7


class Scene:
    """A service behind a proxy, on a database of its own."""

    def __init__(self, database: str, proxy: Proxy, service: Service, rally: Rally) -> None:
        self.database = database
        self.proxy = proxy
        self.service = service
        self.rally = rally

    def scan(self) -> Scan:
        """Somebody new, somewhere."""
        return Scan(uuid4(), self.rally.spots[0], uuid4())

    async def send(self, scan: Scan) -> Told:
        """One request. An answer that never comes fails the test."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE_S)) as session:
            return await send(session, self.service, self.rally, scan)

    async def until_answered(self, scan: Scan) -> Told:
        """Tried again until it is no 503."""
        async with asyncio.timeout(PATIENCE_S):
            while (told := await self.send(scan)).status == 503:
                await asyncio.sleep(0.1)
        return told

    async def visits(self, scan: Scan) -> list[int]:
        """The positions at which the log has the visit."""
        query = "SELECT position FROM events WHERE visitor = $1 AND spot = $2"
        return [row["position"] for row in await ask(self.database, query, *scan[:2])]


@pytest_asyncio.fixture
async def scene(database: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """Ready for a first scan."""
    rally = await planned(Config(database_url=database))
    async with proxied(database) as proxy:
        service = Service(tmp_path / "service.log", "--database", proxy.url(database))
        scene = Scene(database, proxy, service, rally)
        async with serving(service):
            yield scene


def is_told_to_come_again(told: Told) -> bool:
    """503, as a problem document, with the time to wait."""
    return told.status == 503 and told.body["code"] in COME_AGAIN and told.retry_after is not None


@pytest.mark.parametrize("where", [*CUTS, SILENCE])
async def test_cut_at_the_commit(scene: Scene, where: str) -> None:
    """Nobody can know whether it landed; the phone need not: its retry gets the one visit."""
    scan = scene.scan()
    scene.proxy.cut_at_commit = once(where, scan.scan_id.bytes)
    assert is_told_to_come_again(await scene.send(scan))
    assert scene.proxy.cuts == {where: 1}
    landed = await scene.visits(scan)
    if where != "unanswered":
        assert len(landed) == (where in ("after", SILENCE))
    told = await scene.until_answered(scan)
    assert (told.status, told.body["outcome"]) == (201, "stamped")
    assert await scene.visits(scan) == [told.body["position"]]
    assert await scene.send(scan) == told


async def test_many_cuts_in_a_burst(scene: Scene) -> None:
    """Every answered check-in is in the log once, as in the rounds of kills."""
    rng = random.Random(SEED)
    crowd = Crowd(rng, scene.rally, [scene.service])
    scene.proxy.cut_at_commit = often(rng, 20, CHECK_IN)
    await crowd.burst(visitors=600, scans=1_500)
    assert scene.proxy.cuts.total() == 20
    assert crowd.tries["503"] > 0
    assert await crowd.compare(scene.database) == (1_500, 0, 0)


@pytest.mark.parametrize("new", [False, True], ids=["today's connections", "all connections"])
async def test_half_open_connections(scene: Scene, new: bool) -> None:
    """What was sent vanishes without a word: nobody waits for ever, and it heals by itself."""
    await asyncio.gather(*(scene.send(scene.scan()) for _ in range(20)))
    scene.proxy.swallow(new=new)
    scans = [scene.scan() for _ in range(20)]
    for told in await asyncio.gather(*(scene.send(scan) for scan in scans)):
        assert is_told_to_come_again(told) or (told.status == 201 and not new)
    if new:
        status, said = await get(f"{scene.service.url}/readyz")
        assert (status, said["troubles"][0]["code"]) == (503, "database_silent")
    scene.proxy.resume()
    await each_is_in_once(scene, scans)

    async def signals_have_noticed() -> bool:
        return bool(scene.service.said("signals_lost"))

    await until(signals_have_noticed, PATIENCE_S)


async def test_a_postgres_that_says_nothing_for_ten_seconds(scene: Scene) -> None:
    """All bytes are held. Everybody is answered: at the limit, or when it goes on."""
    scene.proxy.hold()
    scans = [scene.scan() for _ in range(20)]
    sent = asyncio.gather(*(scene.send(scan) for scan in scans))
    assert (await get(f"{scene.service.url}/readyz"))[0] == 503
    assert (await get(f"{scene.service.url}/healthz"))[0] == 200
    await asyncio.sleep(HOLD_S)
    scene.proxy.resume()
    for told in await sent:
        assert is_told_to_come_again(told) or told.status == 201
    await each_is_in_once(scene, scans)


async def each_is_in_once(scene: Scene, scans: list[Scan]) -> None:
    """After their retries, and footfall has counted them."""
    for scan in scans:
        told = await scene.until_answered(scan)
        assert told.status == 201
        assert await scene.visits(scan) == [told.body["position"]]

    async def is_counted() -> bool:
        status, said = await get(f"{scene.service.url}/readyz")
        return status == 200 and said["lag"]["footfall"]["facts"] == 0

    await until(is_counted, PATIENCE_S)


async def test_no_connection_left(scene: Scene, tmp_path: Path) -> None:
    """Others have taken all: phones are told to come again, a start is refused in a sentence."""
    taken: list[asyncpg.Connection] = []
    try:
        for _ in range(10):  # as often as the service comes back faster than we
            await take_all(scene.database, taken)
            scene.proxy.cut()
        await take_all(scene.database, taken)
        scans = [scene.scan() for _ in range(20)]
        told = await asyncio.gather(*(scene.send(scan) for scan in scans))
        assert all(is_told_to_come_again(each) or each.status == 201 for each in told)
        assert any(is_told_to_come_again(each) for each in told)
        late = Service(tmp_path / "late.log", "--database", scene.database)
        with pytest.raises(AssertionError):
            await late.start(tries=1)
        assert (await late.ended(), late.log.read_text().count("\n")) == (1, 2)
        assert "too many clients" in late.log.read_text()
    finally:
        for connection in taken:
            connection.terminate()
    await each_is_in_once(scene, scans)


async def take_all(database: str, taken: list[asyncpg.Connection]) -> None:
    while True:
        try:
            taken.append(await asyncpg.connect(database))
        except asyncpg.TooManyConnectionsError:
            return


async def test_a_poisoned_scan_fails_alone(scene: Scene) -> None:
    """The statement that stores its batch fails because of it; its neighbours are stamped.

    No scan that comes over HTTP is known to do so, hence the trigger.
    """
    scans = [scene.scan() for _ in range(200)]
    poisoned = scans[77]
    await ask(
        scene.database,
        f"""
        CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE 'poisoned'; END $$;
        CREATE TRIGGER poison BEFORE INSERT ON events FOR EACH ROW
        WHEN (NEW.scan_id = '{poisoned.scan_id}') EXECUTE FUNCTION poison()
        """,
    )
    told = await asyncio.gather(*(scene.send(scan) for scan in scans))
    assert [each.status for each in told if each.status != 201] == [500]
    assert told[77].body["code"] == "fault"
    assert scene.service.said("batch_split")
    await ask(scene.database, "DROP TRIGGER poison ON events")
    await each_is_in_once(scene, scans)
