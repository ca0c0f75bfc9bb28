"""The hash chain of each bucket: `append.sql` goes on with it, and what was appended without it is
taken in here: by releases before the chain, also by one that still runs beside this one. Digests
that were noted elsewhere tell when somebody has made the whole chain anew.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from domain.card import Card
from service.eventlog import statements as sql
from service.eventlog.cards import encode_card, folded

STRETCH = 10_000
"""Facts taken in at once: a bucket is held for some 50 ms."""
CHECKED = 20_000
"""Positions checked at once: more than any batch has."""
_NOTE = re.compile(r"^bucket (\d+): position (\d+), digest ([0-9a-f]{64})$", re.MULTILINE)
_decode_card = msgspec.msgpack.Decoder(Card).decode


async def lock_head(connection: asyncpg.Connection, bucket: int) -> Any:
    """Lock a bucket until the transaction ends; returns its head. All of it is in the chain."""
    head = await connection.fetchrow(sql.LOCK_HEAD, bucket)
    chained = head["chained"]
    while chained is not None and chained < head["position"]:
        chained = await _take_in(connection, bucket, chained)
    return head


async def chain_rest(connection: asyncpg.Connection) -> int:
    """Take in all that is not in the chain yet, while others write; returns how many facts."""
    taken = 0
    for row in await connection.fetch(sql.READ_HEADS):
        bucket, chained = row["bucket"], row["chained"]
        while chained is not None and chained < row["position"]:
            async with connection.transaction():
                before = (await connection.fetchrow(sql.LOCK_HEAD, bucket))["chained"]
                chained = await _take_in(connection, bucket, before)
            taken += (chained or before) - before
    return taken


async def _take_in(connection: asyncpg.Connection, bucket: int, chained: int) -> int | None:
    """Take in a stretch of a locked bucket; returns up to where the chain goes then, None if there
    are no facts left: the check will tell that some are missing."""
    if not chained:
        await _mend_cards(connection, bucket)
    return await connection.fetchval(sql.CHAIN, bucket, STRETCH)  # type: ignore[no-any-return]


async def _mend_cards(connection: asyncpg.Connection, bucket: int) -> None:
    """Fold cards anew that do not say when and where something was handed over: releases before the
    chain kept such ones."""
    rows = await connection.fetch(sql.READ_HANDED, bucket)
    visitors = {
        row["visitor"]
        for row in rows
        if not all(given.at for given in _decode_card(row["state"]).handed)
    }
    for (visitor, rally), card in (await folded(connection, bucket, visitors)).items():
        of = bucket, UUID(bytes=visitor), rally
        await connection.execute(sql.WRITE_CARD, *of, encode_card(card))


class Note(NamedTuple):
    """The digest of a bucket at a position, as `meguri log check` has told it."""

    bucket: int
    position: int
    digest: str

    def __str__(self) -> str:
        return f"bucket {self.bucket}: position {self.position}, digest {self.digest}"


def read_notes(text: str) -> list[Note]:
    """The notes in what `meguri log check` has said."""
    return [Note(int(bucket), int(at), digest) for bucket, at, digest in _NOTE.findall(text)]


async def notes(pool: asyncpg.Pool) -> list[Note]:
    """The digests of all buckets, as far as their chains go."""
    heads = await pool.fetch(sql.READ_HEADS)
    return [
        Note(head["bucket"], head["chained"], head["digest"].hex())
        for head in heads
        if head["chained"]
    ]


async def unchained(pool: asyncpg.Pool) -> list[str]:
    """What is not in the chain yet, a sentence a bucket: an earlier release has appended it."""
    return [
        f"bucket {head['bucket']}: what is after position {head['chained']} was written by an "
        "earlier release and is in the chain with the next batch"
        for head in await pool.fetch(sql.READ_HEADS)
        if head["chained"] < head["position"]
    ]


async def contradicted(pool: asyncpg.Pool, noted: Iterable[Note]) -> list[str]:
    """Which of earlier notes the chain does not agree with, one sentence each."""
    faults = []
    for note in noted:
        digest = await pool.fetchval(sql.READ_BATCH, note.bucket, note.position)
        if digest is None or digest.hex() != note.digest:
            faults.append(f"{note}: it was noted so, and the chain says otherwise now")
    return faults


async def broken(pool: asyncpg.Pool, head: Any) -> list[str]:
    """Where the chain of a bucket is not what its facts make of it: at most a sentence about the
    first of the batches, and one about the end."""
    bucket, after, digest = head["bucket"], 0, b""
    bad: list[Any] = []
    while batches := await pool.fetch(sql.CHECK_BATCHES, bucket, after, digest, after + CHECKED):
        bad += [batch for batch in batches if not batch["whole"]]
        after, digest = batches[-1]["last"], batches[-1]["digest"]
    faults = []
    if bad:
        faults.append(
            f"bucket {bucket}, positions {bad[0]['first']} to {bad[0]['last']}: the chain is "
            "broken here; a fact or a digest was changed, added or taken away "
            f"(broken batches in all: {len(bad)})"
        )
    if (after, digest) != (head["chained"], head["digest"]):
        faults.append(
            f"bucket {bucket}: its chain ends at {after}, its head says {head['chained']}, "
            "or has another digest"
        )
    return faults
