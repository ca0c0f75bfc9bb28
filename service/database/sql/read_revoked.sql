-- Whose tokens are good no more. Returns id.
SELECT id FROM people WHERE revoked_at IS NOT NULL
