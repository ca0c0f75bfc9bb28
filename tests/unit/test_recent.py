"""What is dear is worked out once in a while, for each key, one at a time."""

import asyncio
from contextlib import suppress

from service.recent import Recent


class Timer:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_value_is_made_again_when_it_is_old() -> None:
    timer, made = Timer(), []
    recent: Recent[str, int] = Recent(10, timer)

    async def make() -> int:
        made.append(None)
        await asyncio.sleep(0)
        return len(made)

    assert await asyncio.gather(*(recent.get("a", make) for _ in range(5))) == [1] * 5
    assert await recent.get("b", make) == 2
    timer.now = 9.9
    assert await recent.get("a", make) == 1
    timer.now = 10
    assert await recent.get("a", make) == 3


async def test_a_failure_is_not_remembered() -> None:
    recent: Recent[str, int] = Recent(10, Timer())

    async def fails() -> int:
        raise ValueError

    async def works() -> int:
        return 1

    with suppress(ValueError):
        await recent.get("a", fails)
    assert await recent.get("a", works) == 1
