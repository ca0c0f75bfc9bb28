"""Asks about every package of our locks whether a hole in it is known."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_TOOL = Path(sys.executable).parent / "pip-audit"


def main(locks: list[str]) -> int:
    """1 if a package of a lock is known to be vulnerable."""
    ill = 0
    for lock in locks:
        lines, vulnerable = summary(_asked(lock))
        sys.stdout.writelines(f"{lock}: {line}\n" for line in lines)
        ill += vulnerable
    return int(ill > 0)


def summary(packages: list[dict[str, Any]]) -> tuple[list[str], int]:
    """What pip-audit's report on some packages comes to: lines to print, and how many are
    vulnerable."""
    known = [each for each in packages if "skip_reason" not in each]
    ill = [each for each in known if each["vulns"]]
    if not known:
        return ["not audited, for nobody who knows of holes could be asked from here."], 0
    lines = [f"{each['name']} {each['version']}: {_holes(each['vulns'])}" for each in ill]
    return [*lines, f"{len(known)} of {len(packages)} packages known, {len(ill)} vulnerable."], len(
        ill
    )


def _holes(vulns: list[dict[str, Any]]) -> str:
    mended = sorted({version for each in vulns for version in each["fix_versions"]})
    names = ", ".join(each["id"] for each in vulns)
    return f"{names} (mended in {', '.join(mended) or 'no version yet'})"


def _asked(lock: str) -> list[dict[str, Any]]:
    """pip-audit's report on a lock file; nothing if it could not ask."""
    options = ["--require-hashes", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    done = subprocess.run(
        [_TOOL, "--requirement", lock, *options], capture_output=True, text=True, check=False
    )
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return []
    return packages


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
