-- A batch, or the last one before. $1 bucket, $2 position. Returns position, digest.
SELECT position, digest FROM batches WHERE bucket = $1 AND position <= $2
ORDER BY position DESC LIMIT 1
