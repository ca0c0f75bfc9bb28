"""How much is taken of what there is only so much of (`domain/stock.py`)."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import asyncpg

from domain.stock import Lot
from service.eventlog import statements as sql


async def lock_taken(connection: asyncpg.Connection, lots: Iterable[Lot]) -> Counter[Lot]:
    """How much of each lot is taken; whoever has asked may change it until the transaction ends.

    Lots are locked in their order, after the bucket, so nobody waits in a circle.
    """
    wanted = sorted(lots)
    if not wanted:
        return Counter()
    arrays = [list(column) for column in zip(*wanted, strict=True)]
    await connection.execute(sql.ADD_LOTS, *arrays)
    return _counted(await connection.fetch(sql.LOCK_TAKEN, *arrays))


async def read_taken(pool: asyncpg.Pool, lots: Iterable[Lot]) -> Counter[Lot]:
    """How much of each lot is taken, for showing it."""
    arrays = [list(column) for column in zip(*lots, strict=True)]
    return _counted(await pool.fetch(sql.READ_LOTS, *arrays))


def _counted(rows: Iterable[Any]) -> Counter[Lot]:
    return Counter({Lot(row["rally"], row["item"], row["period"]): row["taken"] for row in rows})


async def write_taken(connection: asyncpg.Connection, taken: Counter[Lot]) -> None:
    """Keep how much of each locked lot is taken."""
    rows = [(*lot, count) for lot, count in taken.items()]
    if rows:
        arrays = [list(column) for column in zip(*rows, strict=True)]
        await connection.execute(sql.WRITE_TAKEN, *arrays)


async def taken_now(connection: asyncpg.Connection, changes: Counter[Lot]) -> None:
    """Add what facts of this transaction take or give back."""
    known = await lock_taken(connection, changes)
    known.update(changes)
    await write_taken(connection, known)
