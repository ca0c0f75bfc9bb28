-- Append a batch to a bucket: its facts, the cards they changed, its digest, the new head; in one
-- statement. The whole of what is before must be in the chain (chain.sql).
-- $1 bucket, $2 recorded_at of each fact, or once for all of them, $3 new head position,
-- $4–$16 the facts' columns as arrays, $17–$19 visitor, rally and state of the changed cards.
-- No ON CONFLICT for facts: `decide` has found what is new, so a conflict is a fault.
-- The digest is made of the rows as they were kept, not as they were sent.
-- The bucket is taken from its head: so Citus sees that all of it lies in one shard group. It
-- also needs the alias `event`, or looks for a table in what is returned that is not there.
WITH appended AS (
    INSERT INTO events AS event (bucket, recorded_at, position, type, rally, visitor, spot, period,
                                 firsts, occurred_at, scan_id, language, evidence, data, version)
    SELECT head.bucket, coalesce(fact.recorded_at, ($2::timestamptz[])[1]), fact.position,
           fact.type::event_type, fact.rally, fact.visitor, fact.spot, fact.period, fact.firsts,
           fact.occurred_at, fact.scan_id, fact.language, fact.evidence, fact.data::jsonb,
           fact.version
    FROM heads AS head CROSS JOIN unnest(
        $2::timestamptz[], $4::bigint[], $5::text[], $6::text[], $7::uuid[], $8::text[],
        $9::integer[], $10::smallint[], $11::timestamptz[], $12::uuid[], $13::text[],
        $14::text[], $15::text[], $16::smallint[]
    ) AS fact (recorded_at, position, type, rally, visitor, spot, period, firsts, occurred_at,
               scan_id, language, evidence, data, version)
    WHERE head.bucket = $1
    RETURNING position, fact_line(bucket, position, type, version, rally, visitor, spot, period,
                                  firsts, occurred_at, recorded_at, scan_id, language, evidence,
                                  data) AS line
), kept AS (
    INSERT INTO cards (bucket, visitor, rally, state)
    SELECT head.bucket, card.visitor, card.rally, card.state
    FROM heads AS head
    CROSS JOIN unnest($17::uuid[], $18::text[], $19::bytea[]) AS card (visitor, rally, state)
    WHERE head.bucket = $1
    ON CONFLICT (bucket, visitor, rally) DO UPDATE SET state = excluded.state
), batch AS (
    INSERT INTO batches (bucket, position, digest)
    SELECT head.bucket, $3, batch_digest(head.digest, facts.lines)
    FROM heads AS head
    CROSS JOIN (
        SELECT string_agg(line, E'\n' ORDER BY position) AS lines FROM appended
    ) AS facts
    WHERE head.bucket = $1
    RETURNING digest
)
UPDATE heads SET position = $3, chained = $3, digest = batch.digest
FROM batch WHERE heads.bucket = $1
