-- All that the log has about some visitors' visits that count, up to a position.
-- $1 bucket, $2 up to this position, $3 rally, $4 visitors.
-- Returns visitor, day, marks and moments as gather.sql does; a day of which every visit is void
-- has none. A visit is void if that was said of it last, or if another card has taken it
-- over; what confirms it is void with it.
WITH daily AS MATERIALIZED (
    SELECT time_zone FROM rallies
    WHERE rally = $3 AND state -> 'plan' -> 'carry_over' = 'false'
), facts AS MATERIALIZED (
    SELECT visitor, position, type, spot, evidence, occurred_at, data
    FROM events
    WHERE bucket = $1 AND position <= $2 AND rally = $3 AND visitor = ANY ($4::uuid[])
      AND type IN ('VisitRecorded', 'VisitConfirmed', 'VisitVoided', 'VisitReinstated',
                   'CardLinked')
), said AS MATERIALIZED (
    SELECT DISTINCT ON (visit) visit, void
    FROM (
        SELECT position, (data ->> 'position')::bigint AS visit, type = 'VisitVoided' AS void
        FROM facts WHERE type IN ('VisitVoided', 'VisitReinstated')
        UNION ALL
        SELECT position, (gone ->> 'position')::bigint, true
        FROM facts CROSS JOIN LATERAL jsonb_array_elements(data -> 'corrections') AS gone
        WHERE type = 'CardLinked'
    ) AS words
    ORDER BY visit, position DESC
), scans AS (
    SELECT *, coalesce((data ->> 'visit')::bigint, position) AS visit
    FROM facts WHERE type IN ('VisitRecorded', 'VisitConfirmed')
)
SELECT visitor,
       CASE WHEN NOT EXISTS (TABLE daily) THEN 0
            ELSE to_char(occurred_at AT TIME ZONE (TABLE daily), 'YYYYMMDD')::integer
       END AS day,
       coalesce(array_agg(CASE WHEN evidence = 'printed' THEN spot
                               ELSE spot || '#' || evidence END)
                    FILTER (WHERE void IS NOT TRUE), '{}') AS marks,
       coalesce(array_agg((date_part('epoch', occurred_at) * 1000000)::bigint)
                    FILTER (WHERE void IS NOT TRUE), '{}') AS moments
FROM scans LEFT JOIN said USING (visit)
GROUP BY 1, 2
