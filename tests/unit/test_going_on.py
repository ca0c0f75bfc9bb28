"""Work without an end goes on, whatever a library's own cancellations do to it."""

import asyncio

import pytest

from projections.going_on import end_if_cancelled, going_on


async def test_a_cancellation_that_nobody_asked_for_does_not_end_it() -> None:
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun < 3:
            raise asyncio.CancelledError  # as asyncpg's of a connection that is lost

    await asyncio.create_task(going_on(work))
    assert begun == 3


async def test_who_cancels_it_ends_it() -> None:
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        await asyncio.sleep(60)

    task = asyncio.create_task(going_on(work))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_fault_of_ours_is_told() -> None:
    async def work() -> None:
        raise KeyError("ours")

    with pytest.raises(KeyError):
        await going_on(work)


async def test_a_failure_that_came_of_being_cancelled_ends_it() -> None:
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            end_if_cancelled(OSError("the rollback found no connection"))

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_another_failure_is_left_to_who_caught_it() -> None:
    end_if_cancelled(OSError("the network"))
