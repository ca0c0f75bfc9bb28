-- How many visits of a rally came late or from nowhere known, and how many came late since a moment.
-- $1 rally, $2 the moment. Returns marked, late (in all), late_since.
SELECT count(*) AS marked,
       count(*) FILTER (WHERE data ? 'late') AS late,
       count(*) FILTER (WHERE data ? 'late' AND recorded_at >= $2) AS late_since
FROM events
WHERE rally = $1 AND type = 'VisitRecorded' AND data ?| '{late,unplaced}'
