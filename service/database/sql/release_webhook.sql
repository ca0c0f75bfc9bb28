-- What has come of telling a webhook. $1 id, $2 when it is told again, $3 failures in a row, $4 error.
UPDATE webhooks SET due_at = $2, failures = $3, error = $4 WHERE id = $1
