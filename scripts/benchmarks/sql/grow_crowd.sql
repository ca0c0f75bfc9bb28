-- Who has been there: visitors numbered within their buckets. $1 visitors, $2 buckets.
-- The bucket is that of domain/buckets.py: CRC-32 of the id's 16 bytes (PostgreSQL 18 has it).
INSERT INTO crowd (visitor, bucket, number)
SELECT visitor, bucket, row_number() OVER (PARTITION BY bucket) - 1
FROM (
    SELECT visitor, 1 + crc32(uuid_send(visitor)) % $2::integer AS bucket
    FROM (SELECT gen_random_uuid() AS visitor FROM generate_series(1, $1::integer) OFFSET 0) AS ids
) AS people
