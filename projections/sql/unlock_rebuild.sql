-- Give back what try_rebuild_lock.sql took. $1 projection.
SELECT pg_advisory_unlock(hashtextextended('meguri: build ' || $1, 0))
