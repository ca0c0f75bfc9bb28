-- Whether a projection has something to apply. $1 projection, $2 definition. Returns true or false.
-- Not when its tables are of another definition. A stopped bucket is tried again after five seconds.
SELECT EXISTS (
    SELECT true FROM projections
    JOIN progress USING (projection)
    JOIN heads USING (bucket)
    WHERE projections.projection = $1 AND projections.definition = $2
      AND progress.position < heads.position
      AND (progress.error IS NULL OR progress.tried_at < now() - interval '5 seconds')
)
