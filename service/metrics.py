"""What a process counts, for /metrics. Labels are closed sets; nothing here names a person.

Behind `serve --workers` each worker counts into files of one directory (PROMETHEUS_MULTIPROC_DIR,
which prometheus_client itself reads), so that whichever is asked tells of all of them.
`service/scrape.py` adds what is read from the database when somebody asks.
"""

import os

from aiohttp import web
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)
from prometheus_client.multiprocess import MultiProcessCollector

from domain.refusals import Refusal, RefusalCode
from domain.rules import Answer

MULTIPROC_DIR = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""From a lone scan on a quiet machine to the longest that a phone is kept waiting, and beyond."""
OUTCOMES = ("stamped", "visited", "already_stamped")

disable_created_metrics()  # type: ignore[no-untyped-call]  # when each was first counted

_CHECK_INS = Counter("meguri_check_ins_total", "Scans answered, by outcome or refusal", ["outcome"])
CHECK_IN_SECONDS = Histogram(
    "meguri_check_in_seconds", "From a genuine scan to the commit of its answer", buckets=SECONDS
)
BATCH_SCANS = Histogram(
    "meguri_batch_scans",
    "Scans in one transaction",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
)
BATCH_SECONDS = Histogram(
    "meguri_batch_seconds", "From taking a batch to its commit", buckets=SECONDS
)
_HTTP_SECONDS = Histogram(
    "meguri_http_request_seconds",
    "From a request to its answer, by route; live streams are not among them",
    ["method", "route", "status"],
    buckets=SECONDS,
)
FAILURES = Counter("meguri_failures_total", "Requests that could not be carried out", ["code"])
WEBHOOKS_FAILING = Gauge(
    "meguri_webhooks_failing",
    "Webhooks whose last message was not taken",
    multiprocess_mode="max",
)


def _gauge(name: str, text: str, *labels: str) -> Gauge:
    """A state of each process, summed over those that live."""
    return Gauge(name, text, labels, multiprocess_mode="livesum")


WAITING = _gauge("meguri_check_ins_waiting", "Scans that wait for their batch", "bucket")
WAITING_MAX = _gauge("meguri_check_ins_waiting_max", "How many may wait", "bucket")
POOL = _gauge("meguri_pool_connections", "Connections to Postgres, by use", "state")
WATCHERS = _gauge("meguri_live_watchers", "Browsers that hold a live stream open")
TASK_STOPPED = _gauge("meguri_task_stopped", "Background tasks that have ended", "task")

# Counted from nought on: the first of a kind is then an increase, too. And a child is looked up
# once: on the hot path a look-up costs as much as the count.
_children = {name: _CHECK_INS.labels(name) for name in (*OUTCOMES, *map(str, RefusalCode))}


def count(outcome: Answer | Refusal) -> None:
    """Count a scan's outcome. Also how forged codes are kept: as a number, not as facts."""
    _children[outcome.code if isinstance(outcome, Refusal) else outcome.outcome].inc()


class Timed:
    """The times of one route's answers. Its pattern is the label: addresses hold codes."""

    def __init__(self, method: str, route: str) -> None:
        self._labels = method, route
        self._classes: dict[int, Histogram] = {}

    def answered(self, answer: web.StreamResponse, seconds: float) -> None:
        """Note an answer, unless it is a stream: that takes as long as somebody watches."""
        if not isinstance(answer, web.Response | web.HTTPException):
            return
        kind = answer.status // 100
        child = self._classes.get(kind)
        if child is None:
            child = self._classes[kind] = _HTTP_SECONDS.labels(*self._labels, f"{kind}xx")
        child.observe(seconds)


def registry() -> CollectorRegistry:
    """What was counted: by this process, or by all workers together."""
    if MULTIPROC_DIR not in os.environ:
        return REGISTRY
    found = CollectorRegistry()
    MultiProcessCollector(found)  # type: ignore[no-untyped-call]
    return found
