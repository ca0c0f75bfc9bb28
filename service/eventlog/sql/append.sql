-- Append a batch to a bucket: its facts, the cards they changed, the new head; in one statement.
-- $1 bucket, $2 recorded_at, $3 new head position,
-- $4–$16 the facts' columns as arrays, $17–$19 visitor, rally and state of the changed cards.
-- No ON CONFLICT for facts: `decide` has found what is new, so a conflict is a fault.
-- The bucket is taken from its head: so Citus sees that all of it lies in one shard group.
WITH appended AS (
    INSERT INTO events (bucket, recorded_at, position, type, rally, visitor, spot, period, firsts,
                        occurred_at, scan_id, language, evidence, data, version)
    SELECT head.bucket, $2, fact.position, fact.type::event_type, fact.rally, fact.visitor, fact.spot,
           fact.period, fact.firsts, fact.occurred_at, fact.scan_id, fact.language, fact.evidence,
           fact.data::jsonb, fact.version
    FROM heads AS head
    CROSS JOIN unnest($4::bigint[], $5::text[], $6::text[], $7::uuid[], $8::text[], $9::integer[],
                $10::smallint[], $11::timestamptz[], $12::uuid[], $13::text[], $14::text[],
                $15::text[], $16::smallint[])
        AS fact (position, type, rally, visitor, spot, period, firsts, occurred_at, scan_id,
                 language, evidence, data, version)
    WHERE head.bucket = $1
), kept AS (
    INSERT INTO cards (bucket, visitor, rally, state)
    SELECT head.bucket, card.visitor, card.rally, card.state
    FROM heads AS head
    CROSS JOIN unnest($17::uuid[], $18::text[], $19::bytea[]) AS card (visitor, rally, state)
    WHERE head.bucket = $1
    ON CONFLICT (bucket, visitor, rally) DO UPDATE SET state = excluded.state
)
UPDATE heads SET position = $3 WHERE bucket = $1
