-- Use a challenge up. $1 challenge, $2 person or NULL, $3 now. Returns challenge, or nothing.
DELETE FROM passkey_challenges
WHERE challenge = $1 AND person IS NOT DISTINCT FROM $2 AND expires_at > $3
RETURNING challenge
