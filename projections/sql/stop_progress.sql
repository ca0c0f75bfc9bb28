-- Note that the fact after a position cannot be applied. $1 projection, $2 bucket, $3 position,
-- $4 why. Nothing is noted when somebody has come past it meanwhile.
UPDATE progress
SET error = $4, stopped_at = coalesce(stopped_at, now()), tried_at = now()
WHERE projection = $1 AND bucket = $2 AND position = $3
