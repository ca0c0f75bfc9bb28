-- A stretch of a bucket, in order. $1 bucket, $2 after this position, $3 at most so many.
SELECT position, type::text AS type, version, rally, visitor, spot, period, firsts, occurred_at,
       recorded_at, scan_id, language, evidence, data
FROM events WHERE bucket = $1 AND position > $2 ORDER BY position LIMIT $3
