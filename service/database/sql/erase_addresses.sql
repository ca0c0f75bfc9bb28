-- Erase what is kept for all visitors of rallies. $1 rallies. Returns visitor.
DELETE FROM addresses WHERE rally = ANY ($1::text[]) RETURNING visitor
