-- Somebody's tokens, links and passkeys are good no more. $1 id, $2 by, $3 now. Returns id once.
UPDATE people SET revoked_by = $2, revoked_at = $3 WHERE id = $1 AND revoked_at IS NULL
RETURNING id
