"""What tests share besides fixtures: a clock that is set, a site to talk to."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import asyncpg

from qr.codes import sign
from service.engine import Engine
from service.sign_in import Role

OpenEngine = Callable[..., Awaitable[Engine]]

PLANS = Path(__file__).parent.parent / "plans"
RALLY = "tokyo-antenna-shops"
LINE = (
    "hokkaido-yurakucho",
    "akita-yurakucho",
    "okinawa-yurakucho",
    "wakayama-yurakucho",
    "miyagi-yurakucho",
)
"""Five shops that are a line of two sheets: whoever has been there has reached the first prize."""
NOON = datetime(2026, 1, 15, 3, 0, tzinfo=UTC)
"""Noon in Tokyo, in the middle of the rally."""


class SetClock:
    """A clock that is set, never read."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)


def on_server(server: str, name: str) -> str:
    """The address of another database on the same server."""
    address, mark, parameters = server.partition("?")
    return f"{address.rpartition('/')[0]}/{name}{mark}{parameters}"


class Site:
    """A running service and what a test needs to talk to it."""

    def __init__(
        self, engine: Engine, clock: SetClock, url: str, session: aiohttp.ClientSession
    ) -> None:
        self.engine = engine
        self.clock = clock
        self.url = url
        self.session = session
        self.rally = RALLY

    def code(self, spot: str) -> str:
        """The code of a spot."""
        key = self.engine.keyring.newest_code_key(self.rally)
        assert key is not None
        return sign(key, spot)

    def visitor(self, since: datetime | None = None) -> str:
        """The token of a new visitor."""
        began = since or self.clock() - timedelta(days=7)
        return self.engine.people.new(Role.VISITOR, began)[1]

    def staff(self, spot: str) -> str:
        """A token of a spot's staff."""
        return self.engine.people.new(Role.STAFF, self.clock(), self.rally, spot)[1]

    def organiser(self) -> str:
        """The organiser's token."""
        return self.engine.people.new(Role.ORGANISER, self.clock(), self.rally)[1]

    async def ask(
        self, method: str, path: str, token: str | None = None, **how: Any
    ) -> tuple[int, Any]:
        """Ask the API; returns status and JSON."""
        headers = {
            **({"Authorization": f"Bearer {token}"} if token else {}),
            **how.pop("headers", {}),
        }
        async with self.session.request(method, path, headers=headers, **how) as answer:
            return answer.status, await answer.json(content_type=None)

    async def scan(
        self, token: str, spot: str, scan_id: UUID | None = None, **more: Any
    ) -> tuple[int, Any]:
        """Check in at a spot, by its poster."""
        return await self.check_in(token, self.code(spot), scan_id, **more)

    async def check_in(
        self, token: str, code: str, scan_id: UUID | None = None, **more: Any
    ) -> tuple[int, Any]:
        """Check in with a code."""
        body = {"code": code, "scan_id": str(scan_id or uuid4()), **more}
        return await self.ask("POST", "/api/check-ins", token, json=body)

    async def says_where(self, token: str, rally: str = RALLY) -> None:
        """A visitor says where prizes are to be sent."""
        where = {"where": "abroad", "country": "France", "lines": "1 rue\nParis", "name": "Zoé"}
        status, answer = await self.ask("PUT", f"/api/rallies/{rally}/address", token, json=where)
        assert status == 200, answer

    async def facts(self, kind: str = "VisitRecorded") -> int:
        """How many facts of a kind the log holds."""
        count: int = await self.engine.pool.fetchval(
            "SELECT count(*) FROM events WHERE type = $1::text::event_type", kind
        )
        return count


def far_spots(site: Site) -> tuple[str, str]:
    """Two spots that are kilometres apart."""
    places = [spot for spot in site.engine.rallies.get(site.rally).plan.spots if spot.place]
    south = min(places, key=lambda spot: spot.place.lat)
    north = max(places, key=lambda spot: spot.place.lat)
    return south.id, north.id


async def as_owner(engine: Engine, statement: str, *values: object) -> None:
    """Say something as the owner of the database, who may do what the service may not."""
    connection = await asyncpg.connect(engine._dsn)
    try:
        await connection.execute(statement, *values)
    finally:
        await connection.close()


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Wait until `condition` holds; a timing decides nothing but how long we are patient."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)
