"""wrk, the load generator: find or install it, run it, read what it says."""

import asyncio
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
from msgspec import Struct

LUA = Path(__file__).parent / "load.lua"
TIMEOUT_S = 15
"""A request that takes longer is an error."""
_INSTALL_SECONDS_MAX = 300


class WrkMissing(Exception):  # noqa: N818 - it names what is missing
    """There is no wrk, and it cannot be installed from here; the text says how to."""


class Load(Struct, frozen=True, kw_only=True):
    """What is sent: whose tokens, which codes, from which request on."""

    tokens: Path
    tokens_max: int
    codes: Path
    run: str
    mode: str = "one"
    visits: int = 8
    window: int = 2_000


class Said(Struct, frozen=True):
    """What load.lua prints at the end."""

    requests: int
    seconds: float
    bytes: int
    p50_ms: float
    p99_ms: float
    next: int
    visitors: int
    refused: int
    connect: int
    read: int
    write: int
    timeout: int

    @property
    def errors(self) -> int:
        """Everything that was not answered, or not with 2xx."""
        return self.refused + self.connect + self.read + self.write + self.timeout


class Ran(Struct, frozen=True):
    """One run of wrk, and the share of a core that it used itself."""

    said: Said
    cpu_share: float


def find_wrk() -> str:
    """wrk's path; root on a system with apt-get has it installed. Raises WrkMissing."""
    found = shutil.which("wrk")
    if not found and os.geteuid() == 0 and shutil.which("apt-get"):
        sys.stderr.write("Installing wrk with apt-get (once) …\n")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["install", "-y", "--no-install-recommends", "wrk"], ["update"]) * 2:
            subprocess.run(
                ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=120", *command],
                env=environment,
                capture_output=True,
                timeout=_INSTALL_SECONDS_MAX,
            )
            found = shutil.which("wrk")
            if found:
                break
    if not found:
        raise WrkMissing(
            "The load comes from wrk (https://github.com/wg/wrk), which is not installed.\n"
            "Install it: apt install wrk (Debian, Ubuntu), dnf install wrk (Fedora), "
            "brew install wrk (macOS); then run this again."
        )
    return found


def wrk_version(wrk: str) -> str:
    """Such as "debian/4.1.0-3+b2"."""
    said = subprocess.run([wrk, "-v"], capture_output=True, text=True, timeout=30)
    words = (said.stdout + said.stderr).split()
    return words[1] if len(words) > 1 else "unknown"


async def run_wrk(
    wrk: str, url: str, load: Load, first: int, connections: int, seconds: float
) -> Ran:
    """Load `url` for a while, from request `first` on. Raises RuntimeError when wrk fails."""
    before = _children_cpu_s()
    process = await asyncio.create_subprocess_exec(
        wrk,
        "--threads=1",
        f"--connections={connections}",
        f"--duration={max(1, round(seconds))}s",
        f"--timeout={TIMEOUT_S}s",
        f"--script={LUA}",
        url,
        "--",
        load.mode,
        str(load.tokens),
        str(load.tokens_max),
        str(load.codes),
        str(first),
        str(load.visits),
        str(load.window),
        load.run,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(seconds + 60):
            output = (await process.communicate())[0].decode(errors="replace")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    for line in output.splitlines():
        if line.startswith("MEGURI "):
            said = msgspec.json.decode(line.removeprefix("MEGURI "), type=Said)
            return Ran(said, (_children_cpu_s() - before) / said.seconds)
    raise RuntimeError(f"wrk ended with {process.returncode} and said:\n{output}")


def _children_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
