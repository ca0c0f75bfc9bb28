"""Which bucket of the log a fact belongs to.

A visitor's facts share one bucket, so a check-in locks one head row only. What belongs to a
rally as a whole (plans, openings, revocations, draws) lives in a bucket of its own.
"""

from uuid import UUID
from zlib import crc32

RALLIES_BUCKET = 0
"""The bucket of what belongs to a rally as a whole."""
BUCKETS, BUCKETS_ON_CITUS = 2, 64
"""How many visitors' buckets a new log has, unless the configuration says otherwise."""


def bucket_of(visitor: UUID, visitor_buckets: int) -> int:
    """The bucket of a visitor: 1 … visitor_buckets, evenly spread and for ever the same."""
    return 1 + crc32(visitor.bytes) % visitor_buckets
