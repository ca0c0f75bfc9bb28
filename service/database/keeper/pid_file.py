"""What a server writes about itself into its cluster: `postmaster.pid`."""

from __future__ import annotations

from pathlib import Path


def postmaster_pid(cluster: Path) -> int | None:
    """The pid in the file, which may be stale."""
    lines = _lines(cluster)
    return int(lines[0]) if lines and lines[0].strip().isdigit() else None


def is_ready(cluster: Path, pid: int) -> bool:
    """Whether the server with this pid says that it takes connections (line 8, since 10)."""
    lines = _lines(cluster)
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"


def remove(cluster: Path) -> None:
    """Remove it: it names a process that is no server."""
    (cluster / "postmaster.pid").unlink()


def _lines(cluster: Path) -> list[str]:
    try:
        return (cluster / "postmaster.pid").read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return []
