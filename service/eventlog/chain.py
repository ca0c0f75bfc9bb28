"""The hash chain of each bucket: `append.sql` goes on with it, and what was appended without it is
taken in here: by releases before the chain, also by one that still runs beside this one.
"""

from typing import Any, cast

import asyncpg
import msgspec

from domain.card import Card, evolve
from domain.events import VisitorFact
from service.eventlog import statements as sql
from service.eventlog.rows import to_fact

STRETCH = 10_000
"""Facts taken in at once: a bucket is held for some 50 ms."""
_decode_card = msgspec.msgpack.Decoder(Card).decode
_encode_card = msgspec.msgpack.Encoder().encode


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
    for row in await connection.fetch(sql.READ_HANDED, bucket):
        if all(given.at for given in _decode_card(row["state"]).handed):
            continue
        of = row["visitor"], row["rally"]
        card = Card()
        for fact in await connection.fetch(sql.READ_VISITOR_FACTS, bucket, *of):
            said = cast(VisitorFact, to_fact(fact))
            card = evolve(card, said, fact["position"], fact["recorded_at"])
        await connection.execute(sql.WRITE_CARD, bucket, *of, _encode_card(card))
