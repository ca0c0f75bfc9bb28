-- Move a projection's progress; what it had stopped at is behind it. $1 projection, $2 buckets,
-- $3 positions.
UPDATE progress SET reached = moved.position, error = NULL, stopped_at = NULL, tried_at = NULL
FROM unnest($2::smallint[], $3::bigint[]) AS moved (bucket, position)
WHERE progress.projection = $1 AND progress.bucket = moved.bucket
