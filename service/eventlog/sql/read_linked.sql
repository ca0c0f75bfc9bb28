-- Whose cards were put together with some visitors' in a rally. $1 visitors, as texts, $2 rally.
-- Returns visitor.
SELECT visitor FROM events WHERE type = 'CardLinked' AND data ->> 'to' = ANY ($1::text[]) AND rally = $2
ORDER BY recorded_at, position
