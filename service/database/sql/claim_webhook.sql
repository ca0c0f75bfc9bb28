-- Keep everybody else from telling a webhook anything for a while. $1 id, $2 now, $3 until.
-- Returns a row if it was free.
UPDATE webhooks SET due_at = $3 WHERE id = $1 AND due_at <= $2 RETURNING id
