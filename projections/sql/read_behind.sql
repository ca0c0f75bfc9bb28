-- The buckets of a claimed projection that are behind. $1 projection, $2 bucket (NULL: all).
-- Returns bucket, position (how far it has read), head (how far the log is), by bucket.
SELECT progress.bucket, progress.position, heads.position AS head
FROM progress JOIN heads USING (bucket)
WHERE progress.projection = $1 AND progress.position < heads.position
  AND ($2::smallint IS NULL OR progress.bucket = $2)
  AND (progress.error IS NULL OR progress.tried_at < now() - interval '5 seconds'
       OR $2 IS NOT NULL)
ORDER BY progress.bucket
