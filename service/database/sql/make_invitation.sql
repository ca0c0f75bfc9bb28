-- A one-time link for somebody; the older ones that were not used are over.
-- $1 hash, $2 person, $3 by, $4 now, $5 expires at.
WITH over AS (
    UPDATE invitations SET expires_at = $4
    WHERE person = $2 AND used_at IS NULL AND expires_at > $4
)
INSERT INTO invitations (secret_hash, person, made_by, made_at, expires_at)
VALUES ($1, $2, $3, $4, $5)
