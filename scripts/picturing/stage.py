"""The service that is pictured: an embedded Postgres, ready plans, visitors who have walked.

Its clock stands at a noon in the middle of the rally, so that pictures can be compared; while the
last round is walked, at another one.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import aiohttp
from msgspec.structs import replace

from domain.conditions import Stamps
from domain.plan import FirstCome, Plan, Prize, next_round
from domain.rally import close_rally, open_rally
from qr.codes import sign, sign_badge, sign_paper
from qr.keyring import CodeKey
from service.commands.common import known
from service.commands.serve import listening
from service.config import Config
from service.engine import Engine, of_known, open_engine
from service.invitations import Invited, invite
from service.people import Life, add, beat
from service.plan_files import read_plan
from service.sign_in import Role
from service.simulate import simulate

PLANS = Path(__file__).parent.parent.parent / "plans"
RALLY = "tokyo-antenna-shops"
OTHERS = ("online-quiz-rally", "two-cities-bar-ticket", "craft-workshops", "old-town-treasure-hunt")
NOON = datetime(2026, 1, 15, 3, 0, tzinfo=UTC)
"""In Tokyo."""
TOWEL = Prize(
    "towel", {"ja": "てぬぐい", "en": "A tenugui towel"}, Stamps(1), FirstCome(stock=5_000)
)
"""The rally's own prizes are drawn; this one is shown at a counter."""
SILENT = Life(NOON - timedelta(hours=2), -245_000, 3)
"""A tablet without a network, whose clock is four minutes behind."""
LAST_ROUND, LAST_ROUND_BEGAN = "tokyo-antenna-shops-2025-summer", date(2025, 7, 3)
LAST_ROUND_NOON = datetime(2025, 7, 10, 3, 0, tzinfo=UTC)
VISITORS = 120


class StageClock:
    """A clock that is set."""

    now = NOON

    def __call__(self) -> datetime:
        return self.now


class Stage:
    """The running service, and people for it."""

    def __init__(self, engine: Engine, url: str, session: aiohttp.ClientSession) -> None:
        self.engine = engine
        self.url = url
        self._session = session

    def code(self, spot: str, rally: str = RALLY) -> str:
        """What a spot's poster says."""
        return sign(self._key(rally), spot)

    def badge(self, token: str) -> str:
        """What a visitor's badge says."""
        return sign_badge(self._key(RALLY), self.engine.people.verify(token).id)

    def paper(self, serial: int) -> str:
        """What a paper card says."""
        return sign_paper(self._key(RALLY), serial)

    @property
    def rehearsal(self) -> str:
        """The rally's rehearsal."""
        return self.engine.rehearsals(RALLY)[0].plan.rally

    def visitor(self) -> str:
        """The token of a visitor of a week."""
        return self.engine.people.new(Role.VISITOR, NOON - timedelta(days=7))[1]

    async def walker(self, *spots: str) -> str:
        """The token of a visitor with these stamps. Raises RuntimeError when one is refused."""
        token = self.visitor()
        for spot in spots:
            body = {"code": self.code(spot), "scan_id": str(uuid4())}
            headers = {"Authorization": f"Bearer {token}"}
            async with self._session.post("/api/check-ins", json=body, headers=headers) as answer:
                if answer.status != 201:
                    raise RuntimeError(f"No stamp at {spot}: {await answer.text()}")
        return token

    def staff(self, spot: str, rally: str = RALLY) -> str:
        """The token of a spot's staff."""
        return self.engine.people.new(Role.STAFF, NOON, rally, spot)[1]

    def steward(self, *spots: str) -> str:
        """The token of who looks after some spots."""
        return self.engine.people.new(Role.STEWARD, NOON, RALLY, *spots)[1]

    async def invited(self, role: Role, *spots: str) -> str:
        """The path of an invitation's link."""
        made = Invited(role, RALLY, spots, "iPad")
        return (await invite(self.engine.pool, made, "pictures", NOON)).path

    async def employ(self) -> None:
        """People and devices to look at: one at work, one that was silent, one not yet joined."""
        for number, life in enumerate((Life(NOON, 400, 0), SILENT)):
            spot = self.engine.rallies.known(RALLY).plan.spots[number].id
            person, _ = self.engine.people.new(Role.STAFF, NOON, RALLY, spot)
            await add(self.engine.pool, person, f"iPad {number + 1}", "pictures", joined=True)
            await beat(self.engine.pool, person.id, life)
        await self.invited(Role.VIEWER)

    def organiser(self) -> str:
        """The token of the organiser of all rallies."""
        return self.engine.people.new(Role.ORGANISER, NOON)[1]

    def _key(self, rally: str) -> CodeKey:
        key = self.engine.keyring.newest_code_key(rally)
        assert key is not None, "a planned rally has a key"
        return key


@asynccontextmanager
async def staged(
    data: Path, visitors: int, advanced: Callable[[int], object]
) -> AsyncIterator[Stage]:
    """A stage under `data`, until the block ends. `advanced` is told of visitors who walked."""
    clock = StageClock()
    async with (
        open_engine(Config(data=data, port=0, log_level="warning"), clock) as engine,
        listening(engine) as url,
        aiohttp.ClientSession(url) as session,
    ):
        await _walk_last_round(engine, clock, url, visitors // 2)
        await _lay_out(engine)
        rally = engine.rallies.known(RALLY)
        await simulate(engine, rally, url, visitors, 1, advanced)
        await engine.follower.catch_up()
        stage = Stage(engine, url, session)
        await stage.employ()
        yield stage


async def _walk_last_round(engine: Engine, clock: StageClock, url: str, visitors: int) -> None:
    """Lay the last round out, let visitors walk it, and close it."""
    clock.now = LAST_ROUND_NOON
    rally = await engine.plan(next_round(_plan(RALLY), LAST_ROUND, LAST_ROUND_BEGAN), "pictures")
    begins = rally.course.starts
    opened = await engine.change(
        LAST_ROUND, lambda now, _: open_rally(known(now), begins, "pictures")
    )
    await simulate(engine, opened, url, visitors, 2, lambda _: None)
    await engine.change(LAST_ROUND, of_known(close_rally, "pictures"))
    clock.now = NOON


async def _lay_out(engine: Engine) -> None:
    plan = _plan(RALLY)
    for each in (replace(plan, prizes=[*plan.prizes, TOWEL]), *map(_plan, OTHERS)):
        rally = await engine.plan(each, "pictures")
        if each.first_day <= NOON.date() <= each.last_day:
            begins = rally.course.starts
            await engine.change(
                each.rally, lambda now, _, at=begins: open_rally(known(now), at, "pictures")
            )
    await engine.rehearse(RALLY, "pictures")


def _plan(name: str) -> Plan:
    return read_plan(PLANS / name / "plan.yaml")
