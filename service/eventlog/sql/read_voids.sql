-- What was said last of each visit that was ever voided. $1 rally. The newest first.
-- Returns rows as read_events.sql does: those visits that are void now.
SELECT * FROM (
    SELECT DISTINCT ON (bucket, data ->> 'position')
           position, type::text AS type, version, rally, visitor, spot, period, firsts, occurred_at,
           recorded_at, scan_id, language, evidence, data
    FROM events
    WHERE type IN ('VisitVoided', 'VisitReinstated') AND rally = $1
    ORDER BY bucket, data ->> 'position', position DESC
) AS newest
WHERE type = 'VisitVoided'
ORDER BY recorded_at DESC
