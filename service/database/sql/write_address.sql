-- Keep a whole address; the draft goes. $1 visitor, $2 rally, $3 sealed, $4 now.
INSERT INTO addresses (visitor, rally, address, changed_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (visitor, rally) DO UPDATE
SET address = excluded.address, draft = NULL, changed_at = excluded.changed_at
