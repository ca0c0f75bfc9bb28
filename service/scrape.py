"""What is looked up when somebody asks for /metrics: of the database, and of whether all is well.

Nothing of it is kept between two scrapes, so no worker tells of a state that has passed.
"""

import asyncio
import contextlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from domain.rehearsal import rehearsed
from service import metrics, readiness
from service.engine import Engine
from service.eventlog.log import DATABASE_ILL
from service.people import SILENT, lives
from service.readiness import Health, examine
from service.sql import stored
from service.version import version

IN_USE = timedelta(days=3)
"""A device that was silent for so long is put away: nobody is to be woken for it."""
_MEASURE = stored("measure_database")


class _Found(Collector):
    """What was looked up, as prometheus_client takes it."""

    def __init__(self, found: Iterable[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        return self._found


async def exposition(engine: Engine) -> bytes:
    """All figures of the process and of its database, as Prometheus reads them."""
    found = [_build(), *_of_health(await examine(engine)), *_of_disk(engine)]
    with contextlib.suppress(*DATABASE_ILL):  # the other figures are wanted then most of all
        async with asyncio.timeout(readiness.LOOK_SECONDS_MAX):
            found += await _of_database(engine)
    looked_up = CollectorRegistry()
    looked_up.register(_Found(found))
    return generate_latest(metrics.registry()) + generate_latest(looked_up)


def _gauge(
    name: str, text: str, label: str | None, values: Mapping[str, float] | float
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"meguri_{name}", text, labels=[label] if label else None)
    for key, value in values.items() if isinstance(values, Mapping) else [(None, values)]:
        family.add_metric([key] if key else [], value)
    return family


def _build() -> Metric:
    return _gauge("build_info", "Which release runs", "version", {version(): 1})


def _of_health(health: Health) -> Iterator[Metric]:
    found = {each.code for each in health.troubles}
    wrong = {code.value: float(code in found) for code in readiness.Code}
    yield _gauge("trouble", "1 for what /readyz says is wrong", "code", wrong)
    lags = health.lags
    for name, text, values in (
        ("facts", "Facts not yet applied", {each: lag.facts for each, lag in lags.items()}),
        ("seconds", "Age of the oldest of them", {each: lag.seconds for each, lag in lags.items()}),
    ):
        yield _gauge(f"projection_lag_{name}", text, "projection", values)
    still = {name: float(lag.error is not None) for name, lag in lags.items()}
    text = "1 while a fact cannot be applied"
    yield _gauge("projection_stands_still", text, "projection", still)


def _of_disk(engine: Engine) -> Iterator[Metric]:
    """The disk of the embedded Postgres; another one's is its own machine's to tell of."""
    if engine.config.database_url is None:
        disk = shutil.disk_usage(engine.config.data)
        yield _gauge("disk_free_bytes", "Free on the data directory's disk", None, disk.free)
        yield _gauge("disk_bytes", "Size of the data directory's disk", None, disk.total)


async def _of_database(engine: Engine) -> list[Metric]:
    now = engine.clock()
    open_now = _open(engine, now)
    rows = await lives(engine.pool)
    size = await engine.pool.fetchrow(_MEASURE)
    states = dict.fromkeys(("about", "silent", "away"), 0.0)
    for row in rows:
        if row["rally"] in open_now:
            states[_state(row["seen_at"], now)] += 1
    unsent = sum(row["unsent"] for row in rows)
    return [
        _gauge("rallies_open", "Rallies that give stamps at this hour", None, len(open_now)),
        _gauge("devices", "Staff's devices of these, by their last sign of life", "state", states),
        _gauge("unsent_scans", "Scans that staff's devices have not sent yet", None, unsent),
        _gauge("database_bytes", "Size of the database", None, size["bytes"]),
        _gauge("log_facts", "Facts in the log", None, size["facts"]),
    ]


def _state(seen_at: datetime | None, now: datetime) -> str:
    if seen_at is None or now - seen_at > IN_USE:
        return "away"
    return "silent" if now - seen_at > SILENT else "about"


def _open(engine: Engine, now: datetime) -> set[str]:
    """The rallies of which stamps can be had now; rehearsals apart."""
    names = {rally.plan.rally for rally in engine.rallies.all() if rally.gives_stamps(now)}
    return {name for name in names if not rehearsed(name)}
