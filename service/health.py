"""Is it alive, is it ready, what does it measure."""

import asyncio
import contextlib
from typing import Any

import prometheus_client
import structlog
from aiohttp import web

from projections.catalogue import CATALOGUE
from projections.follow import Lag, read_lags
from service import metrics
from service.answers import json_answer
from service.context import engine_of
from service.eventlog.log import DATABASE_ILL

BUSY_SECONDS = 2.0
"""So long after somebody was sent away we say that we are busy."""
LOOK_SECONDS_MAX = 3
"""Whoever asks whether we are well must not be kept waiting by the answer "no"."""

log = structlog.get_logger()


async def healthz(request: web.Request) -> web.Response:
    """GET /healthz: the process answers."""
    return json_answer({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """GET /readyz: not overrun, the database answers, nothing has stopped; how far it lags.

    "impaired" is ready for check-ins, while some projection stands still: it says which, and why.
    """
    check_ins = engine_of(request).check_ins
    if check_ins.was_full(BUSY_SECONDS):
        return json_answer({"status": "busy", "waiting": check_ins.waiting}, 503)
    engine = engine_of(request)
    ill: dict[str, Any] = {}
    if stopped := [name for name, task in engine.tasks.items() if task.done()]:
        ill["stopped"] = stopped
    try:
        async with asyncio.timeout(LOOK_SECONDS_MAX):
            lags = await _lags(request)
    except DATABASE_ILL as error:
        log.warning("not_ready", error=repr(error))
        return json_answer({"status": "ill", "database": "does not answer", **ill}, 503)
    still = {name: lag.error for name, lag in lags.items() if lag.error}
    if troubles := {**still, **engine.follower.troubles, **engine.builder.troubles}:
        ill["projections"] = troubles
    said = {"lag": {name: lag._asdict() for name, lag in lags.items()}, **ill}
    # Check-ins are taken all the same: 503 would have a proxy send phones away for a chart's sake.
    status = "ill" if stopped else "impaired" if ill else "ready"
    return json_answer({"status": status, **said}, 503 if stopped else 200)


async def show_metrics(request: web.Request) -> web.Response:
    """GET /metrics: for Prometheus."""
    with contextlib.suppress(*DATABASE_ILL):  # the other figures are wanted then most of all
        async with asyncio.timeout(LOOK_SECONDS_MAX):
            lags = await _lags(request)
            for name, lag in lags.items():
                metrics.STANDS_STILL.labels(name).set(lag.error is not None)
                metrics.LAG_FACTS.labels(name).set(lag.facts)
                metrics.LAG_SECONDS.labels(name).set(lag.seconds)
    return web.Response(
        body=prometheus_client.generate_latest(),
        headers={"Content-Type": prometheus_client.CONTENT_TYPE_LATEST},
    )


async def _lags(request: web.Request) -> dict[str, Lag]:
    engine = engine_of(request)
    return await read_lags(engine.pool, CATALOGUE.values(), engine.clock())
