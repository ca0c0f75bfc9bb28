-- Let a projection start at the beginning of every bucket. $1 projection.
INSERT INTO progress (projection, bucket)
SELECT $1, bucket FROM heads
ON CONFLICT DO NOTHING
