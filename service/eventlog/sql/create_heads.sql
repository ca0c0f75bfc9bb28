-- Found the log: a head for each bucket, once. $1 number of visitors' buckets.
INSERT INTO heads (bucket)
SELECT bucket FROM generate_series(0, $1::integer) AS bucket
WHERE NOT EXISTS (SELECT true FROM heads)
