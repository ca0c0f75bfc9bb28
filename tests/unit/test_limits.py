"""Rate limits: so many a window, each key for itself."""

import pytest

from service.failures import TooMany
from service.limits import Limit


class Seconds:
    """A monotonic clock that is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_past_the_limit_a_key_is_told_when_to_come_back() -> None:
    clock = Seconds()
    limit = Limit(3, 10, clock)
    for _ in range(3):
        limit.count("a")
    clock.now += 4
    with pytest.raises(TooMany) as refused:
        limit.count("a")
    assert refused.value.headers == {"Retry-After": "6"}
    limit.count("b")


def test_the_next_window_begins_anew() -> None:
    clock = Seconds()
    limit = Limit(1, 10, clock)
    limit.count("a")
    clock.now += 10
    limit.count("a")


def test_checking_does_not_count() -> None:
    clock = Seconds()
    limit = Limit(2, 10, clock)
    limit.count("a")
    for _ in range(5):
        limit.check("a")
    limit.count("a")
    with pytest.raises(TooMany):
        limit.check("a")
    limit.check("b")
    clock.now += 10
    limit.check("a")
