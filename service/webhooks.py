"""Webhooks: a program of somebody else's is told a rally's facts as they come.

Each is a POST of CloudEvents (https://cloudevents.io, a batch), signed as Standard Webhooks says
(https://www.standardwebhooks.com). Every fact is told at least once, those of one visitor in their
order: how far somebody was told moves on after the answer, so a lost answer tells it again, with
the same ids. Only the operator names addresses, so nobody can have the service ask its neighbours.
"""

import asyncio
import hmac
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_bytes
from typing import NamedTuple
from uuid import UUID

import aiohttp
import asyncpg
import msgspec
import structlog

from projections.going_on import end_if_cancelled
from service.eventlog import read_kinds
from service.ids import new_id
from service.metrics import WEBHOOKS_FAILING
from service.sql import stored

KINDS = {
    "visits": (
        "VisitRecorded",
        "VisitVoided",
        "VisitReinstated",
        "CardLinked",
        "VisitorErased",
    ),
    "prizes": (
        "PrizeEntered",
        "PrizeHandedOver",
        "HandOverReversed",
        "DrawHeld",
        "WinnerForfeited",
    ),
}
"""What a webhook may be told, and the facts behind it: also those that take something back."""
SECRET_BYTES = 32
SECRET_BYTES_MIN, SECRET_BYTES_MAX = 24, 64
"""As Standard Webhooks has it."""
STRETCH = 500
"""Positions looked at for one request: it stays under a few hundred kilobytes."""
ANSWER_S = 10
"""So long an answer may take."""
CLAIM = timedelta(seconds=60)
"""So long one process has a webhook for itself; if it dies, another goes on then."""
AGAIN_S, AGAIN_S_MAX = 5, 3_600
"""After a failure we wait so long, after each further one twice as long, up to an hour. We never
give up: what was not told is told when the other side is well again."""
POLL_S = 1.0
"""How often to look for something new."""
BATCH = "application/cloudevents-batch+json"

_ADD = stored("add_webhook")
_READ = stored("read_webhooks")
_CLAIM = stored("claim_webhook")
_RELEASE = stored("release_webhook")
_PROGRESS = stored("read_webhook_progress")
_MOVE = stored("move_webhook_progress")
_RENEW = stored("renew_webhook_secret")
_DROP = stored("drop_webhook")
_encode = msgspec.json.Encoder().encode
log = structlog.get_logger()


class Webhook(NamedTuple):
    """Who is told what. `secrets`: the newest first. `failures` in a row, `error` the last one's;
    `behind`: positions of the log that were not looked at for it."""

    id: UUID
    rally: str
    url: str
    kinds: list[str]
    secrets: list[bytes]
    due_at: datetime
    failures: int
    error: str | None
    behind: int


class Stretch(NamedTuple):
    """Positions of a bucket, from after one up to another."""

    bucket: int
    after: int
    until: int


class NotTaken(Exception):  # noqa: N818 - an answer that is expected
    """The other side did not take what it was told. The text says why."""


def signature(secrets: Sequence[bytes], message: str, at: datetime, body: bytes) -> str:
    """The header `webhook-signature`: HMAC-SHA256 over id, time in seconds and body, by each
    secret."""
    signed = f"{message}.{int(at.timestamp())}.".encode() + body
    macs = (hmac.new(secret, signed, sha256).digest() for secret in secrets)
    return " ".join(f"v1,{b64encode(mac).decode()}" for mac in macs)


async def add(
    pool: asyncpg.Pool,
    rally: str,
    url: str,
    kinds: Sequence[str],
    secret: bytes,
    by: str,
    now: datetime,
    *,
    from_start: bool,
) -> UUID:
    """Tell `url` what comes of a rally from now on, or everything `from_start`; returns its id."""
    id_ = new_id(now)
    await pool.execute(_ADD, id_, rally, url, kinds, secret, by, now, from_start)
    return id_


async def read(pool: asyncpg.Pool) -> list[Webhook]:
    """All webhooks, the oldest first."""
    return [Webhook(**row) for row in await pool.fetch(_READ)]


async def renew(pool: asyncpg.Pool, id_: UUID, secret: bytes) -> bool:
    """Give a webhook a new secret, beside the last one; False if there is no such webhook."""
    return await pool.fetchval(_RENEW, id_, secret) is not None


async def drop(pool: asyncpg.Pool, id_: UUID) -> bool:
    """Remove a webhook; False if there is none."""
    return await pool.fetchval(_DROP, id_) is not None


def new_secret() -> bytes:
    """A secret to share with the other side."""
    return token_bytes(SECRET_BYTES)


def wait_after(failures: int) -> timedelta:
    """How long to wait after so many failures in a row (from 1 on)."""
    return timedelta(seconds=min(AGAIN_S * 2 ** min(failures - 1, 20), AGAIN_S_MAX))


async def deliver(
    pool: asyncpg.Pool, session: aiohttp.ClientSession, webhook: Webhook, now: datetime
) -> int:
    """Tell a webhook a stretch of each bucket that it was not told yet, if nobody else does;
    returns how many positions were passed."""
    if not webhook.behind or not await pool.fetchval(_CLAIM, webhook.id, now, now + CLAIM):
        return 0
    passed = 0
    try:
        for row in await pool.fetch(_PROGRESS, webhook.id):
            bucket, after = row["bucket"], row["position"]
            until = min(after + STRETCH, row["head"])
            await _tell(pool, session, webhook, Stretch(bucket, after, until), now)
            await pool.execute(_MOVE, webhook.id, bucket, until)
            passed += until - after
    except NotTaken as refused:
        failures = webhook.failures + 1
        due = now + wait_after(failures)
        await pool.execute(_RELEASE, webhook.id, due, failures, str(refused))
    else:
        await pool.execute(_RELEASE, webhook.id, now, 0, None)
    return passed


async def _tell(
    pool: asyncpg.Pool,
    session: aiohttp.ClientSession,
    webhook: Webhook,
    stretch: Stretch,
    now: datetime,
) -> None:
    """Tell a stretch of a bucket, if there is something to tell in it. Raises NotTaken."""
    types = [each for kind in webhook.kinds for each in KINDS[kind]]
    if events := await read_kinds(pool, *stretch, webhook.rally, types):
        message = f"{stretch.bucket}-{stretch.after + 1}-{stretch.until}"
        await post(session, webhook, message, _encode(events), now)


async def post(
    session: aiohttp.ClientSession, webhook: Webhook, message: str, body: bytes, now: datetime
) -> None:
    """POST a signed message. Raises NotTaken unless the answer is a 2xx."""
    headers = {
        "Content-Type": BATCH,
        "User-Agent": "Meguri",
        "webhook-id": message,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature(webhook.secrets, message, now, body),
    }
    timeout = aiohttp.ClientTimeout(total=ANSWER_S)
    try:
        async with session.post(
            webhook.url, data=body, headers=headers, timeout=timeout, allow_redirects=False
        ) as answer:
            if not answer.ok or answer.status >= 300:
                raise NotTaken(f"HTTP {answer.status}")
    except TimeoutError as error:
        raise NotTaken(f"no answer within {ANSWER_S} s") from error
    except aiohttp.ClientError as error:
        raise NotTaken(type(error).__name__) from error
    except OSError as error:
        raise NotTaken(error.strerror or type(error).__name__) from error


async def run(pool: asyncpg.Pool, clock: Callable[[], datetime]) -> None:
    """Tell everybody what comes, until cancelled."""
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                passed = await tell_all(pool, session, clock())
            except Exception as error:  # the database's troubles: tried again in a moment
                end_if_cancelled(error)
                log.warning("webhooks_failed", error=repr(error))
                passed = 0
            if not passed:
                await asyncio.sleep(POLL_S)


async def tell_all(pool: asyncpg.Pool, session: aiohttp.ClientSession, now: datetime) -> int:
    """Tell each who is due, side by side; returns how many positions were passed."""
    webhooks = await read(pool)
    WEBHOOKS_FAILING.set(sum(each.failures > 0 for each in webhooks))
    due = [deliver(pool, session, each, now) for each in webhooks if each.due_at <= now]
    return sum(await asyncio.gather(*due))
