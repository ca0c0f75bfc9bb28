-- The facts of a stretch that are not of the first version; the index makes asking free.
-- $1 bucket, $2 after, $3 up to this position. Returns position, type, version, by position.
SELECT position, type::text AS type, version FROM events
WHERE bucket = $1 AND position > $2 AND position <= $3 AND version > 1
ORDER BY position
