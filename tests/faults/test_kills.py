"""kill -9 in the middle of a burst: nothing that was answered is lost or counted twice.

Two services, one of them with two workers, share one data directory; both follow the projections,
which now and then are rebuilt. Environment: FAULTS_ROUNDS (default 14), FAULTS_SEED (to repeat a
run; printed), FAULTS_JSON (a file for the counts, for the README).
"""

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio
from burst import Crowd
from serving import PATIENCE_S, Service, ask, embedded_url, planned, serving
from support import PLANS

from service.config import Config
from service.database.keeper.pid_file import postmaster_pid

ROUNDS = int(os.environ.get("FAULTS_ROUNDS", "14"))
VISITORS, SCANS = 400, 1_200
PAUSE_S = 10

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Arena:
    """Two services on one data directory, a crowd that grows round by round, and the score."""

    def __init__(self, rng: random.Random, data: Path, services: list[Service], crowd: Crowd):
        self.rng = rng
        self.data = data
        self.services = services
        self.crowd = crowd
        self.killed: Counter[str] = Counter()
        self.lost = self.doubled = 0

    @property
    def url(self) -> str:
        return embedded_url(self.data)

    def postmaster(self) -> psutil.Process:
        """The running server."""
        pid = postmaster_pid(self.data / "postgres")
        assert pid is not None
        return psutil.Process(pid)

    async def backend(self) -> int:
        """A backend of a service; one that is in a transaction if there is one just now."""
        rows = await ask(
            self.url,
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'meguri'"
            " ORDER BY xact_start IS NULL, random() LIMIT 1",
        )
        return int(rows[0]["pid"])

    def score(self) -> dict[str, Any]:
        """The counts, for the README."""
        return {
            "rounds": self.killed.total(),
            "killed": dict(self.killed),
            "check_ins": len(self.crowd.answered),
            "answered": len(self.crowd.answered),
            "lost": self.lost,
            "doubled": self.doubled,
            "facts": len(self.crowd.visits),
            "requests": dict(sorted(self.crowd.tries.items())),
        }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def arena(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncIterator[Arena]:
    """Started before the first round; at the end the counts are told and written."""
    seed = int(os.environ.get("FAULTS_SEED", random.SystemRandom().randrange(10**6)))
    room = tmp_path_factory.mktemp("kills")
    data = room / "data"
    rally = await planned(Config(data=data))
    services = [
        Service(room / f"service-{workers}.log", "--data", str(data), workers=workers)
        for workers in (1, 2)
    ]
    rng = random.Random(seed)
    arena = Arena(rng, data, services, Crowd(rng, rally, services))
    with _terminal(request):
        sys.stdout.write(f"\nFAULTS_SEED={seed}\n")
    async with serving(*services):
        yield arena
    score = {"seed": seed, **arena.score()}
    file = Path(os.environ.get("FAULTS_JSON") or room / "faults.json")
    file.write_text(json.dumps(score, indent=1) + "\n")
    with _terminal(request):
        told = ", ".join(f"{score[name]} {name}" for name in ("rounds", "answered", "facts"))
        lost = f"lost = {score['lost']}, doubled = {score['doubled']}"
        sys.stdout.write(f"\n{told}, {lost} ({file})\n")


def _terminal(request: pytest.FixtureRequest) -> contextlib.AbstractContextManager[None]:
    """Print past pytest's capture."""
    return request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled()


async def kill_one_service(arena: Arena) -> None:
    victim = arena.rng.choice(arena.services)
    await victim.kill()
    await victim.start()


async def kill_all_services(arena: Arena) -> None:
    """With its last user the server stops, too, if it has the time; the services start it."""
    for service in arena.services:
        await service.kill()
    await asyncio.sleep(arena.rng.choice((0, 0.3, 1)))
    await asyncio.gather(*(service.start() for service in arena.services))


async def kill_a_worker(arena: Arena) -> None:
    """The parent that holds their port starts it again."""
    arena.rng.choice(arena.services[1].workers()).kill()


async def kill_the_server(arena: Arena) -> None:
    """Its keeper starts it again."""
    arena.postmaster().kill()


async def terminate_a_backend(arena: Arena) -> None:
    await ask(arena.url, "SELECT pg_terminate_backend($1)", await arena.backend())


async def kill_a_backend(arena: Arena) -> None:
    """Postgres ends all others and recovers."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(await arena.backend(), signal.SIGKILL)


async def kill_a_rebuild(arena: Arena) -> None:
    """Of all projections, while they are followed; what it leaves behind, the next one finishes."""
    rebuild = await _rebuild(arena)
    await asyncio.sleep(arena.rng.uniform(0.5, 2))
    with contextlib.suppress(ProcessLookupError):
        rebuild.kill()
    await rebuild.wait()
    again = await _rebuild(arena)
    async with asyncio.timeout(PATIENCE_S):
        assert await again.wait() == 0


async def _rebuild(arena: Arena) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service", "projections", "rebuild", "--all"),
        *("--data", str(arena.data)),
        cwd=PLANS.parent,
        stdout=asyncio.subprocess.DEVNULL,
    )


KINDS = [
    kill_one_service,
    kill_the_server,
    kill_all_services,
    terminate_a_backend,
    kill_a_backend,
    kill_a_worker,
    kill_a_rebuild,
]


@pytest.mark.parametrize(
    "number", range(ROUNDS), ids=lambda number: f"{number}-{KINDS[number % len(KINDS)].__name__}"
)
async def test_a_kill_in_the_middle_of_a_burst_loses_nothing(arena: Arena, number: int) -> None:
    """At a random moment of the burst; whoever is not answered tries again, and all end answered.

    Then the log has every answered check-in once, gapless, cards and footfall are the model's, and
    every projection, followed through all of it, is what the log gives.
    """
    crowd, kill = arena.crowd, KINDS[number % len(KINDS)]
    before = len(crowd.answered)
    moment = before + arena.rng.randrange(SCANS // 20, SCANS * 3 // 4)
    async with asyncio.TaskGroup() as group:
        burst = group.create_task(crowd.burst(VISITORS, SCANS))
        await crowd.reaches(moment)
        assert not burst.done()
        await kill(arena)
    verdict = await crowd.compare(arena.url)
    arena.killed[kill.__name__] += 1
    arena.lost, arena.doubled = verdict.lost, verdict.doubled
    assert verdict == (before + SCANS, 0, 0)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system cannot stop a process")
async def test_a_server_that_stands_still_for_ten_seconds_loses_nothing(arena: Arena) -> None:
    """Every process of it is stopped in mid-burst: phones are told to come again, and are served
    when it goes on."""
    crowd = arena.crowd
    before = len(crowd.answered)
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
        group.create_task(crowd.burst(VISITORS, SCANS))
        await crowd.reaches(before + arena.rng.randrange(SCANS // 20, SCANS // 2))
        server = arena.postmaster()
        stopped = [server, *server.children()]
        for process in stopped:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
        await asyncio.sleep(PAUSE_S)
        for process in stopped:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()
    assert await crowd.compare(arena.url) == (before + SCANS, 0, 0)
