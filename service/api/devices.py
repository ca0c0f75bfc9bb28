"""Devices at the spots: their signs of life, and the list of them for the organiser."""

from datetime import datetime
from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from service.answers import json_answer, read_body
from service.context import engine_of, rally_of
from service.contract.call import Who, call
from service.people import Device, Life, beat, devices

UNSENT_MAX = 1_000_000


class Beat(Struct, frozen=True, forbid_unknown_fields=True):
    """A sign of life: the device's own clock, and how many scans it keeps that were not sent."""

    clock: Annotated[datetime, Meta(tz=True)]
    unsent: Annotated[int, Meta(ge=0, le=UNSENT_MAX)] = 0


class BeatAnswer(Struct, frozen=True):
    """How far the device's clock is ahead of ours, in milliseconds."""

    skew_ms: int


class Devices(Struct, frozen=True):
    """The devices of a rally that are in use."""

    rally: str
    devices: list[Device]


@call(
    Who.AT_WORK,
    body=Beat,
    example=Beat(datetime.fromisoformat("2026-01-15T12:00:00+09:00"), 3),
    answers={200: BeatAnswer},
)
async def keep_beat(request: web.Request) -> web.Response:
    """POST /api/devices/beat: a sign of life; says how far the device's clock is ahead of ours."""
    engine = engine_of(request)
    person = engine.people.at_work(request)
    body = await read_body(request, Beat)
    now = engine.clock()
    skew_ms = round((body.clock - now).total_seconds() * 1_000)
    await beat(engine.pool, person.id, Life(now, skew_ms, body.unsent))
    return json_answer(BeatAnswer(skew_ms))


@call(Who.ORGANISER, answers={200: Devices})
async def show(request: web.Request) -> web.Response:
    """GET /api/rallies/{rally}/devices: the devices of staff and stewards that are in use."""
    engine, rally = engine_of(request), rally_of(request).plan.rally
    engine.people.organiser(request, rally)
    return json_answer(Devices(rally, await devices(engine.pool, rally)))
