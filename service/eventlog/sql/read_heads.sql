-- The heads of all buckets, in order. Returns bucket, position, chained, digest.
SELECT bucket, position, chained, digest FROM heads ORDER BY bucket
