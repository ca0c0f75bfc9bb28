-- What people have changed of a rally, the newest first: all that belongs to it as a whole, counted
-- heads, voided and reinstated visits, hand-overs that were taken back.
-- $1 rally, $2 and $3 before this moment and key, $4 at most so many.
-- Returns rows as read_events.sql does, and key.
SELECT position, type::text AS type, version, rally, visitor, spot, period, firsts, occurred_at,
       recorded_at, scan_id, language, evidence, data, key
FROM (
    SELECT *, format('log-%s-%s', bucket, lpad(position::text, 12, '0')) COLLATE "C" AS key FROM (
        SELECT * FROM events WHERE bucket = 0 AND rally = $1
        UNION ALL
        SELECT * FROM events
        WHERE type IN ('VisitVoided', 'VisitReinstated') AND rally = $1
        UNION ALL
        SELECT * FROM events WHERE type = 'HandOverReversed' AND rally = $1
    ) AS fact
) AS change
WHERE (recorded_at, key) < ($2, $3)
ORDER BY recorded_at DESC, key DESC LIMIT $4
