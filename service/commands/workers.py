"""Several processes behind one port: a parent that listens, and workers that inherit the socket.

The parent takes no requests. It starts the workers, starts one anew that has died, and passes
SIGTERM on; each worker then answers what it has taken and leaves.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from tempfile import TemporaryDirectory

import structlog
from prometheus_client.multiprocess import mark_process_dead

from service.commands.common import CommandError, say
from service.metrics import MULTIPROC_DIR

RESTART_S = 0.5
"""How long to wait before a worker that died is started anew."""

log = structlog.get_logger()


async def supervise(listener: socket.socket, workers: int, arguments: list[str]) -> None:
    """Run `workers` processes of the same command until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with TemporaryDirectory(prefix="meguri-metrics-") as figures:
        crew = _Crew(listener, arguments, stop, figures)
        try:
            await crew.begin(workers)
            host, port = listener.getsockname()[:2]
            say(f"Meguri serves on http://{host}:{port} with {workers} workers (Ctrl-C stops it)")
            await stop.wait()
        finally:
            await crew.end()


class _Crew:
    """The workers that are running. In the directory `figures` each counts what it does."""

    def __init__(
        self, listener: socket.socket, arguments: list[str], stop: asyncio.Event, figures: str
    ) -> None:
        self._listener = listener
        self._figures = figures
        self._arguments = arguments
        self._stop = stop
        self._running: set[asyncio.subprocess.Process] = set()
        self._keeping: list[asyncio.Task[None]] = []

    async def begin(self, workers: int) -> None:
        """Start them all; returns when each of them serves. Raises CommandError."""
        started = [await self._start() for _ in range(workers)]
        for process in started:
            assert process.stdout is not None
            if not await process.stdout.readline():
                raise CommandError("A worker could not start; it has said why above.")
        self._keeping = [asyncio.create_task(self._keep(process)) for process in started]

    async def end(self) -> None:
        """Stop them all; returns when they have answered what they had taken."""
        self._stop.set()
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)
        # Workers close theirs at once; as long as ours is open, phones would queue for nobody.
        self._listener.close()
        for process in self._running:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        for process in self._running:
            await process.wait()

    async def _keep(self, process: asyncio.subprocess.Process) -> None:
        while True:
            code = await process.wait()
            self._running.discard(process)
            mark_process_dead(process.pid, self._figures)  # type: ignore[no-untyped-call]
            log.error("worker_died", pid=process.pid, code=code)
            await asyncio.sleep(RESTART_S)
            process = await self._start()

    async def _start(self) -> asyncio.subprocess.Process:
        fd = self._listener.fileno()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "service", *self._arguments, "--listen-fd", str(fd)),
            stdin=asyncio.subprocess.PIPE,  # ends with us, also by SIGKILL; then the worker stops
            stdout=asyncio.subprocess.PIPE,
            pass_fds=[fd],
            env={**os.environ, MULTIPROC_DIR: self._figures},
            # Its own group: Ctrl-C reaches the parent alone, which passes it on once.
            start_new_session=True,
        )
        self._running.add(process)
        return process
