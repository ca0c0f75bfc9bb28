"""How far figures are behind the log, as every answer with figures says."""

from msgspec import Struct

from projections.contract import Projection
from projections.follow import read_lag
from service.engine import Engine


class Behind(Struct, frozen=True):
    """Facts that are not counted yet, the age of the oldest in seconds, and why the figures stand
    still, if they do."""

    facts: int
    seconds: float
    error: str | None


async def read_behind(engine: Engine, projection: Projection) -> Behind:
    """How far a projection is behind now."""
    return Behind(*await read_lag(engine.pool, projection, engine.clock()))
