-- Whose card a code moves. $1 hash, $2 now. Returns visitor, since, rally, or nothing.
SELECT visitor, since, rally FROM card_moves WHERE code_hash = $1 AND expires_at > $2
