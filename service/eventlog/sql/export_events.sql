-- The facts of a rally, or of all, in a stretch of a bucket, in order. $1 bucket, $2 after, $3 up to this
-- position, $4 rally, or NULL, $5 types, or NULL. Returns what read_events.sql does, and
-- id: the same in every installation,
-- visits: as JSON, the scan ids of the visits that the fact names by their positions, by these.
SELECT position, type::text AS type, version, rally, visitor, spot, period, firsts, occurred_at,
       recorded_at, scan_id, language, evidence, data,
       fact_id(type, version, rally, visitor, spot, period, firsts, occurred_at, recorded_at, scan_id,
               language, evidence, data) AS id,
       CASE WHEN type IN ('VisitConfirmed', 'VisitVoided', 'VisitReinstated', 'CardLinked') THEN (
           SELECT jsonb_object_agg(visit.position, visit.scan_id)::text
           FROM events AS visit
           WHERE visit.bucket = $1 AND visit.position IN (
               SELECT (fact.data ->> 'visit')::bigint
               UNION SELECT (fact.data ->> 'position')::bigint
               UNION SELECT (each ->> 'position')::bigint
               FROM jsonb_array_elements(fact.data -> 'corrections') AS each
           )
       ) END AS visits
FROM events AS fact
WHERE bucket = $1 AND position > $2 AND position <= $3 AND ($4::text IS NULL OR rally = $4)
  AND ($5::text[] IS NULL OR type::text = ANY ($5))
ORDER BY position
