-- A webhook was told everything up to a position. Never back: another process may be further.
-- $1 id, $2 bucket, $3 position.
UPDATE webhook_progress SET position = $3 WHERE webhook = $1 AND bucket = $2 AND position < $3
