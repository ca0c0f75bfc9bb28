"""What was measured, where: the machine, the versions, the commit."""

import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import psutil
from msgspec import Struct

ROOT = Path(__file__).resolve().parents[2]
_FLUSHES = 200
_PAGE = b"\0" * 8192


class Machine(Struct, frozen=True):
    """Where the figures come from."""

    cpu: str
    cores: int
    memory_gib: float
    os: str
    kernel: str
    disk: str
    flush_us: float
    """What writing 8 KiB and having it on disk (fdatasync) costs there: the median."""
    python: str
    aiohttp: str
    uvloop: str
    asyncpg: str
    wrk: str
    load_before: float
    """The load average before the run: above 0.3 a core something else was at work."""
    commit: str


def describe(data: Path, wrk: str) -> Machine:
    """This machine; `data` is where the database will be."""
    return Machine(
        cpu=_cpu(),
        cores=len(psutil.Process().cpu_affinity())
        if hasattr(psutil.Process, "cpu_affinity")
        else os.cpu_count() or 1,
        memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
        os=_os(),
        kernel=f"{platform.system()} {platform.release()} {platform.machine()}",
        disk=_file_system(data),
        flush_us=_flush_us(data / "flush"),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        aiohttp=version("aiohttp"),
        uvloop=version("uvloop"),
        asyncpg=version("asyncpg"),
        wrk=wrk,
        load_before=round(os.getloadavg()[0], 2),
        commit=_commit(),
    )


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if sys.platform == "darwin":
        return _output("sysctl", "-n", "machdep.cpu.brand_string") or platform.processor()
    return platform.processor() or platform.machine()


def _os() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.platform(terse=True)


def _file_system(data: Path) -> str:
    best, kind = "", "unknown"
    for part in psutil.disk_partitions(all=True):
        if data.is_relative_to(part.mountpoint) and len(part.mountpoint) >= len(best):
            best, kind = part.mountpoint, part.fstype
    return kind


def _flush_us(file: Path) -> float:
    flush = getattr(os, "fdatasync", os.fsync)
    taken = []
    handle = os.open(file, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        for _ in range(_FLUSHES):
            began = time.perf_counter()
            os.write(handle, _PAGE)
            flush(handle)
            taken.append(time.perf_counter() - began)
    finally:
        os.close(handle)
        file.unlink()
    return round(statistics.median(taken) * 1e6, 1)


def _commit() -> str:
    commit = _output("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD")
    if not commit:
        return "unknown"
    changed = _output("git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no")
    return f"{commit} and changes not committed" if changed else commit


def _output(*command: str) -> str:
    if not shutil.which(command[0]):
        return ""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
