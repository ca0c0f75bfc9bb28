"""Is it alive, is it ready, what does it measure.

What is told in detail says how many visitors there are: that is for who runs the service.
"""

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from service import measuring
from service.answers import json_answer
from service.context import engine_of
from service.failures import Forbidden
from service.operators import is_operator
from service.pages.live import BOARDS
from service.readiness import Status, examine
from service.scrape import exposition

_STATUS = {Status.BUSY: 503, Status.ILL: 503}


async def healthz(request: web.Request) -> web.Response:
    """GET /healthz: the process answers."""
    return json_answer({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """GET /readyz: whether check-ins are taken; for operators also what is wrong and what to do.

    "impaired" is ready for check-ins, while something else is wrong.
    """
    engine = engine_of(request)
    health = await examine(engine)
    said: dict[str, object] = {"status": health.status}
    if is_operator(request):
        said["troubles"] = health.troubles
        said["waiting"] = engine.check_ins.waiting
        said["lag"] = {name: lag._asdict() for name, lag in health.lags.items()}
    return json_answer(said, _STATUS.get(health.status, 200))


async def show_metrics(request: web.Request) -> web.Response:
    """GET /metrics: for Prometheus. Raises Forbidden."""
    if not is_operator(request):
        raise Forbidden("this is for the operator: docs/operating/watching.md")
    engine = engine_of(request)
    measuring.measure(engine, request.app[BOARDS])
    return web.Response(
        body=await exposition(engine), headers={"Content-Type": CONTENT_TYPE_LATEST}
    )
