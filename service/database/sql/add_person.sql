-- Somebody new. $1 id, $2 rally (NULL: all), $3 role, $4 spots, $5 name, $6 by, $7 now,
-- $8 joined at (NULL: invited only).
INSERT INTO people (id, rally, role, spots, name, added_by, added_at, joined_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
