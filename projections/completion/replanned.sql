-- The rallies whose plan a stretch of the rallies' bucket changes.
-- $1 bucket, $2 after, $3 up to this position. Returns rally.
SELECT DISTINCT rally FROM events
WHERE bucket = $1 AND position > $2 AND position <= $3 AND type = 'RallyReplanned'
