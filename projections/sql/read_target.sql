-- Where a live projection is, for comparing with the log. {home} stands for the schema's name.
-- $1 projection. Returns definition, error (NULL: none), and whether plans that have changed are
-- still to be applied (`replanned`): until then rows may be of two plans.
SELECT live.definition, min(progress.error) AS error,
       bool_or(progress.bucket = 0 AND progress.position
               < (SELECT coalesce(max(position), 0) FROM rallies)) AS replanned
FROM {home}.projections AS live JOIN {home}.progress USING (projection)
WHERE live.projection = $1
GROUP BY live.definition
