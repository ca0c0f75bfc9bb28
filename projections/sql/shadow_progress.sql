-- How far a shadow has come. {shadow} stands for the schema's name. $1 projection.
-- Returns facts (read), total (facts there are), error (why it stands still; NULL: it does not).
SELECT coalesce(sum(progress.position), 0)::bigint AS facts,
       coalesce(sum(heads.position), 0)::bigint AS total,
       min(progress.error) AS error
FROM {shadow}.progress JOIN heads USING (bucket)
WHERE progress.projection = $1
