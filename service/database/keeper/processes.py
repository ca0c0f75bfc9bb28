"""Programs of PostgreSQL: started as the server's user, tied to our life, ended step by step."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from service.database.keeper.owners import User

Steps = tuple[tuple[signal.Signals, float], ...]
# SIGINT is a fast shutdown with its checkpoint, SIGQUIT leaves crash recovery for the next start.
PATIENT: Steps = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
FIRM: Steps = ((signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))

DESCRIPTORS = Path("/proc/self/fd")
PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def start(
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
        return  # elsewhere the next keeper stops what it finds: see `leftovers`
    _prctl(PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)
    if os.getppid() != keeper:  # it was gone before we asked
        os._exit(1)


@contextlib.contextmanager
def reach(directory: Path, user: User) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The directory as the server's user can name it, and the descriptors it has to inherit.

    Root's directories are often closed to others (/root is 0700). A descriptor that root opened
    leads there all the same, and every process of Postgres inherits it. (/proc/self/cwd is the
    shorter trick, and fails on 15, which changes its directory back and forth by name.)
    """
    if not (user.drop and DESCRIPTORS.is_dir()):
        yield str(directory), ()
        return
    descriptor = os.open(directory, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"{DESCRIPTORS}/{descriptor}", (descriptor,)
    finally:
        os.close(descriptor)


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
