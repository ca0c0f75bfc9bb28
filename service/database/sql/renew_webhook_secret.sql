-- A new secret; the one before it stays good beside it. $1 id, $2 secret. Returns the id.
UPDATE webhooks SET secrets = ARRAY[$2::bytea, secrets[1]] WHERE id = $1 RETURNING id
