"""Is it alive, is it ready, what does it measure."""

import prometheus_client
from aiohttp import web

from projections.catalogue import CATALOGUE
from projections.follow import read_lag
from service.answers import json_answer
from service.context import engine_of
from service.eventlog.log import CONNECTION_LOST


async def healthz(request: web.Request) -> web.Response:
    """GET /healthz: the process answers."""
    return json_answer({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """GET /readyz: the database answers; how far each projection is behind."""
    engine = engine_of(request)
    try:
        lags = {
            name: (await read_lag(engine.pool, projection, engine.clock()))._asdict()
            for name, projection in CATALOGUE.items()
        }
    except CONNECTION_LOST as error:
        return json_answer({"status": "ill", "database": str(error)}, 503)
    return json_answer({"status": "ready", "lag": lags})


async def metrics(request: web.Request) -> web.Response:
    """GET /metrics: for Prometheus."""
    return web.Response(
        body=prometheus_client.generate_latest(),
        headers={"Content-Type": prometheus_client.CONTENT_TYPE_LATEST},
    )
