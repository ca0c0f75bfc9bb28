-- A device's sign of life. $1 person, $2 now, $3 its clock less ours in ms, $4 unsent scans.
-- Nothing for tokens that were made for scripts: nobody is listed with them.
INSERT INTO signs_of_life (person, seen_at, skew_ms, unsent)
SELECT id, $2, $3, $4 FROM people WHERE id = $1
ON CONFLICT (person) DO UPDATE
SET seen_at = excluded.seen_at, skew_ms = excluded.skew_ms, unsent = excluded.unsent
