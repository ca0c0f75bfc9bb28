-- How far projections are behind. $1 projections.
-- Returns projection, definition (that its tables are made by), facts (not yet read), since (when the oldest of them was recorded; NULL:
-- none) and error (why it stands still somewhere; NULL: it does not).
SELECT progress.projection, projections.definition,
       coalesce(sum(heads.position - progress.position), 0)::bigint AS facts,
       min(oldest.recorded_at) AS since,
       string_agg(progress.error, '; ' ORDER BY progress.bucket) AS error
FROM progress
JOIN projections USING (projection)
JOIN heads USING (bucket)
LEFT JOIN events AS oldest
    ON oldest.bucket = heads.bucket AND oldest.position = progress.position + 1
       AND progress.position < heads.position
WHERE progress.projection = ANY ($1::text[])
GROUP BY progress.projection, projections.definition
