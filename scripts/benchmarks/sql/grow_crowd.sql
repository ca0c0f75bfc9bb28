-- Who has been there: visitors numbered within their buckets. $1 visitors, $2 buckets, $3 days.
-- Ids are in the order of arrival, as service/ids.py makes them. The bucket is that of
-- domain/buckets.py: CRC-32 of the id's 16 bytes. (PostgreSQL 18 has both.)
INSERT INTO crowd (visitor, bucket, number)
SELECT visitor, bucket, row_number() OVER (PARTITION BY bucket ORDER BY visitor) - 1
FROM (
    SELECT visitor, 1 + crc32(uuid_send(visitor)) % $2::integer AS bucket
    FROM (
        SELECT uuidv7($3::integer * interval '1 day' * (number / $1::float8 - 1)) AS visitor
        FROM generate_series(1, $1::integer) AS number OFFSET 0
    ) AS ids
) AS people
