"""Where things are inside Meguri's data directory, and the lock files that say who is there."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class Places:
    """The files of one data directory."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.cluster = data / "postgres"
        self.users = data / "users.lock"
        self.server = data / "server.lock"
        self.status = data / "server.json"
        self.log = data / "postgres.log"  # the keeper's own lines and the server's


def open_lock(path: Path) -> int:
    """A descriptor of the lock file, created when it is missing.

    Python opens it close-on-exec, which matters: a Postgres that inherited ``users.lock`` would
    keep itself alive for ever.
    """
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)


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
