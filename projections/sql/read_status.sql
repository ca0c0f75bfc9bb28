-- What the operator wants to know of projections. $1 projections.
-- Returns projection, definition, built_at, facts (read), total (facts there are).
SELECT projections.projection, projections.definition, projections.built_at,
       sum(progress.position)::bigint AS facts, sum(heads.position)::bigint AS total
FROM projections JOIN progress USING (projection) JOIN heads USING (bucket)
WHERE projections.projection = ANY ($1::text[])
GROUP BY projections.projection
