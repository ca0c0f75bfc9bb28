-- One wave of visitors as grow_wave.sql makes it, with a bit of everything; parameters as there.
-- $1 rally, $2 wave, $3 visitors a bucket and wave, $4 facts a visitor, $5 when the wave begins,
-- $6 its local day as a number, $7 spot ids, $8 the same as MessagePack.
-- What a fact is follows from the visitor's number and how many came before it: the last one of
-- every sixth visitor is a refused scan (2 % of all) and of every thirtieth another one an entry
-- for a prize; the sixth of every ninth earns a prize. Visitors walk the spots in steps of 1 to 11
-- (their number must be prime), take 2 to 10 minutes, and speak five languages.
WITH wave AS (
    SELECT bucket, visitor, number, number - $2::bigint * $3::bigint AS slot,
           count(*) OVER (PARTITION BY bucket) AS size
    FROM crowd WHERE number >= $2::bigint * $3::bigint AND number < ($2::bigint + 1) * $3::bigint
), moments AS (
    SELECT wave.*, turn,
           CASE WHEN turn = $4::integer - 1 AND number % 6 = 0 THEN 'CheckInRefused'
                WHEN turn = $4::integer - 1 AND number % 30 = 1 THEN 'PrizeEntered'
                ELSE 'VisitRecorded' END AS type,
           $5::timestamptz + turn * interval '6 minutes' + slot * interval '3 ms' AS moment
    FROM wave CROSS JOIN generate_series(0, $4::integer - 1) AS turn
), facts AS (
    INSERT INTO events (position, occurred_at, recorded_at, type, period, bucket, version, firsts,
                        visitor, scan_id, rally, spot, language, evidence, data)
    SELECT $2::bigint * $3::bigint * $4::integer + turn * size + slot + 1,
           moment - (number * 31 + turn * 17) % 5 * interval '1 minute', moment, type::event_type,
           CASE type WHEN 'VisitRecorded' THEN $6::integer END, bucket, 1,
           CASE WHEN type <> 'VisitRecorded' THEN NULL WHEN turn = 0 THEN 31 ELSE 26 END,
           visitor,
           CASE WHEN type <> 'PrizeEntered' THEN gen_random_uuid() END, $1::text,
           CASE WHEN type <> 'PrizeEntered' THEN ($7::text[])[
               1 + (number * 7 + turn * (1 + number % 11)) % cardinality($7::text[])] END,
           CASE WHEN type <> 'PrizeEntered' THEN ('{ja,ja,ja,ja,ja,ja,ja,ja,ja,ja,ja,ja,ja,en,en,en,'
               'zh-Hant,zh-Hant,ko,zh-Hans}'::text[])[1 + number % 20] END,
           CASE WHEN type <> 'PrizeEntered' THEN 'printed' END,
           CASE type WHEN 'CheckInRefused' THEN '{"code": "rally_over"}'::jsonb
                     WHEN 'PrizeEntered' THEN '{"prize": "complete"}'::jsonb
                     ELSE CASE WHEN turn = 5 AND number % 9 = 0
                          THEN '{"earned": ["local-products"]}'::jsonb END END
    FROM moments
    ORDER BY turn, slot, bucket
    RETURNING bucket, visitor, rally, spot, period, occurred_at, recorded_at, scan_id, position,
              type, data
)
-- A card as MessagePack: [[[spot, period, microseconds, scan id, position, [prize]], …],
-- [[scan id, microseconds, spot, {"code": …}]], [prize], …].
INSERT INTO cards (bucket, visitor, rally, state)
SELECT bucket, visitor, rally,
       '\x98'::bytea
       || set_byte('\x90'::bytea, 0, 144 + (count(*) FILTER (WHERE type = 'VisitRecorded'))::integer)
       || string_agg(
           '\x96'::bytea || packed.spot || '\xce'::bytea || int4send(period)
           || '\xcf'::bytea || int8send((extract(epoch FROM occurred_at) * 1000000)::bigint)
           || '\xc410'::bytea || uuid_send(scan_id)
           || '\xce'::bytea || int4send(position::integer)
           || CASE WHEN data IS NULL THEN '\x90'::bytea
                   ELSE '\x91ae'::bytea || 'local-products'::bytea END,
           ''::bytea ORDER BY position) FILTER (WHERE type = 'VisitRecorded')
       || coalesce(string_agg(
           '\x9194c410'::bytea || uuid_send(scan_id)
           || '\xcf'::bytea || int8send((extract(epoch FROM recorded_at) * 1000000)::bigint)
           || packed.spot || '\x81a4'::bytea || 'code'::bytea || '\xaa'::bytea
           || 'rally_over'::bytea, ''::bytea) FILTER (WHERE type = 'CheckInRefused'),
           '\x90'::bytea)
       || CASE WHEN bool_or(type = 'PrizeEntered')
               THEN '\x91a8'::bytea || 'complete'::bytea ELSE '\x90'::bytea END
       || '\x90c290c0c0'::bytea
FROM facts LEFT JOIN unnest($7::text[], $8::bytea[]) AS packed (id, spot) ON packed.id = facts.spot
GROUP BY bucket, visitor, rally
