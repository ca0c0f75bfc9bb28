-- Make a code for a visitor's card; the visitor's older ones and all that have expired go.
-- $1 hash, $2 visitor, $3 since, $4 rally, $5 expires at, $6 now.
WITH gone AS (
    DELETE FROM card_moves WHERE visitor = $2 OR expires_at <= $6
)
INSERT INTO card_moves (code_hash, visitor, since, rally, expires_at) VALUES ($1, $2, $3, $4, $5)
