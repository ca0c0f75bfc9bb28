"""Going on: work without an end that only its owner may end."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger()


async def going_on(work: Callable[[], Awaitable[None]]) -> None:
    """Do `work` until it ends, or until we are cancelled.

    A connection that is lost while it is made, or taken away from who waits for it, may show as a
    cancellation that nobody asked for. It would end the work for good, and without a word: so we
    begin anew.
    """
    while True:
        try:
            await work()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            log.warning("work_interrupted", work=task.get_name())
        else:
            return


def end_if_cancelled(error: Exception) -> None:
    """Raise CancelledError if somebody has cancelled us: `error` came of that, as of a rollback
    that found no connection."""
    if (task := asyncio.current_task()) and task.cancelling():
        raise asyncio.CancelledError from error
