"""The embedded Postgres when its processes are killed: users, keeper, server, all at once."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from service.database.embedded import EmbeddedPostgres
from service.database.keeper import log_file
from service.database.keeper.binaries import find_binaries
from service.database.keeper.child import KEEPER
from service.database.keeper.leftovers import leftovers
from service.database.keeper.pid_file import is_ready, postmaster_pid
from service.database.keeper.places import Places
from service.database.keeper.reports import read_status

ROOM = Path(__file__).parents[2]
PATIENCE_SECONDS = 90.0  # never decides a test that passes

USER = """
import asyncio, signal, sys
from pathlib import Path
from service.database.embedded import EmbeddedPostgres

async def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    postgres = await EmbeddedPostgres.start(Path(sys.argv[1]))
    print(postgres.url, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    await postgres.stop()
    print("left", flush=True)

asyncio.run(main())
"""


class User:
    """A process of its own that uses the server of a data directory."""

    def __init__(self, data: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(data)],
            cwd=ROOM,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            process_group=0,
        )

    def url(self) -> str:
        """Waits until it has its server."""
        assert self.process.stdout is not None
        url = self.process.stdout.readline().strip()
        assert url.startswith("postgresql://"), "the user could not start: see stderr"
        return url

    def leave(self) -> None:
        """In good order: returns when it is gone."""
        answer, _ = self.process.communicate("\n", PATIENCE_SECONDS)
        assert answer.strip() == "left"
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "巡り の データ"


@pytest.fixture
def users(data: Path) -> Iterator[Callable[[], User]]:
    """Starts users, and kills those that a failing test leaves."""
    made: list[User] = []

    def start() -> User:
        made.append(User(data))
        return made[-1]

    yield start
    for user in made:
        user.kill()
    wait_for(lambda: is_gone(data))


def wait_for(check: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not check():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


async def wait_until(check: Callable[[], object]) -> None:
    """`wait_for` that lets this process's own tasks go on."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not check():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.02)


def keepers(data: Path) -> list[int]:
    """Pids of the living keepers of the directory, found by their command line."""
    lines = subprocess.run(
        ["ps", "-axww", "-o", "pid=,stat=,command="],
        capture_output=True,
        check=True,
        env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]},
    ).stdout.splitlines()
    mine = [
        line.split() for line in lines if os.fsencode(KEEPER) in line and os.fsencode(data) in line
    ]
    return [int(words[0]) for words in mine if not words[1].startswith(b"Z")]


def is_gone(data: Path) -> bool:
    """No keeper, no Postgres."""
    return not keepers(data) and not leftovers(data / "postgres")


def postmaster(data: Path) -> int:
    """The pid of the server, once it is ready."""
    found: list[int] = []

    def look() -> bool:
        pid = postmaster_pid(data / "postgres")
        if pid is not None and is_ready(data / "postgres", pid):
            found.append(pid)
        return bool(found)

    wait_for(look)
    return found[0]


async def ask(url: str, query: str, *arguments: object) -> object:
    """One query, tried again while the server is away."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            connection = await asyncpg.connect(url, timeout=10)
            break
        except (OSError, asyncpg.PostgresError, TimeoutError):
            assert time.monotonic() < deadline, "it did not come back"
            await asyncio.sleep(0.02)
    try:
        return await connection.fetchval(query, *arguments)
    finally:
        await connection.close()


async def write_rows(url: str) -> None:
    await ask(url, "CREATE TABLE IF NOT EXISTS facts (n serial)")
    await ask(url, "INSERT INTO facts SELECT FROM generate_series(1, 1000)")


async def test_the_one_who_started_it_may_leave_first(
    data: Path, users: Callable[[], User]
) -> None:
    first = users()
    url = first.url()
    second = users()
    assert second.url() == url
    server = postmaster(data)
    first.leave()
    assert await ask(url, "SELECT 1") == 1
    assert postmaster(data) == server
    second.leave()
    assert is_gone(data)


async def test_the_other_one_may_leave_first(data: Path, users: Callable[[], User]) -> None:
    first = users()
    url = first.url()
    second = users()
    second.url()
    server = postmaster(data)
    second.leave()
    assert await ask(url, "SELECT 1") == 1
    assert postmaster(data) == server
    first.leave()
    assert is_gone(data)


async def test_processes_that_start_at_the_same_moment_share_one_server(
    data: Path, users: Callable[[], User]
) -> None:
    started = [users() for _ in range(3)]
    assert len({user.url() for user in started}) == 1
    assert len(keepers(data)) == 1
    for user in started:
        user.leave()
    assert is_gone(data)


async def test_a_killed_user_takes_the_server_along_unless_another_is_there(
    data: Path, users: Callable[[], User]
) -> None:
    first, second = users(), users()
    url = first.url()
    second.url()
    server = postmaster(data)
    first.kill()
    await asyncio.sleep(1)  # longer than the keeper needs to make a mistake
    assert await ask(url, "SELECT 1") == 1
    assert postmaster(data) == server
    second.kill()
    wait_for(lambda: is_gone(data))
    assert read_status(Places(data)) == {}


async def test_ctrl_c_in_the_terminal_does_not_reach_the_server(
    data: Path, users: Callable[[], User]
) -> None:
    user = users()
    url = user.url()
    server = postmaster(data)
    os.killpg(user.process.pid, signal.SIGINT)
    await asyncio.sleep(0.5)
    assert await ask(url, "SELECT 1") == 1
    assert postmaster(data) == server
    user.leave()


@asynccontextmanager
async def running(data: Path, binaries: Path | None = None) -> AsyncIterator[EmbeddedPostgres]:
    postgres = await EmbeddedPostgres.start(data, binaries=binaries)
    try:
        yield postgres
    finally:
        await postgres.stop()
    assert is_gone(data)


@pytest.mark.parametrize("binaries", find_binaries(), ids=str)
async def test_a_killed_server_comes_back_with_every_committed_row(
    data: Path, binaries: Path
) -> None:
    async with running(data, binaries) as postgres:
        same = keepers(data)
        for kills in range(1, 4):
            await write_rows(postgres.url)
            server = postmaster(data)
            os.kill(server, signal.SIGKILL)
            assert await ask(postgres.url, "SELECT count(*) FROM facts") == 1000 * kills
            assert postmaster(data) != server
        assert keepers(data) == same


async def test_a_killed_server_comes_back_although_a_backend_is_busy(data: Path) -> None:
    """A backend in a long computation does not see its postmaster die, and holds the memory."""
    async with running(data) as postgres:
        await write_rows(postgres.url)
        busy = await asyncpg.connect(postgres.url)
        await busy.execute("SET max_parallel_workers_per_gather = 0")
        loop = "DO $$ DECLARE i bigint := 0; BEGIN LOOP i := i + 1; END LOOP; END $$"
        work = asyncio.create_task(busy.execute(loop))
        await asyncio.sleep(0.3)
        os.kill(postmaster(data), signal.SIGKILL)
        assert await ask(postgres.url, "SELECT count(*) FROM facts") == 1000
        with pytest.raises((OSError, asyncpg.PostgresError)):
            await work
        busy.terminate()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_a_killed_keeper_is_replaced_and_the_address_stays(
    data: Path, how: signal.Signals
) -> None:
    async with running(data) as postgres:
        for kills in range(1, 3):
            await write_rows(postgres.url)
            (old,) = keepers(data)
            server = postmaster(data)
            os.kill(old, how)
            await wait_until(lambda old=old: keepers(data) and old not in keepers(data))
            await wait_until(lambda server=server: server not in leftovers(data / "postgres"))
            assert await ask(postgres.url, "SELECT count(*) FROM facts") == 1000 * kills
            assert len(keepers(data)) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
async def test_the_server_does_not_outlive_a_killed_keeper_that_nobody_replaces(
    data: Path, users: Callable[[], User]
) -> None:
    user = users()
    user.url()
    os.kill(user.process.pid, signal.SIGSTOP)
    (old,) = keepers(data)
    os.kill(old, signal.SIGKILL)
    wait_for(lambda: is_gone(data))
    user.kill()
    async with running(data) as postgres:  # which also cleans up after the killed keeper
        assert await ask(postgres.url, "SELECT 1") == 1


@pytest.mark.parametrize("binaries", find_binaries(), ids=str)
async def test_everything_killed_at_once_and_started_again_has_lost_nothing(
    data: Path, users: Callable[[], User], binaries: Path
) -> None:
    async with running(data, binaries):
        pass
    for kills in range(1, 3):
        user = users()
        await write_rows(user.url())
        victims = [user.process.pid, *keepers(data), *leftovers(data / "postgres")]
        for pid in victims:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        user.kill()
        async with running(data) as postgres:
            assert await ask(postgres.url, "SELECT count(*) FROM facts") == 1000 * kills


async def test_a_kill_during_initdb_leaves_nothing_half_made(
    data: Path, users: Callable[[], User]
) -> None:
    user = users()
    wait_for(lambda: any(data.glob("postgres.new-*/global")))
    user.kill()
    for pid in keepers(data):
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: is_gone(data))
    assert not (data / "postgres").exists()
    async with running(data) as postgres:
        assert await ask(postgres.url, "SELECT 1") == 1
    assert not [name for name in os.listdir(data) if name.startswith("postgres.new")]


async def test_a_stale_pid_file_that_names_a_living_process_does_not_stop_the_start(
    data: Path,
) -> None:
    """After a reboot, or in a container, the old server's pid belongs to someone else."""
    async with running(data) as postgres:
        await write_rows(postgres.url)
        text = (data / "postgres" / "postmaster.pid").read_text()
    other = _sleeper(data)
    try:
        stale = data / "postgres" / "postmaster.pid"
        stale.write_text("\n".join([str(other.pid), *text.splitlines()[1:]]) + "\n")
        owner = (data / "postgres").stat()
        os.chown(stale, owner.st_uid, owner.st_gid)
        async with running(data) as postgres:
            assert await ask(postgres.url, "SELECT count(*) FROM facts") == 1000
        assert other.poll() is None, "it was signalled"
    finally:
        other.kill()
        other.wait()


def _sleeper(data: Path) -> subprocess.Popen[bytes]:
    """A process of the server's user, which is what makes Postgres take it for a server."""
    owner = (data / "postgres").stat()
    user = {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}
    return subprocess.Popen(["sleep", "600"], cwd="/", **user)


async def test_a_removed_data_directory_ends_its_server(data: Path) -> None:
    postgres = await EmbeddedPostgres.start(data)
    pids = [*keepers(data), *leftovers(data / "postgres")]
    shutil.rmtree(data, ignore_errors=True)
    shutil.rmtree(data, ignore_errors=True)  # the server may have written meanwhile
    await wait_until(lambda: not keepers(data))
    await wait_until(lambda: not any(_is_postgres(pid) for pid in pids))
    await postgres.stop()


def _is_postgres(pid: int) -> bool:
    command = ["ps", "-o", "comm=", "-p", str(pid)]
    return b"postgres" in subprocess.run(command, capture_output=True).stdout


async def test_the_log_is_emptied_before_it_fills_the_disk(data: Path) -> None:
    async with running(data) as postgres:
        log = data / "postgres.log"
        with log.open("ab") as file:
            file.write(b"x" * 79 + b"\n")
            file.write((b"x" * 79 + b"\n") * (log_file.LOG_BYTES_MAX // 80))
        await wait_until(lambda: log.stat().st_size < log_file.LOG_BYTES_MAX // 2)
        assert (data / "postgres.log.1").stat().st_size >= log_file.LOG_BYTES_MAX
        with suppress(asyncpg.PostgresError):
            await ask(postgres.url, "SELECT 1 / 0")
        await wait_until(lambda: "division by zero" in log.read_text())
