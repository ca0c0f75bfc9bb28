-- Somebody by id. $1 id. Returns id, rally, role, spots, name, joined_at, revoked_at, or nothing.
SELECT id, rally, role, spots, name, joined_at, revoked_at FROM people WHERE id = $1
