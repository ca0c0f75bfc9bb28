-- Whether a headcount is in the log. $1 bucket, $2 its id. Returns true, or nothing.
SELECT true FROM events WHERE bucket = $1 AND scan_id = $2 AND visitor IS NULL
