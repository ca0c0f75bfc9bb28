-- The heads of all buckets, in order. Returns bucket, position.
SELECT bucket, position FROM heads ORDER BY bucket
