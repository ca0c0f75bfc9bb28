"""Taking another log over, line by line (`lines.py`, `beside.py`).

Twice is once: how far the facts of each rally were taken is kept with them. Of what is beside the
log, the last that the file tells is taken over, when all facts are there.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import asyncpg
import msgspec

from service.eventlog import statements as sql
from service.eventlog.beside import END, ROW, RowEvent, Told, digest_of, replace_rows, row_of
from service.eventlog.lines import LoggedEvent, event_of
from service.eventlog.log import EventLog
from service.eventlog.takeover import FactMistake, Placed, take_over

BATCH = 2_000
"""Facts a transaction at most: their buckets are held for some 100 ms."""
_TRY_LOCK = "SELECT pg_try_advisory_lock($1)"
_LOCK = 0x6D65677572693034  # "meguri04": one import at a time


class ImportMistake(Exception):  # noqa: N818 - as PlanMistakes is
    """A line cannot be taken; the text says which and why. What was before it is taken."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"Line {line}: {why}")


class Far(NamedTuple):
    """How far facts were taken: the position there and the id of the last one."""

    position: int = 0
    fact: str = ""


class _Kind(msgspec.Struct):
    type: str


_kind_of = msgspec.json.Decoder(_Kind).decode


class Import:
    """One file into one log. Afterwards it knows what was `taken` and what was `known` before."""

    def __init__(self, log: EventLog, connection: asyncpg.Connection) -> None:
        self.log = log
        self.connection = connection
        self.taken = self.known = self.rows = 0
        self._far: dict[tuple[str, str, int], Far] = {}
        self._waiting: list[Placed] = []
        self._said: list[RowEvent] = []
        self._whole: tuple[int, list[RowEvent], str] | None = None

    async def run(self, lines: Iterable[bytes], advanced: Callable[[int], object]) -> None:
        """Take all lines; `advanced` is told how long each was. Raises ImportMistake."""
        if not await self.connection.fetchval(_TRY_LOCK, _LOCK):
            raise ImportMistake(1, "another import is under way here; wait until it has ended.")
        for row in await self.connection.fetch(sql.READ_IMPORTS):
            key = row["log"], row["rally"], row["bucket"]
            self._far[key] = Far(row["position"], row["fact"])
        number = 0
        try:
            for number, line in enumerate(lines, 1):
                await self._take(number, line)
                advanced(len(line))
        finally:
            await self._flush()
        if self._said:
            raise ImportMistake(number, "the end of the keys is missing. Export once more.")
        if self._whole:
            await self._replace(*self._whole)

    async def _take(self, number: int, line: bytes) -> None:
        if not line.endswith(b"\n"):
            raise ImportMistake(number, "it is cut. Export once more to the same file.")
        try:
            kind = _kind_of(line).type
            if kind == ROW:
                self._said.append(row_of(line))
            elif kind == END:
                self._end_rows(number, row_of(line))
            else:
                await self._place(number, event_of(line))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ImportMistake(number, f"it is no fact of a log ({error}).") from error

    def _end_rows(self, number: int, end: RowEvent) -> None:
        told = msgspec.json.decode(end.data, type=Told)
        # Those before them are of an export that broke off.
        rows = self._said[max(0, len(self._said) - told.rows) :]
        if told.digest != digest_of(rows):
            raise ImportMistake(number, "keys before it are missing, or were changed.")
        self._whole, self._said = (number, rows, end.log), []

    async def _place(self, number: int, event: LoggedEvent) -> None:
        """See that a fact is the next one of its rally there."""
        key = event.log, event.rally, event.bucket
        far = self._far.get(key, Far())
        if event.position <= far.position:
            if event.position == far.position and event.id != far.fact:
                raise ImportMistake(number, "another fact was taken from this place before.")
            self.known += 1
            return
        if event.follows != far.position:
            raise ImportMistake(
                number,
                f"facts of {event.rally} are missing before it: it follows position "
                f"{event.follows} of bucket {event.bucket}, and {far.position} is the last here.",
            )
        new_bucket = self._waiting and self._waiting[-1].event.bucket != event.bucket
        if new_bucket or len(self._waiting) == BATCH:
            await self._flush()
        self._waiting.append(Placed(number, event))
        self._far[key] = Far(event.position, event.id)

    async def _flush(self) -> None:
        """Take over what waits, all of one bucket there: all of it or nothing."""
        placed, self._waiting = self._waiting, []
        if not placed:
            return
        first, last = placed[0].number, placed[-1].number
        try:
            await take_over(self.log, self.connection, placed)
        except FactMistake as error:
            raise ImportMistake(error.number, str(error)) from error
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            raise ImportMistake(
                first, f"it, or one up to {last}, cannot be kept: {error}"
            ) from error
        self.taken += len(placed)

    async def _replace(self, number: int, rows: list[RowEvent], log: str) -> None:
        """Take over what is beside the log, unless it was: only where all facts are of that log."""
        digest = digest_of(rows)
        if self._far.get((log, "", 0), Far()).fact == digest:
            return
        imports = await self.connection.fetch(sql.READ_IMPORTS)
        theirs = sum(row["facts"] for row in imports if row["log"] == log)
        if theirs != await self.log.size():
            raise ImportMistake(
                number,
                "this log has facts of its own, so its keys are not replaced. Keys move only into "
                "an installation that has no other rallies and has not gone on by itself.",
            )
        try:
            async with self.connection.transaction():
                await replace_rows(self.connection, rows)
                await self.connection.execute(sql.WRITE_IMPORT, log, "", 0, len(rows), digest, 0)
        except (ValueError, asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            raise ImportMistake(number, f"the keys before it cannot be kept: {error}") from error
        self.rows = len(rows)
