"""Group commit: batches grow by themselves, queues are bounded, nobody harms a neighbour."""

import asyncio

import pytest

from service.failures import Busy, Unavailable, WaitedTooLong
from service.group_commit import GroupCommit


class Log:
    """A log that takes its time and remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[tuple[int, list[int]]] = []
        self.go_on = asyncio.Event()

    async def flush(self, bucket: int, items: list[int]) -> list[int | Exception]:
        self.batches.append((bucket, items))
        await self.go_on.wait()
        if len(items) > 1 and 13 in items:
            raise RuntimeError("the whole batch, because of one")
        if items == [13]:
            raise RuntimeError("this one")
        return [ValueError(item) if item == 7 else item * 2 for item in items]


async def test_what_comes_while_a_batch_is_under_way_is_the_next_batch() -> None:
    log = Log()
    group: GroupCommit[int, int] = GroupCommit(
        log.flush, waiting_max=100, batch_max=10, wait_seconds_max=60
    )
    first = group.submit(1, 1)
    await asyncio.sleep(0)
    rest = [group.submit(1, item) for item in (2, 3, 4)]
    other = group.submit(2, 5)
    await asyncio.sleep(0)
    assert log.batches == [(1, [1]), (2, [5])]
    log.go_on.set()
    assert await asyncio.gather(first, *rest, other) == [2, 4, 6, 8, 10]
    assert log.batches[2:] == [(1, [2, 3, 4])]


async def test_a_batch_is_no_larger_than_its_limit() -> None:
    log = Log()
    log.go_on.set()
    group: GroupCommit[int, int] = GroupCommit(
        log.flush, waiting_max=100, batch_max=10, wait_seconds_max=60
    )
    await asyncio.gather(*(group.submit(1, 20) for _ in range(25)))
    assert [len(items) for _, items in log.batches] == [10, 10, 5]


async def test_a_full_queue_refuses_at_once() -> None:
    log = Log()
    group: GroupCommit[int, int] = GroupCommit(
        log.flush, waiting_max=3, batch_max=10, wait_seconds_max=60
    )
    futures = [group.submit(1, item) for item in (1, 2, 3)]
    with pytest.raises(Busy):
        group.submit(1, 4)
    assert group.submit(2, 5), "another bucket has a queue of its own"
    log.go_on.set()
    assert await asyncio.gather(*futures) == [2, 4, 6]


async def test_an_items_own_error_is_its_own() -> None:
    log = Log()
    log.go_on.set()
    group: GroupCommit[int, int] = GroupCommit(
        log.flush, waiting_max=100, batch_max=10, wait_seconds_max=60
    )
    results = await asyncio.gather(
        *(group.submit(1, item) for item in (6, 7, 8)), return_exceptions=True
    )
    assert (results[0], type(results[1]), results[2]) == (12, ValueError, 16)


async def test_a_batch_that_fails_for_one_is_taken_apart() -> None:
    log = Log()
    log.go_on.set()
    group: GroupCommit[int, int] = GroupCommit(
        log.flush, waiting_max=100, batch_max=10, wait_seconds_max=60
    )
    results = await asyncio.gather(
        *(group.submit(1, item) for item in (12, 13, 14)), return_exceptions=True
    )
    assert (results[0], type(results[1]), results[2]) == (24, RuntimeError, 28)


async def test_a_lost_database_is_told_to_all_and_not_tried_one_by_one() -> None:
    calls = 0

    async def flush(bucket: int, items: list[int]) -> list[int | Exception]:
        nonlocal calls
        calls += 1
        raise Unavailable

    group: GroupCommit[int, int] = GroupCommit(
        flush, waiting_max=100, batch_max=10, wait_seconds_max=60
    )
    results = await asyncio.gather(
        *(group.submit(1, item) for item in (1, 2, 3)), return_exceptions=True
    )
    assert [type(result) for result in results] == [Unavailable] * 3
    assert calls == 1


async def test_a_caller_who_has_gone_does_not_disturb_the_others() -> None:
    log = Log()
    group: GroupCommit[int, int] = GroupCommit(
        log.flush, waiting_max=100, batch_max=10, wait_seconds_max=60
    )
    gone, staying = group.submit(1, 1), group.submit(1, 2)
    gone.cancel()
    log.go_on.set()
    assert await staying == 4


async def test_draining_answers_everything_that_was_queued() -> None:
    log = Log()
    group: GroupCommit[int, int] = GroupCommit(
        log.flush, waiting_max=100, batch_max=2, wait_seconds_max=60
    )
    futures = [group.submit(bucket, bucket) for bucket in (1, 2, 1, 1, 2)]
    log.go_on.set()
    await group.drain()
    assert all(future.done() for future in futures)


async def test_whoever_waits_too_long_is_told_so_and_the_item_goes_on() -> None:
    log = Log()
    group: GroupCommit[int, int] = GroupCommit(
        log.flush, waiting_max=100, batch_max=1, wait_seconds_max=0.02
    )
    under_way, queued = group.submit(1, 1), group.submit(1, 2)
    for future in (under_way, queued):
        with pytest.raises(WaitedTooLong):
            await future
    log.go_on.set()
    await group.drain()
    assert log.batches == [(1, [1]), (1, [2])]
    assert await group.submit(1, 3) == 6


async def test_having_been_full_is_remembered_for_a_while() -> None:
    log = Log()
    group: GroupCommit[int, int] = GroupCommit(
        log.flush, waiting_max=1, batch_max=1, wait_seconds_max=60
    )
    kept = group.submit(1, 1)
    assert not group.was_full(60)
    with pytest.raises(Busy):
        group.submit(1, 2)
    assert group.was_full(60)
    assert group.waiting == 1
    log.go_on.set()
    assert await kept == 2
