-- Keep everybody else from building a projection aside, until this connection ends or unlocks.
-- $1 projection. Returns whether it is ours.
SELECT pg_try_advisory_lock(hashtextextended('meguri: build ' || $1, 0))
