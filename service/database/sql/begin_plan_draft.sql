-- Begin a draft; of a rally's changes only if there are none. $1 id, $2 rally, $3 base, $4 said, $5 who, $6 now,
-- $7 organisation.
INSERT INTO plan_drafts (id, rally, base, said, changed_by, changed_at, organisation)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (rally) DO NOTHING
