"""What a staff screen needs to show its spot's rotating codes by itself."""

import asyncio
from base64 import b64encode
from datetime import datetime

from aiohttp import web
from msgspec import Struct

from domain.encoding import micros
from domain.proof import ROTATION
from qr.codes import rotating_head, spot_secret
from qr.rotating import Screen, screen
from service.answers import json_answer
from service.context import engine_of, public_url, spot_asked
from service.contract.call import Who, call
from service.failures import QueryInvalid, RallyUnknown

ADDRESS_MAX = 200
"""A longer one makes a code that no phone reads off a screen."""


class ScreenAnswer(Struct, frozen=True):
    """All that a screen needs, fetched once. It goes on without a network for as long as the rally
    lasts; fetched again now and then, it learns of new keys and how wrong its clock is.

    `head` are the bytes of each code before its step, `secret` signs them; both are base64.
    `now_ms` is the server's time since 1970, `rotation_ms` how long a code is shown: milliseconds.
    """

    now: datetime
    now_ms: int
    rotation_ms: int
    head: str
    secret: str
    screen: Screen


@call(Who.STAFF, answers={200: ScreenAnswer}, problems=(QueryInvalid,))
async def show(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/spots/{spot}/screen: for the spot's staff."""
    course, spot = spot_asked(request)
    engine = engine_of(request)
    key = engine.keyring.newest_code_key(course.plan.rally)
    if key is None:
        raise RallyUnknown
    if len(public_url(request)) > ADDRESS_MAX:
        raise QueryInvalid(f"the public address is longer than {ADDRESS_MAX} characters")
    # The first of an address takes a quarter of a second to work out.
    drawn = await asyncio.to_thread(screen, f"{public_url(request)}/s/", key, spot.id)
    now = engine.clock()
    answer = ScreenAnswer(
        now=now,
        now_ms=micros(now) // 1_000,
        rotation_ms=round(ROTATION.total_seconds() * 1_000),
        head=b64encode(rotating_head(key, spot.id)).decode(),
        secret=b64encode(spot_secret(key, spot.id)).decode(),
        screen=drawn,
    )
    said = json_answer(answer)
    said.headers["Cache-Control"] = "no-store"
    said.enable_compression()
    return said
