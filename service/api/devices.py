"""Devices at the spots: their signs of life, and the list of them for the organiser."""

from datetime import datetime
from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from service.answers import json_answer, read_body
from service.context import engine_of, rally_of
from service.people import Life, beat, devices

UNSENT_MAX = 1_000_000


class Beat(Struct, frozen=True, forbid_unknown_fields=True):
    """A sign of life: the device's own clock, and how many scans it keeps that were not sent."""

    clock: Annotated[datetime, Meta(tz=True)]
    unsent: Annotated[int, Meta(ge=0, le=UNSENT_MAX)] = 0


async def keep_beat(request: web.Request) -> web.Response:
    """POST /api/devices/beat: a sign of life; says how far the device's clock is ahead of ours."""
    engine = engine_of(request)
    person = engine.people.at_work(request)
    body = await read_body(request, Beat)
    now = engine.clock()
    skew_ms = round((body.clock - now).total_seconds() * 1_000)
    await beat(engine.pool, person.id, Life(now, skew_ms, body.unsent))
    return json_answer({"skew_ms": skew_ms})


async def show(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/devices: the devices of staff and stewards that are in use."""
    engine, rally = engine_of(request), rally_of(request).plan.rally
    engine.people.organiser(request, rally)
    return json_answer({"rally": rally, "devices": await devices(engine.pool, rally)})
