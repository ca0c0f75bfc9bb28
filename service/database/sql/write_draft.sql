-- Keep what is being typed, beside the address that there may be. $1 visitor, $2 rally, $3 sealed, $4 now.
INSERT INTO addresses (visitor, rally, draft, changed_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (visitor, rally) DO UPDATE
SET draft = excluded.draft, changed_at = excluded.changed_at
