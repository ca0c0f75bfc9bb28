-- Whose cards were put together with a visitor's in a rally. $1 visitor, $2 rally. Returns visitor.
SELECT visitor FROM events WHERE type = 'CardLinked' AND data ->> 'to' = $1 AND rally = $2
ORDER BY recorded_at, position
