-- What was said last of each visit that was ever voided. $1 rally. The newest first.
-- Returns rows as read_events.sql does: those visits that are void now, and could count again: not
-- those of a card that was put together with another one.
SELECT * FROM (
    SELECT DISTINCT ON (bucket, data ->> 'position')
           bucket, position, type::text AS type, version, rally, visitor, spot, period, firsts, occurred_at,
           recorded_at, scan_id, language, evidence, data
    FROM events
    WHERE type IN ('VisitVoided', 'VisitReinstated') AND rally = $1
    ORDER BY bucket, data ->> 'position', position DESC
) AS newest
WHERE type = 'VisitVoided' AND NOT EXISTS (
    SELECT true FROM events AS link
    WHERE link.type = 'CardLinked' AND link.bucket = newest.bucket
      AND link.visitor = newest.visitor AND link.rally = $1
)
ORDER BY recorded_at DESC
