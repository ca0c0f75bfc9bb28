"""Boards: live drawings that many look at. Each is drawn once, however many there are who watch.

Whoever watches waits for the board's next frame and sends it on by himself. A slow watcher delays
nobody: when he is ready again he takes the newest frame and has skipped those between.
"""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import NamedTuple

import structlog

from service.failures import Busy
from service.pulse import Pulse

REDRAWN_S = 15.0
"""Without anything new a board is drawn again after so long: hours and days begin by themselves."""
WATCHERS_MAX = 2_000
"""Of all boards of a process: each holds a connection."""
PUBLIC_WATCHERS_MAX = 1_000
PUBLIC_BOARDS_MAX = 40
"""Of whoever is not signed in: so many leave room for those who are."""
DRAWN_AT_ONCE_MAX = 3
"""However many boards there are, check-ins find a connection of the pool free."""

Draw = Callable[[], Awaitable[str]]

log = structlog.get_logger()


class Frame(NamedTuple):
    """A drawing as it is sent: its id, which says what is in it; as it is, and deflated."""

    id: str
    plain: bytes
    deflated: bytes


class Board:
    """A drawing that follows a pulse. `frame` is None until it was drawn for the first time."""

    def __init__(self, draw: Draw, every_s: float, *, public: bool) -> None:
        self.draw = draw
        self.public = public
        self.frame: Frame | None = None
        self.changed = Pulse()
        self.ended = False
        self.watchers = 0
        self._every_s = every_s

    async def follow(self, pulse: Pulse, stopping: asyncio.Event, turn: asyncio.Semaphore) -> None:
        """Draw now, and again after a beat; each time in `turn`, not more often than `every_s`."""
        try:
            while not stopping.is_set():
                coming = pulse.coming()
                async with turn:
                    drawn = await self.draw()
                self._show(drawn)
                with suppress(TimeoutError):
                    async with asyncio.timeout(REDRAWN_S):
                        await coming.wait()
                if not stopping.is_set():
                    await asyncio.sleep(self._every_s)
        except Exception:
            # Its watchers are let go; their browsers come again, in a while.
            log.warning("drawing_failed", exc_info=True)
        finally:
            self.ended = True
            self.changed.beat()

    def _show(self, drawn: str) -> None:
        frame = framed(drawn)
        if self.frame is None or frame.id != self.frame.id:
            self.frame = frame
            self.changed.beat()


class Boards:
    """The boards of a process, by what they show to whom."""

    def __init__(self, pulse: Pulse, stopping: asyncio.Event) -> None:
        self._pulse = pulse
        self._stopping = stopping
        self._boards: dict[Hashable, Board] = {}
        self._tasks: dict[Board, asyncio.Task[None]] = {}
        self._turn = asyncio.Semaphore(DRAWN_AT_ONCE_MAX)

    @property
    def watchers(self) -> int:
        """How many watch."""
        return sum(board.watchers for board in self._tasks)

    @contextmanager
    def watched(
        self, key: Hashable, draw: Draw, every_s: float, *, public: bool = False
    ) -> Iterator[Board]:
        """The board of `key`, as long as the block lasts; `draw` draws it. Raises Busy.

        `public`: whoever watches is not signed in, and nor is anybody else who watches it.
        """
        self._make_sure_of_room(public=public)
        board = self._boards.get(key)
        if board is None or board.ended:
            board = self._begin(key, draw, every_s, public=public)
        board.draw = draw  # the newest watcher's: others may have gone
        board.watchers += 1
        try:
            yield board
        finally:
            board.watchers -= 1
            if not board.watchers:
                self._end(key, board)

    def _make_sure_of_room(self, *, public: bool) -> None:
        alike = [each.watchers for each in self._tasks if each.public or not public]
        if sum(alike) >= (PUBLIC_WATCHERS_MAX if public else WATCHERS_MAX):
            raise Busy("too many watch")

    def _begin(self, key: Hashable, draw: Draw, every_s: float, *, public: bool) -> Board:
        if public and sum(each.public for each in self._tasks) >= PUBLIC_BOARDS_MAX:
            raise Busy("too many different things are watched")
        board = self._boards[key] = Board(draw, every_s, public=public)
        following = board.follow(self._pulse, self._stopping, self._turn)
        self._tasks[board] = asyncio.create_task(following)
        return board

    def _end(self, key: Hashable, board: Board) -> None:
        self._tasks.pop(board).cancel()
        if self._boards.get(key) is board:
            del self._boards[key]


def framed(drawn: str) -> Frame:
    """A drawing as a server-sent event."""
    name = sha256(drawn.encode()).hexdigest()[:16]
    data = "".join(f"data: {line}\n" for line in drawn.splitlines())
    plain = f"id: {name}\n{data}\n".encode()
    return Frame(name, plain, deflated(plain))


def deflated(data: bytes) -> bytes:
    """A piece of a deflate stream (RFC 1951) that refers to nothing before it: pieces that were
    made once may follow each other in anybody's stream."""
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return squeeze.compress(data) + squeeze.flush(zlib.Z_FULL_FLUSH)
