-- A webhook that is told what comes from now on, or all there is. $1 id, $2 rally, $3 url, $4 kinds,
-- $5 secret, $6 by, $7 now, $8 whether it is told from the beginning.
WITH added AS (
    INSERT INTO webhooks (id, rally, url, kinds, secrets, added_by, added_at, due_at)
    VALUES ($1, $2, $3, $4, ARRAY[$5::bytea], $6, $7, $7)
    RETURNING id
)
INSERT INTO webhook_progress (webhook, bucket, position)
SELECT id, bucket, CASE WHEN $8 THEN 0 ELSE position END FROM added CROSS JOIN heads
