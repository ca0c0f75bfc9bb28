"""The keeper as seen by the process that starts it, and that may leave before it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from service.database.keeper.places import Places, is_free
from service.database.keeper.reports import read_status

KEEPER = Path(__file__).parent

# Keepers that outlived our interest in them. They are still children of this process: a Popen that
# is forgotten while its process runs is a warning, and one that is not polled leaves a zombie.
_released: list[subprocess.Popen[bytes]] = []


class Child:
    """Our keeper of a data directory, if it was us who had to start one."""

    def __init__(self, places: Places, binaries: list[Path]) -> None:
        self._places = places
        self._binaries = binaries
        self._process: subprocess.Popen[bytes] | None = None

    def ensure(self) -> None:
        """Start a keeper if there is none. One too many notices it and leaves (0)."""
        if self._is_running() or not is_free(self._places.server):
            return
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        log = os.open(self._places.log, flags, 0o600)
        try:
            self._process = self._start(log)
        finally:
            os.close(log)

    def failure(self) -> str | None:
        """Why ours failed, in a sentence. It is told once: the next `ensure` tries again."""
        if self._process is None or self._process.poll() in (None, 0):
            return None
        self._process = None
        reason = read_status(self._places).get("reason")
        return reason or f"The PostgreSQL of {self._places.data} failed: see {self._places.log}."

    def is_gone(self) -> bool:
        """Whether no keeper is left; one of ours is reaped, too, and leaves no zombie."""
        return is_free(self._places.server) and not self._is_running()

    def release(self) -> None:
        """Be done with it. One that serves others is left running."""
        if self._process is not None and self._is_running():
            _released[:] = [other for other in _released if other.poll() is None]
            _released.append(self._process)

    def _is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _start(self, log: int) -> subprocess.Popen[bytes]:
        """A session of its own keeps a terminal's Ctrl-C away from the keeper and from Postgres."""
        return subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I", "-S", KEEPER, self._places.data, *self._binaries],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
