-- Which projections have something to apply. $1 projections, $2 their definitions, as arrays.
-- Returns projection. A stopped bucket is tried again after five seconds.
SELECT DISTINCT projections.projection
FROM unnest($1::text[], $2::text[]) AS ours (projection, definition)
JOIN projections USING (projection, definition)
JOIN progress USING (projection)
JOIN heads USING (bucket)
WHERE progress.position < heads.position
  AND (progress.error IS NULL OR progress.tried_at < now() - interval '5 seconds')
