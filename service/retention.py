"""Retention: what is kept for a while goes by itself (docs/operating/retention.md).

The log stays for good: it names nobody. Addresses have a rule of their own (service/addresses.py).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from service.sql import stored

FORGOTTEN = "—"
"""Stands for a name."""
REVOKED_KEPT = timedelta(days=90)
"""So long the name of somebody who was revoked is kept: until then it answers "who was that?"."""
DRAFTS_KEPT = timedelta(days=365)
"""So long a plan is kept that nobody goes on with."""
_PEOPLE = stored("forget_people")
_DRAFTS = stored("forget_plan_drafts")


async def forget(pool: asyncpg.Pool, over: Sequence[str], now: datetime) -> None:
    """Forget who worked on the rallies that are `over` (as addresses are), or was revoked long ago,
    and plans that were left lying."""
    await pool.execute(_PEOPLE, over, now - REVOKED_KEPT, FORGOTTEN)
    await pool.execute(_DRAFTS, now - DRAFTS_KEPT)
