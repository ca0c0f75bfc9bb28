-- Move a projection's progress. $1 projection, $2 buckets, $3 positions.
UPDATE progress SET position = moved.position
FROM unnest($2::smallint[], $3::bigint[]) AS moved (bucket, position)
WHERE progress.projection = $1 AND progress.bucket = moved.bucket
