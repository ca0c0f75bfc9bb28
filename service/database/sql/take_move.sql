-- Use a code up. $1 hash, $2 now. Returns visitor, since, rally, or nothing if there is none.
DELETE FROM card_moves WHERE code_hash = $1 AND expires_at > $2
RETURNING visitor, since, rally
