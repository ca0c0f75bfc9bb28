-- Let the live projection go on where the shadow has come to. {shadow} and {home} stand for the
-- schemas' names, {name} for the projection's.
DELETE FROM {home}.progress WHERE projection = '{name}';
INSERT INTO {home}.progress (projection, bucket, reached, error, stopped_at, tried_at)
SELECT projection, bucket, reached, error, stopped_at, tried_at
FROM {shadow}.progress WHERE projection = '{name}';
UPDATE {home}.projections AS live SET definition = built.definition, built_at = now()
FROM {shadow}.projections AS built
WHERE live.projection = '{name}' AND built.projection = '{name}'
