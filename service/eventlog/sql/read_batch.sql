-- A batch's digest. $1 bucket, $2 the position of its last fact. Returns digest, or nothing.
SELECT digest FROM batches WHERE bucket = $1 AND position = $2
