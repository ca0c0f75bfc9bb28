"""Group commit: concurrent work waits in a bounded queue per bucket and is done in batches.

While a batch of a bucket is being committed, the next one gathers: when little comes, a batch is
one item and waits for nothing; when much comes, batches grow by themselves. No timer is involved.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import structlog

from service.failures import Busy, Failure

Item = TypeVar("Item")
Result = TypeVar("Result")

log = structlog.get_logger()


class GroupCommit(Generic[Item, Result]):
    """Hands batches to `flush(bucket, items)`, which answers with a result (or error) each.

    `waiting_max` bounds each bucket's queue: past it `submit` raises Busy at once. `batch_max`
    bounds a batch, and with it the time its first item waits for its last.
    """

    def __init__(
        self,
        flush: Callable[[int, list[Item]], Awaitable[list[Result | Exception]]],
        *,
        waiting_max: int,
        batch_max: int,
    ) -> None:
        self._flush = flush
        self._waiting_max = waiting_max
        self._batch_max = batch_max
        self._waiting: dict[int, deque[tuple[Item, asyncio.Future[Result]]]] = {}
        self._flushing: dict[int, asyncio.Task[None]] = {}

    def submit(self, bucket: int, item: Item) -> asyncio.Future[Result]:
        """Queue `item`; the future is done once its batch is committed. Raises Busy when full."""
        waiting = self._waiting.setdefault(bucket, deque())
        if len(waiting) >= self._waiting_max:
            raise Busy
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        waiting.append((item, future))
        if bucket not in self._flushing:
            self._flushing[bucket] = asyncio.create_task(self._run(bucket, waiting))
        return future

    async def drain(self) -> None:
        """Wait until everything queued so far has been answered."""
        while self._flushing:
            await asyncio.gather(*self._flushing.values())

    async def _run(self, bucket: int, waiting: deque[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            while waiting:
                size = min(len(waiting), self._batch_max)
                batch = [waiting.popleft() for _ in range(size)]
                try:
                    await self._commit(bucket, batch)
                except BaseException:  # even then nobody waits for ever
                    for _, future in (*batch, *waiting):
                        future.cancel()
                    waiting.clear()
                    raise
        finally:
            del self._flushing[bucket]

    async def _commit(self, bucket: int, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        """Flush a batch and answer it. One bad item must not fail its neighbours."""
        try:
            results = await self._flush(bucket, [item for item, _ in batch])
        except Exception as error:
            if len(batch) == 1 or isinstance(error, Failure):
                if not isinstance(error, Failure):
                    log.exception("item_failed", bucket=bucket)
                results = [error] * len(batch)
            else:
                log.warning("batch_split", bucket=bucket, size=len(batch), error=repr(error))
                for one in batch:
                    await self._commit(bucket, [one])
                return
        for (_, future), result in zip(batch, results, strict=True):
            if future.done():  # its caller has gone away
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
