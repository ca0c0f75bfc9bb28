-- How far a projection is behind. $1 projection.
-- Returns facts (not yet read) and since (when the oldest of them was recorded; NULL: none).
SELECT coalesce(sum(heads.position - progress.position), 0)::bigint AS facts,
       min(oldest.recorded_at) AS since
FROM progress
JOIN heads USING (bucket)
LEFT JOIN LATERAL (
    SELECT recorded_at FROM events
    WHERE events.bucket = progress.bucket AND events.position = progress.position + 1
      AND progress.position < heads.position
) AS oldest ON true
WHERE progress.projection = $1
