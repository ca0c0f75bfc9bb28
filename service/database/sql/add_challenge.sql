-- Keep a challenge; those that are over go. $1 challenge, $2 person or NULL, $3 expires at, $4 now.
WITH gone AS (
    DELETE FROM passkey_challenges WHERE expires_at <= $4
)
INSERT INTO passkey_challenges (challenge, person, expires_at) VALUES ($1, $2, $3)
