"""Group commit: concurrent work waits in a bounded queue per bucket and is done in batches.

While a batch of a bucket is being committed, the next one gathers: when little comes, a batch is
one item and waits for nothing; when much comes, batches grow by themselves. No timer is involved.
"""

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, NamedTuple, TypeVar

import structlog

from service.failures import Busy, Failure, WaitedTooLong

Item = TypeVar("Item")
Result = TypeVar("Result")

log = structlog.get_logger()


class Waiting(NamedTuple, Generic[Item, Result]):
    """An item on its way: whom to answer, and since when they wait."""

    item: Item
    answer: asyncio.Future[Result]
    since: float


class GroupCommit(Generic[Item, Result]):
    """Hands batches to `flush(bucket, items)`, which answers with a result (or error) each.

    `waiting_max` bounds each bucket's queue: past it `submit` raises Busy at once. `batch_max`
    bounds a batch, and with it the time its first item waits for its last. Whoever has waited
    for `wait_seconds_max` is answered WaitedTooLong, though the item goes on and may land.
    """

    def __init__(
        self,
        flush: Callable[[int, list[Item]], Awaitable[list[Result | Exception]]],
        *,
        waiting_max: int,
        batch_max: int,
        wait_seconds_max: float,
    ) -> None:
        self._flush = flush
        self._waiting_max = waiting_max
        self._batch_max = batch_max
        self._wait_seconds_max = wait_seconds_max
        self._waiting: dict[int, deque[Waiting[Item, Result]]] = {}
        self._under_way: dict[int, list[Waiting[Item, Result]]] = {}
        self._flushing: dict[int, asyncio.Task[None]] = {}
        self._full_at = -math.inf
        self._watch: asyncio.TimerHandle | None = None

    def submit(self, bucket: int, item: Item) -> asyncio.Future[Result]:
        """Queue `item`; the future is done once its batch is committed. Raises Busy when full."""
        loop = asyncio.get_running_loop()
        waiting = self._waiting.setdefault(bucket, deque())
        now = loop.time()
        if len(waiting) >= self._waiting_max:
            self._full_at = now
            raise Busy
        answer: asyncio.Future[Result] = loop.create_future()
        waiting.append(Waiting(item, answer, now))
        if bucket not in self._flushing:
            self._flushing[bucket] = asyncio.create_task(self._run(bucket, waiting))
        if self._watch is None:
            self._watch = loop.call_later(self._wait_seconds_max / 4, self._look)
        return answer

    @property
    def waiting(self) -> int:
        """How many items wait to be taken into a batch."""
        return sum(map(len, self._waiting.values()))

    def waiting_in(self, bucket: int) -> int:
        """How many items of one bucket wait to be taken into a batch."""
        return len(self._waiting.get(bucket, ()))

    def was_full(self, seconds: float) -> bool:
        """Whether somebody was sent away within the last `seconds`."""
        return asyncio.get_running_loop().time() - self._full_at <= seconds

    async def drain(self) -> None:
        """Wait until everything queued so far has been answered."""
        while self._flushing:
            await asyncio.gather(*self._flushing.values())

    def _look(self) -> None:
        """Answer those who have waited too long; look again as long as anybody waits."""
        loop = asyncio.get_running_loop()
        limit = loop.time() - self._wait_seconds_max
        for group in (*self._waiting.values(), *self._under_way.values()):
            for one in group:
                if one.since <= limit and not one.answer.done():
                    one.answer.set_exception(WaitedTooLong())
        self._watch = None
        if self._flushing:
            self._watch = loop.call_later(self._wait_seconds_max / 4, self._look)

    async def _run(self, bucket: int, waiting: deque[Waiting[Item, Result]]) -> None:
        try:
            while waiting:
                size = min(len(waiting), self._batch_max)
                batch = self._under_way[bucket] = [waiting.popleft() for _ in range(size)]
                try:
                    await self._commit(bucket, batch)
                except BaseException:  # even then nobody waits for ever
                    for one in (*batch, *waiting):
                        one.answer.cancel()
                    waiting.clear()
                    raise
        finally:
            del self._flushing[bucket]
            self._under_way.pop(bucket, None)

    async def _commit(self, bucket: int, batch: list[Waiting[Item, Result]]) -> None:
        """Flush a batch and answer it. One bad item must not fail its neighbours."""
        try:
            results = await self._flush(bucket, [one.item for one in batch])
        except Exception as error:
            if len(batch) == 1 or isinstance(error, Failure):
                if not isinstance(error, Failure):
                    log.exception("item_failed", bucket=bucket)
                results = [error] * len(batch)
            else:
                log.warning("batch_split", bucket=bucket, size=len(batch), error=error)
                for one in batch:
                    await self._commit(bucket, [one])
                return
        for one, result in zip(batch, results, strict=True):
            if one.answer.done():  # its caller has gone away, or was told that it takes too long
                continue
            if isinstance(result, Exception):
                one.answer.set_exception(result)
            else:
                one.answer.set_result(result)
