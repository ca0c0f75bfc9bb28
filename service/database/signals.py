"""Signals between processes on one database: "the log grew", "a rally changed", "applied".

A signal is only a hint to look: it is sent from a connection of its own after the commit, many
are sent as one, and a lost one costs a poll. So it is never part of the hot path's transaction.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from enum import StrEnum

import asyncpg
import structlog

CHANNEL = "meguri"
GATHER_S = 0.02
"""Signals of the same kind within this time are sent as one."""
BEAT_S = 10.0
"""Something is said at least so often: a connection that died without a word is noticed."""
RETRY_S = 1.0

log = structlog.get_logger()


class Signal(StrEnum):
    """What one process tells the others."""

    LOG_GREW = "log_grew"
    RALLIES_CHANGED = "rallies_changed"
    APPLIED = "applied"


class Signals:
    """One listening connection. `heard` is called with each signal, our own included."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[asyncpg.Connection]],
        heard: Callable[[Signal], None],
    ) -> None:
        self.connect = connect
        self._heard = heard
        self._to_send: set[Signal] = set()
        self._something = asyncio.Event()

    def send(self, signal: Signal) -> None:
        """Tell everybody, ourselves at once."""
        self._heard(signal)
        self._to_send.add(signal)
        self._something.set()

    async def run(self) -> None:
        """Listen and send until cancelled; connect again when the connection is lost."""
        while True:
            try:
                await self._serve()
            except Exception as error:  # whatever it was, a signal is worth another try
                log.warning("signals_lost", error=error)
            await asyncio.sleep(RETRY_S)

    async def _serve(self) -> None:
        connection = await self.connect()
        connection.add_termination_listener(lambda _: self._something.set())
        own = connection.get_server_pid()
        try:
            await connection.add_listener(
                CHANNEL, lambda _c, pid, _ch, payload: self._receive(pid == own, payload)
            )
            while not connection.is_closed():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(BEAT_S):
                        await self._something.wait()
                await asyncio.sleep(GATHER_S)
                self._something.clear()
                pending, self._to_send = self._to_send, set()
                for signal in pending:  # what is lost with the connection costs a poll
                    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, signal.value)
                if not pending:
                    await connection.execute("SELECT 1")
        finally:
            connection.terminate()

    def _receive(self, own: bool, payload: str) -> None:
        if not own and payload in set(Signal):
            self._heard(Signal(payload))
