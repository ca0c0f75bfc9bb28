"""Is this process ready, and if not: what is ill, and what to do about it."""

import asyncio
import shutil
from enum import StrEnum
from functools import cache
from typing import NamedTuple

import structlog
from msgspec import Struct

from projections.catalogue import CATALOGUE
from projections.follow import Lag, read_lags
from projections.said import said
from service.database.migration import read_migrations
from service.engine import Engine
from service.eventlog.log import DATABASE_ILL
from service.sql import stored

BUSY_SECONDS = 2.0
"""So long after somebody was sent away we say that we are busy."""
LOOK_SECONDS_MAX = 3
"""Whoever asks whether we are well must not be kept waiting by the answer "no"."""
DISK_BYTES_MIN = 1024**3
"""With less free space than this the embedded Postgres is about to stop."""
_NEWEST_MIGRATION = stored("newest_migration")

log = structlog.get_logger()


class Status(StrEnum):
    """`impaired` takes check-ins; `busy` will again in a moment; `ill` does not."""

    READY = "ready"
    IMPAIRED = "impaired"
    BUSY = "busy"
    ILL = "ill"


class Code(StrEnum):
    """What may be wrong. The values are part of the contract: never renamed."""

    QUEUE_FULL = "queue_full"
    DATABASE_SILENT = "database_silent"
    TASK_STOPPED = "task_stopped"
    PROJECTION_STANDS_STILL = "projection_stands_still"
    MASTER_KEY_UNREADABLE = "master_key_unreadable"
    DATABASE_NEWER = "database_newer"
    DISK_LOW = "disk_low"


# Through all others check-ins are taken: a proxy must not send phones away for a chart's sake.
_STATUS = {
    Code.QUEUE_FULL: Status.BUSY,
    Code.DATABASE_SILENT: Status.ILL,
    Code.TASK_STOPPED: Status.ILL,
}
_DO = {
    Code.QUEUE_FULL: "Phones come again by themselves. If it stays, see docs/operating/alerts.md.",
    Code.DATABASE_SILENT: "See that Postgres runs and can be reached from here.",
    Code.TASK_STOPPED: "Restart this process, and report its log: tasks should never end.",
    Code.PROJECTION_STANDS_STILL: (
        "Check-ins go on. Start the newest release; then: meguri projections status"
    ),
    Code.MASTER_KEY_UNREADABLE: "Stamps go on. Put the right key file back from your backup.",
    Code.DATABASE_NEWER: "Start the newer program here, too: this one is older than its database.",
    Code.DISK_LOW: "Make room on the disk that holds the data directory, before it is full.",
}


class Trouble(Struct, frozen=True):
    """Something that is wrong: a stable code, what exactly it concerns, and what to do."""

    code: Code
    what: str
    do: str


class Health(NamedTuple):
    """How a process is; the lags are empty where nobody could be asked for them."""

    status: Status
    troubles: list[Trouble]
    lags: dict[str, Lag]


def trouble(code: Code, what: str) -> Trouble:
    """A trouble, with what to do about it."""
    return Trouble(code, what, _DO[code])


async def examine(engine: Engine) -> Health:
    """How the process is. Takes `LOOK_SECONDS_MAX` at most."""
    troubles, lags = _of_process(engine), {}
    try:
        async with asyncio.timeout(LOOK_SECONDS_MAX):
            lags = await read_lags(engine.pool, CATALOGUE.values(), engine.clock())
            troubles += _of_projections(engine, lags) + await _of_database(engine)
    except DATABASE_ILL as error:
        log.warning("not_ready", error=error)
        troubles.append(
            trouble(Code.DATABASE_SILENT, f"the database does not answer: {said(error)}")
        )
    return Health(_status(troubles), troubles, lags)


def _status(troubles: list[Trouble]) -> Status:
    found = {_STATUS.get(each.code, Status.IMPAIRED) for each in troubles}
    return next(
        (each for each in (Status.ILL, Status.BUSY, Status.IMPAIRED) if each in found), Status.READY
    )


def _of_process(engine: Engine) -> list[Trouble]:
    troubles = []
    if engine.check_ins.was_full(BUSY_SECONDS):
        waiting = f"{engine.check_ins.waiting} scans wait, and others were sent away"
        troubles.append(trouble(Code.QUEUE_FULL, waiting))
    for name, task in engine.tasks.items():
        if task.done():
            troubles.append(trouble(Code.TASK_STOPPED, name))
    if engine.config.database_url is None:  # the embedded one shares our disk
        free = shutil.disk_usage(engine.config.data).free
        if free < DISK_BYTES_MIN:
            troubles.append(trouble(Code.DISK_LOW, f"{free // 1024**2} MiB are free"))
    return troubles


def _of_projections(engine: Engine, lags: dict[str, Lag]) -> list[Trouble]:
    still = {name: lag.error for name, lag in lags.items() if lag.error}
    found = {**still, **engine.follower.troubles, **engine.builder.troubles}
    return [trouble(Code.PROJECTION_STANDS_STILL, f"{name}: {why}") for name, why in found.items()]


async def _of_database(engine: Engine) -> list[Trouble]:
    troubles = []
    if wrong := await engine.addresses.trouble():
        troubles.append(trouble(Code.MASTER_KEY_UNREADABLE, wrong))
    newest = await engine.pool.fetchval(_NEWEST_MIGRATION)
    if newest > _known():
        what = f"its migrations go to {newest}, this program's to {_known()}"
        troubles.append(trouble(Code.DATABASE_NEWER, what))
    return troubles


@cache
def _known() -> int:
    return len(read_migrations())
