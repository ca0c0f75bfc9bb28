-- Lock a bucket: until the transaction ends, nobody else writes to it.
-- $1 bucket. Returns its position, up to where it is chained, and the position of the rallies' bucket.
-- It must be a statement of its own: what is read next has to see what the last holder committed.
SELECT position, chained, rallies_position FROM heads WHERE bucket = $1 FOR UPDATE
