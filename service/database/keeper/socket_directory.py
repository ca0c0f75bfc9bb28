"""The directory of the server's socket: short, and closed to everyone else.

A socket's path may have 107 bytes, and DIR may be longer. The name is the same for every keeper of
one DIR, because a pool that outlives a keeper goes on using it; /tmp comes before $TMPDIR for the
same reason. It is made of what tells server.lock, which a keeper holds, from any other file: so
neither a copy of DIR nor a new DIR of the same name meets a server that is not its own.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from service.database.keeper.owners import User, take


@contextlib.contextmanager
def socket_directory(server_lock: int, user: User) -> Iterator[Path]:
    """Make the directory, and remove it at the end."""
    held = os.fstat(server_lock)
    path = temporary() / f"meguri-{os.geteuid()}-{held.st_dev:x}-{held.st_ino:x}"
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    take(path, user)
    try:
        yield path
    finally:
        clear(path)
        path.rmdir()


def clear(directory: Path) -> None:
    """Remove what a killed server left: its socket, and a lock file naming a reused pid."""
    for entry in directory.iterdir():
        entry.unlink()


def temporary() -> Path:
    """The directory for temporary files that all users share, else what $TMPDIR says."""
    shared = Path("/tmp")  # noqa: S108 - the directory made inside is 0700 and its owner is checked
    return shared if os.access(shared, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())
