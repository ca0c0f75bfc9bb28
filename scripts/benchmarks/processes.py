"""The processes that are measured: start, address, CPU, memory, stop."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil
from msgspec import Struct

from benchmarks.machine import ROOT

_START_SECONDS_MAX = 120
_STOP_SECONDS_MAX = 40
_LOG_LINES = 20


class Server(Struct):
    """A web server under test: its address and its process."""

    url: str
    process: asyncio.subprocess.Process
    log: Path

    def cpu_s(self) -> float:
        """CPU seconds of the process and of all its children so far."""
        return tree_cpu_s(self.process.pid)

    def rss_mib(self) -> float:
        """Resident memory of the process and its children."""
        return float(
            round(sum(each.memory_info().rss for each in _tree(self.process.pid)) / 2**20, 1)
        )

    def tail(self) -> str:
        """The last lines of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_LOG_LINES:])


@asynccontextmanager
async def serving(
    name: str, folder: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Server]:
    """`python -m arguments…` until the block ends. It must say `… http://HOST:PORT` when ready."""
    log = folder / f"{name}.log"
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("MEGURI_")}
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *arguments,
            cwd=ROOT,
            env={**inherited, **(environment or {})},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
        )
    try:
        server = Server("", process, log)
        server.url = await _address(name, server)
        yield server
    finally:
        await _stop(process)


async def _address(name: str, server: Server) -> str:
    assert server.process.stdout is not None, "it was asked for"
    try:
        async with asyncio.timeout(_START_SECONDS_MAX):
            async for line in server.process.stdout:
                found = re.search(r"http://[\w.]+:\d+", line.decode(errors="replace"))
                if found:
                    return found[0]
    except TimeoutError:
        pass
    raise RuntimeError(f"{name} did not start:\n{server.tail()}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(_STOP_SECONDS_MAX):
            await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()


def tree_cpu_s(pid: int) -> float:
    """CPU seconds of a process, of its living children, and of those it has waited for."""
    total = 0.0
    for process in _tree(pid):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def _tree(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]
