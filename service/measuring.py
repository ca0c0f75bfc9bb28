"""What a process is doing right now, put into its gauges every second."""

import asyncio

from service import metrics
from service.boards import Boards
from service.engine import Engine

LOOK_S = 1.0


async def keep_measuring(engine: Engine, boards: Boards) -> None:
    """Measure every second until cancelled: a scrape may reach another worker."""
    while True:
        measure(engine, boards)
        await asyncio.sleep(LOOK_S)


def measure(engine: Engine, boards: Boards) -> None:
    """Put into the gauges how this process is."""
    waiting = engine.check_ins.waiting_in
    for bucket in range(1, engine.log.visitor_buckets + 1):
        metrics.WAITING.labels(bucket).set(waiting(bucket))
        metrics.WAITING_MAX.labels(bucket).set(engine.config.waiting_max)
    size, idle = engine.pool.get_size(), engine.pool.get_idle_size()
    metrics.POOL.labels("used").set(size - idle)
    metrics.POOL.labels("free").set(engine.pool.get_max_size() - size + idle)
    metrics.WATCHERS.set(boards.watchers)
    for name, task in engine.tasks.items():
        metrics.TASK_STOPPED.labels(name).set(task.done())
