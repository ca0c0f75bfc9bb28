-- All facts about some visitors, in their order. $1 bucket, $2 visitors.
SELECT position, type::text AS type, version, rally, visitor, spot, period, firsts, occurred_at,
       recorded_at, scan_id, language, evidence, data
FROM events WHERE bucket = $1 AND visitor = ANY ($2::uuid[])
ORDER BY position
