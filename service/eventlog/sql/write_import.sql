-- Keep how far a log was taken over. $1 log, $2 rally, $3 bucket, $4 position, $5 fact, $6 facts more.
INSERT INTO imports (log, rally, bucket, position, fact, facts) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (log, rally, bucket) DO UPDATE
SET position = excluded.position, fact = excluded.fact, facts = imports.facts + excluded.facts
