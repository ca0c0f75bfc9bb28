-- Take the next facts of a locked bucket into the chain: those that were there before there was one,
-- or that an earlier release has appended. $1 bucket, $2 at most so many.
-- Returns up to which position the chain goes then; nothing if there are none.
WITH batch AS (
    INSERT INTO batches (bucket, position, digest)
    SELECT $1, max(position), batch_digest(
        (SELECT digest FROM heads WHERE bucket = $1), string_agg(line, E'\n' ORDER BY position)
    )
    FROM (
        SELECT position, fact_line(bucket, position, type, version, rally, visitor, spot, period,
                                   firsts, occurred_at, recorded_at, scan_id, language, evidence,
                                   data) AS line
        FROM events
        WHERE bucket = $1 AND position > (SELECT chained FROM heads WHERE bucket = $1)
        ORDER BY position LIMIT $2
    ) AS stretch
    HAVING count(*) > 0
    RETURNING position, digest
)
UPDATE heads SET chained = batch.position, digest = batch.digest
FROM batch WHERE heads.bucket = $1
RETURNING chained
