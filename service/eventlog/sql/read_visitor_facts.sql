-- All facts about a visitor in a rally, in their order. $1 bucket, $2 visitor, $3 rally.
SELECT position, type::text AS type, version, rally, visitor, spot, period, firsts, occurred_at,
       recorded_at, scan_id, language, evidence, data
FROM events WHERE bucket = $1 AND visitor = $2 AND rally = $3
ORDER BY position
