"""The server: what it is always run with, and one life of it from its start to its end."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from service.database.keeper import log_file
from service.database.keeper.leftovers import stop_leftovers
from service.database.keeper.owners import User
from service.database.keeper.pid_file import is_ready
from service.database.keeper.places import Places
from service.database.keeper.processes import PATIENT, end, reach, start
from service.database.keeper.reports import say, write_status
from service.database.keeper.socket_directory import clear

POLL_SECONDS = 0.25  # how soon the keeper notices that nobody is left
READY_POLL_SECONDS = 0.01  # how soon it notices that a starting server is ready


class Life(NamedTuple):
    """How a life of the server went. `ready`: it took connections at some time."""

    ready: bool
    seconds: float


class Server:
    """Runs PostgreSQL on one cluster; its address is a socket in the directory `socket`."""

    def __init__(self, places: Places, user: User, binaries: Path, socket: Path) -> None:
        self._places = places
        self._user = user
        self._binaries = binaries
        self._socket = socket

    def live(self, is_over: Callable[[], bool]) -> Life:
        """One life: until the server ends, or until `is_over` says that it is not wanted."""
        stop_leftovers(self._places.cluster)
        clear(self._socket)
        began = time.monotonic()
        process = self._start()
        try:
            ready = self._watch(process, is_over)
        finally:  # whatever happens to us, no server is left behind
            end(lambda: [process.pid] if process.poll() is None else [], PATIENT)
        say(f"PostgreSQL ended with {process.returncode}")
        return Life(ready, time.monotonic() - began)

    def _start(self) -> subprocess.Popen[str]:
        chosen = [f"--{key}={value}" for key, value in settings(self._socket).items()]
        with reach(self._places.cluster, self._user) as (name, descriptors):
            command = [str(self._binaries / "postgres"), "-D", name, *chosen]
            return start(command, self._user, descriptors=descriptors)

    def _watch(self, process: subprocess.Popen[str], is_over: Callable[[], bool]) -> bool:
        """Tell the users once it is ready, and bound its log. Returns whether it was ready."""
        ready = False
        while process.poll() is None and not is_over():
            if not ready and is_ready(self._places.cluster, process.pid):
                ready = True
                write_status(self._places, state="running", socket=str(self._socket))
            log_file.trim(self._places.log)
            time.sleep(POLL_SECONDS if ready else READY_POLL_SECONDS)
        return ready


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
