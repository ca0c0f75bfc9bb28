"""The commands of docs/operating/backup.md, run as they stand there in the midst of a burst."""

import asyncio
import os
import pwd
import random
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp
import pytest
from burst import Crowd, Scan, send
from serving import Rally, Service, ask, embedded_url, planned, serving
from support import PLANS

from service.config import Config
from service.database.embedded import EmbeddedPostgres
from service.database.keeper.binaries import find_binaries
from service.master_key import MasterKeyFile

PAGE = PLANS.parent / "docs" / "operating" / "backup.md"
BLOCKS = dict(re.findall(r"<!-- ([a-z ]+) -->\n```sh\n(.*?)```", PAGE.read_text("utf-8"), re.S))
SEED = 11
VISITS = "SELECT visitor, spot, scan_id FROM events WHERE type = 'VisitRecorded'"


class Office:
    """A terminal with the page's names set."""

    def __init__(self, place: Path) -> None:
        self.names = {
            name: str(place / name.lower())
            for name in ("DATA", "BACKUPS", "KEYS", "ARCHIVE", "RESTORED", "RECOVERED")
        }
        for name in ("BACKUPS", "KEYS", "ARCHIVE"):
            Path(self.names[name]).mkdir()
        owner = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        shutil.chown(self.names["ARCHIVE"], owner)
        self.names |= {"OWNER": owner, "PATH": self._path(place)}

    def _path(self, place: Path) -> str:
        """Where the commands are: Meguri's, and those of the embedded server."""
        script = place / "bin" / "meguri"
        script.parent.mkdir()
        script.write_text(f'#!/bin/sh\ncd {PLANS.parent}\nexec {sys.executable} -m service "$@"\n')
        script.chmod(0o755)
        return f"{script.parent}:{find_binaries()[0]}:{os.environ['PATH']}"

    def place(self, name: str) -> Path:
        return Path(self.names[name])

    async def scan(self, rally: Rally, service: Service, scan: Scan) -> None:
        """Somebody is stamped."""
        async with aiohttp.ClientSession() as session:
            assert (await send(session, service, rally, scan)).status == 201

    async def run(self, *names: str) -> None:
        """Run blocks of the page, one after the other in one shell."""
        process = await asyncio.create_subprocess_exec(
            *("sh", "-euc", "\n".join(BLOCKS[name] for name in names)),
            env=os.environ | self.names,
        )
        assert await process.wait() == 0, names


@pytest.fixture
def office() -> Iterator[Office]:
    """In a place that the server's user can reach, too."""
    place = Path(tempfile.mkdtemp(prefix="meguri-backup-"))
    place.chmod(0o755)
    yield Office(place)
    shutil.rmtree(place)


@asynccontextmanager
async def standing(data: Path) -> AsyncIterator[str]:
    """The address of a data directory's server, which stays there for several commands."""
    server = await EmbeddedPostgres.start(data)
    try:
        yield server.url
    finally:
        await server.stop()


async def visits_in(url: str) -> set[tuple[UUID, str, UUID]]:
    """The visits that a database holds."""
    return {tuple(row) for row in await ask(url, VISITS)}


async def test_every_block_of_the_page_is_run() -> None:
    assert len(BLOCKS) == PAGE.read_text("utf-8").count("```sh") == 8


async def test_what_was_answered_before_a_backup_is_in_it_and_a_moment_is_found_again(
    office: Office, tmp_path: Path
) -> None:
    data = office.place("DATA")
    rally = await planned(Config(data=data))
    MasterKeyFile(data / "master.key").make()
    service = Service(tmp_path / "service.log", "--data", str(data))
    crowd = Crowd(random.Random(SEED), rally, [service])
    async with serving(service):
        await office.run("address", "archive")
    async with serving(service):
        async with asyncio.TaskGroup() as group:
            group.create_task(crowd.burst(visitors=300, scans=900))
            await crowd.reaches(200)
            before = [answered.scan for answered in crowd.answered]
            await office.run("backup", "address", "base")
        first, second = (Scan(uuid4(), rally.spots[0], uuid4()) for _ in range(2))
        await office.scan(rally, service, first)
        office.names["MOMENT"] = str((await ask(embedded_url(data), "SELECT now()"))[0][0])
        await office.scan(rally, service, second)
        await ask(embedded_url(data), "SELECT pg_switch_wal()")
        answered = [first, *(answered.scan for answered in crowd.answered)]

    await office.run("restore")
    async with standing(office.place("RESTORED")) as url:
        await office.run("prove")
        restored = await visits_in(url)
    assert {scan[:2] for scan in before} <= {visit[:2] for visit in restored}
    assert first not in restored

    await office.run("recover", "prove recovered")
    async with standing(office.place("RECOVERED")) as url:
        recovered = await visits_in(url)
    assert {scan[:2] for scan in answered} == {visit[:2] for visit in recovered}
    assert first in recovered
    assert second not in recovered
