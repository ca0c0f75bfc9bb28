"""The disk full in mid-burst: phones are told to come again, and when there is room all goes on."""

import asyncio
import contextlib
import os
import random
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
from burst import Crowd
from serving import PATIENCE_S, Service, ask, embedded_url, planned, serving

from service.config import Config
from service.database.keeper.pid_file import postmaster_pid

DISK_MB = 192
SCANS = 1_500
SEED = 3


class SmallDisk:
    """A disk of its own: what is left of it can be filled, and freed."""

    refusals = ("503", "none")

    def __init__(self, place: Path) -> None:
        self.data = place / "data"
        self._ballast = place / "ballast"

    def fill(self) -> None:
        """To the last byte."""
        with self._ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"\0" * 4_096)

    def free(self) -> None:
        """There is room again."""
        self._ballast.unlink()

    async def stop_server(self) -> None:
        """Make it begin new files of its write-ahead log until it finds no room for one."""
        url = embedded_url(self.data)
        with contextlib.suppress(OSError, asyncpg.PostgresError):
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    await ask(url, "SELECT pg_switch_wal(), pg_logical_emit_message(true, '', 'x')")
        assert "PANIC" in (self.data / "postgres.log").read_text(errors="replace")


class NoGrowth:
    """Where no disk can be mounted: no file of the server may grow, which stops it at once.

    The error has another name then, so that some of it may be taken for a fault of ours.
    """

    refusals = ("503", "500", "none")
    FILE_BYTES_MAX = 20_000

    def __init__(self, place: Path) -> None:
        self.data = place / "data"

    def fill(self) -> None:
        """Files larger than this cannot be extended; those of Postgres's own log are."""
        self._limit(self.FILE_BYTES_MAX)

    def free(self) -> None:
        """They can again."""
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            server = psutil.Process(postmaster_pid(self.data / "postgres") or 0)
            for process in (server, *server.children()):
                hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)[1]
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, hard))

    async def stop_server(self) -> None:
        """It has stopped already; the next one has no limit."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk | NoGrowth]:
    """A small disk where we may mount one, else the nearest thing to it."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", place]
    if os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0:
        yield SmallDisk(place)
        subprocess.run(["umount", "--lazy", place], check=True)
    else:
        yield NoGrowth(place)


@pytest.mark.parametrize("stops", [False, True], ids=["an error", "Postgres stops"])
async def test_a_full_disk_loses_nothing(
    disk: SmallDisk | NoGrowth, tmp_path: Path, stops: bool
) -> None:
    """No room for tables is an error; no room for its own log stops Postgres, and it cannot start.

    Once there is room everybody ends with an answer, and nothing that was answered is lost.
    """
    rally = await planned(Config(data=disk.data))
    service = Service(tmp_path / "service.log", "--data", str(disk.data))
    crowd = Crowd(random.Random(SEED), rally, [service])
    async with serving(service):
        async with asyncio.TaskGroup() as group:
            burst = group.create_task(crowd.burst(visitors=SCANS // 2, scans=SCANS))
            await crowd.reaches(SCANS // 10)
            disk.fill()
            await crowd.is_sent_away(30)
            if stops:
                await disk.stop_server()
            assert not burst.done()
            disk.free()
        verdict = await crowd.compare(embedded_url(disk.data), disk.refusals)
        assert verdict == (SCANS, 0, 0)
