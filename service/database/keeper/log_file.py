"""The log of the server and the keeper: kept bounded, and asked for the server's last word.

The server writes to the file itself, not to a pipe of ours: a keeper that is stopped or slow must
not be able to block the database.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from pathlib import Path

from service.database.keeper.reports import complaint

LOG_BYTES_MAX = 8 << 20  # there is one older file of the same size at most
LAST_BYTES = 4096  # enough to hold the line that says why a server did not start

STDERR = 2  # is the log, unless a person runs the keeper by hand


def trim(log: Path) -> None:
    """Copy the log and empty it, once it is large."""
    found = os.fstat(STDERR)
    if not stat.S_ISREG(found.st_mode) or found.st_size < LOG_BYTES_MAX:
        return
    with contextlib.suppress(OSError):  # no room for the copy: all the more reason to empty it
        _copy(log, log.with_suffix(".log.1"))
    os.ftruncate(STDERR, 0)


def _copy(log: Path, older: Path) -> None:
    older.unlink(missing_ok=True)
    with log.open("rb") as source, older.open("xb") as copy:
        shutil.copyfileobj(source, copy)


def last_complaint(log: Path) -> str:
    """Why the server that wrote to it last did not start."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LAST_BYTES))
        return complaint(file.read().decode(errors="replace"))
