-- Let the heads say what was loaded.
UPDATE heads SET position = loaded.position
FROM (SELECT bucket, max(position) AS position FROM events GROUP BY bucket) AS loaded
WHERE heads.bucket = loaded.bucket AND heads.bucket > 0
