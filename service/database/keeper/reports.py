"""What the keeper tells: the error that ends it, its lines in the log, its status for users."""

from __future__ import annotations

import contextlib
import json
import re
import sys
import time

from service.database.keeper.places import Places


class KeeperError(Exception):
    """The server cannot run; the message is one sentence that says what to do."""


def say(text: str) -> None:
    """A line for the log; stderr is the log file. A full disk must not end the keeper."""
    now = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{now} keeper: {text}\n")


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
    fresh.unlink(missing_ok=True)
    with fresh.open("x", encoding="utf-8") as file:
        json.dump(status, file)
    fresh.replace(places.status)


def complaint(output: str) -> str:
    """The line of a program's output that says why it failed."""
    lines = [line for line in output.splitlines() if line.strip()]
    marked = [line for line in lines if re.search(r"\b(FATAL|PANIC|ERROR|error):", line)]
    return (marked or lines or ["no output"])[-1].strip()
