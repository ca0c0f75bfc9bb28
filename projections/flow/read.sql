-- Moves between the spots of a rally. $1 rally.
-- Returns origin, destination, moves, median_minutes, the most frequent first.
SELECT origin, destination, moves, median_minutes
FROM flow WHERE rally = $1
ORDER BY moves DESC, origin, destination
