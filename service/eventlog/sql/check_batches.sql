-- Is each batch of a stretch what its facts make of it? Each is held against the digest before it as
-- that is kept, so a changed fact breaks one batch, and not all that follow.
-- $1 bucket, $2 after this position, $3 the digest there, $4 up to this position.
-- Returns first and last position, digest, whole; in order.
SELECT after + 1 AS first, position AS last, digest, digest = batch_digest(before, coalesce((
    SELECT string_agg(fact_line(bucket, position, type, version, rally, visitor, spot, period,
                                firsts, occurred_at, recorded_at, scan_id, language, evidence,
                                data), E'\n' ORDER BY position)
    FROM events WHERE bucket = $1 AND position > batch.after AND position <= batch.position
), '')) AS whole
FROM (
    SELECT position, digest, lag(position, 1, $2::bigint) OVER (ORDER BY position) AS after,
           lag(digest, 1, $3::bytea) OVER (ORDER BY position) AS before
    FROM batches WHERE bucket = $1 AND position > $2 AND position <= $4
) AS batch
ORDER BY position
