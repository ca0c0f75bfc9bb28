-- What kind of fact is at a position. $1 bucket, $2 position. Returns type, version, rally.
SELECT type::text AS type, version, rally FROM events WHERE bucket = $1 AND position = $2
