"""Pages of a list that is too long for one."""

from typing import NamedTuple

from aiohttp import web

_DIGITS_MAX = 5


class Paged(NamedTuple):
    """Which page is shown and which is the last one, both from 0 on."""

    number: int
    last: int


def asked_page(request: web.Request) -> int:
    """The page that `?page=` asks for; anything else than a number asks for the first."""
    number = request.query.get("page", "")
    return int(number) if number.isdecimal() and len(number) <= _DIGITS_MAX else 0


def paged(asked: int, total: int, shown: int) -> Paged:
    """The page to show of `total` lines, `shown` on each; beyond the last one, that is the last."""
    last = max(0, -(-total // shown) - 1)
    return Paged(min(asked, last), last)
