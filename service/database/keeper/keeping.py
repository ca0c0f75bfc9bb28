"""The keeper's own life: prepare, run the server again and again, clean up, leave."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
from pathlib import Path
from types import FrameType

from service.database.keeper.closed_binaries import reachable
from service.database.keeper.cluster import choose, cluster_version, create_cluster
from service.database.keeper.leftovers import stop_leftovers
from service.database.keeper.log_file import last_complaint
from service.database.keeper.owners import User, server_user
from service.database.keeper.places import Places, lock, open_lock
from service.database.keeper.reports import KeeperError, say, write_status
from service.database.keeper.server import Server
from service.database.keeper.socket_directory import socket_directory

FAILED_STARTS_MAX = 7  # with the pauses below: about six seconds, then a person has to look
PAUSE_SECONDS_MIN, PAUSE_SECONDS_MAX = 0.1, 5.0
SETTLED_SECONDS = 10.0  # a server that lived this long did not die of its own start


def main(arguments: list[str]) -> int:
    """`DIR BINARIES…`: 0 when all is done or another keeper is there, 1 on failure."""
    data, *candidates = map(Path, arguments)
    os.umask(0o077)
    os.chdir("/")
    places = Places(data)
    held = open_lock(places.server)
    if not lock(held, fcntl.LOCK_EX):
        return 0
    try:
        Keeper(places, candidates, held).run()
    except (KeeperError, OSError) as error:
        say(str(error))
        with contextlib.suppress(OSError):  # the disk may be what is broken; the log has it
            write_status(places, state="failed", reason=str(error))
        return 1
    return 0


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
        user = server_user(self._places.cluster)
        with socket_directory(self._held, user) as socket:
            try:
                binaries = self._prepare(user)
                self._keep(Server(self._places, user, binaries, socket))
            finally:
                if self._is_still_ours():
                    stop_leftovers(self._places.cluster)  # of a server that had to be killed
        if self._is_still_ours():
            self._places.status.unlink(missing_ok=True)

    def _prepare(self, user: User) -> Path:
        """Make the cluster if there is none. Returns the binaries to run it with."""
        cluster = self._places.cluster
        binaries = reachable(choose(self._candidates, cluster), user)
        if cluster_version(cluster) is None:
            create_cluster(self._places, binaries, user)
        return binaries

    def _keep(self, server: Server) -> None:
        """Run the server again and again, until it is not wanted any more."""
        failed, pause = 0, PAUSE_SECONDS_MIN
        while not self._is_over():
            life = server.live(self._is_over)
            if self._is_over():
                return
            failed = 0 if life.ready else failed + 1
            if failed >= FAILED_STARTS_MAX:
                raise KeeperError(self._why())
            pause = PAUSE_SECONDS_MIN if life.seconds > SETTLED_SECONDS else pause
            time.sleep(pause)
            pause = min(pause * 2, PAUSE_SECONDS_MAX)

    def _why(self) -> str:
        places = self._places
        return (
            f"PostgreSQL cannot start on {places.cluster} "
            f"('{last_complaint(places.log)}'): see {places.log}."
        )

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
