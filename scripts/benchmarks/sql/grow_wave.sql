-- One wave of visitors, in all buckets: their visits and their cards.
-- $1 rally, $2 wave, $3 visitors a bucket and wave, $4 visits a visitor, $5 when the wave begins,
-- $6 its local day as a number, $7 spot ids, $8 the same as MessagePack.
-- A wave's visitors go to their first spots one after the other, then to their second ones, …;
-- so a position follows from wave, visit and number, and there is no gap.
-- firsts: 31 all; 26 at this spot, at this spot today, at this spot this hour.
WITH wave AS (
    SELECT bucket, visitor, number, number - $2::bigint * $3::bigint AS slot,
           count(*) OVER (PARTITION BY bucket) AS size
    FROM crowd WHERE number >= $2::bigint * $3::bigint AND number < ($2::bigint + 1) * $3::bigint
), visits AS (
    INSERT INTO events (position, occurred_at, recorded_at, type, period, bucket, version, firsts,
                        visitor, scan_id, rally, spot, language, evidence)
    SELECT $2::bigint * $3::bigint * $4::integer + visit * size + slot + 1, moment, moment, 'VisitRecorded', $6::integer, bucket, 1,
           CASE visit WHEN 0 THEN 31 ELSE 26 END, visitor, gen_random_uuid(), $1::text,
           ($7::text[])[1 + (number * 7 + visit) % cardinality($7::text[])], 'ja', 'printed'
    FROM wave
    CROSS JOIN generate_series(0, $4::integer - 1) AS visit
    CROSS JOIN LATERAL (
        SELECT $5::timestamptz + visit * interval '6 minutes' + slot * interval '3 ms' AS moment
    ) AS times
    ORDER BY visit, slot, bucket
    RETURNING bucket, visitor, rally, spot, period, occurred_at, scan_id, position
)
-- A card as MessagePack: [[[spot, period, microseconds, scan id, position, []], …], [], …].
INSERT INTO cards (bucket, visitor, rally, state)
SELECT bucket, visitor, rally,
       '\x98'::bytea || set_byte('\x90'::bytea, 0, 144 + count(*)::integer)
       || string_agg(
           '\x96'::bytea || packed.spot || '\xce'::bytea || int4send(period)
           || '\xcf'::bytea || int8send((extract(epoch FROM occurred_at) * 1000000)::bigint)
           || '\xc410'::bytea || uuid_send(scan_id)
           || '\xce'::bytea || int4send(position::integer) || '\x90'::bytea,
           ''::bytea ORDER BY position)
       || '\x909090c290c0c0'::bytea
FROM visits JOIN unnest($7::text[], $8::bytea[]) AS packed (id, spot) ON packed.id = visits.spot
GROUP BY bucket, visitor, rally
