"""Programs that tests run beside ours: Caddy and Prometheus's promtool."""

import shutil
from pathlib import Path

ROOT = Path(__file__).parent.parent
_SET_UP = ROOT / ".venv" / "servers" / "usr" / "bin"
"""Where `scripts/setup servers` puts those of Debian and Ubuntu, without starting anything."""


def program(name: str) -> str:
    """The path of a program. Says what to do where it is missing: nothing is skipped for it."""
    found = shutil.which(name, path=str(_SET_UP)) or shutil.which(name)
    assert found, f"{name} is missing: say scripts/setup servers"
    return found
