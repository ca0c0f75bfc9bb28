"""Is it alive, is it ready, what does it measure."""

import asyncio
import contextlib

import prometheus_client
import structlog
from aiohttp import web

from projections.catalogue import CATALOGUE
from projections.follow import Lag, read_lag
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
    """GET /readyz: not overrun, the database answers, nothing has stopped; how far it lags."""
    check_ins = engine_of(request).check_ins
    if check_ins.was_full(BUSY_SECONDS):
        return json_answer({"status": "busy", "waiting": check_ins.waiting}, 503)
    stopped = [name for name, task in engine_of(request).tasks.items() if task.done()]
    ill = {"stopped": stopped} if stopped else {}
    try:
        async with asyncio.timeout(LOOK_SECONDS_MAX):
            lags = {name: lag._asdict() for name, lag in (await _lags(request)).items()}
    except DATABASE_ILL as error:
        log.warning("not_ready", error=repr(error))
        return json_answer({"status": "ill", "database": "does not answer", **ill}, 503)
    if ill:
        return json_answer({"status": "ill", "lag": lags, **ill}, 503)
    return json_answer({"status": "ready", "lag": lags})


async def show_metrics(request: web.Request) -> web.Response:
    """GET /metrics: for Prometheus."""
    with contextlib.suppress(*DATABASE_ILL):  # the other figures are wanted then most of all
        async with asyncio.timeout(LOOK_SECONDS_MAX):
            for name, lag in (await _lags(request)).items():
                metrics.LAG_FACTS.labels(name).set(lag.facts)
                metrics.LAG_SECONDS.labels(name).set(lag.seconds)
    return web.Response(
        body=prometheus_client.generate_latest(),
        headers={"Content-Type": prometheus_client.CONTENT_TYPE_LATEST},
    )


async def _lags(request: web.Request) -> dict[str, Lag]:
    engine = engine_of(request)
    return {
        name: await read_lag(engine.pool, projection, engine.clock())
        for name, projection in CATALOGUE.items()
    }
