-- The facts of some types about a rally in a stretch of a bucket, in order. $1 bucket, $2 after, $3 up
-- to this position, $4 rally, $5 types. Returns what read_events.sql does.
SELECT position, type::text AS type, version, rally, visitor, spot, period, firsts, occurred_at,
       recorded_at, scan_id, language, evidence, data
FROM events
WHERE bucket = $1 AND position > $2 AND position <= $3 AND rally = $4 AND type::text = ANY($5)
ORDER BY position
