"""What an earlier keeper left: a whole server, or backends whose postmaster was killed.

We hold server.lock, so nothing in this cluster can be anyone else's.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

from service.database.keeper import pid_file
from service.database.keeper.pid_file import postmaster_pid
from service.database.keeper.processes import FIRM, PATIENT, end
from service.database.keeper.reports import say

PROC = Path("/proc")


def stop_leftovers(cluster: Path) -> None:
    """Stop them: a postmaster in good order if it can, then whoever is still there."""
    postmaster = postmaster_pid(cluster)
    end(lambda: [pid for pid in leftovers(cluster) if pid == postmaster], PATIENT)
    end(lambda: leftovers(cluster), FIRM)
    _forget_reused_pid(cluster)


def leftovers(cluster: Path) -> list[int]:
    """Pids of the Postgres processes that work in the cluster."""
    postmaster = postmaster_pid(cluster)
    if not (PROC / "self" / "stat").exists():
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
        pid_file.remove(cluster)
