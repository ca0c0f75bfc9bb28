-- Who visited what in a stretch of one bucket. $1 bucket, $2 after, $3 up to this position.
-- Returns rally, visitor, day (0 where stamps carry over), and as arrays of equal length marks (the
-- spot, or spot#evidence if not printed) and moments (microseconds since 1970), in no order; a mark
-- may come more than once. An erasure has a row of its own, with day NULL; so have visits that were
-- voided, reinstated or taken over by another card, with day -1: their visitor's cards are read anew
-- (marks.sql). Microseconds of our centuries fit a float exactly; visitors come first in the sorting
-- because they tell rows apart at once.
WITH daily AS MATERIALIZED (
    SELECT rally, time_zone FROM rallies WHERE state -> 'plan' -> 'carry_over' = 'false'
)
SELECT events.rally, visitor,
       CASE WHEN type = 'VisitorErased' THEN NULL
            WHEN type IN ('VisitVoided', 'VisitReinstated', 'CardLinked') THEN -1
            WHEN daily.rally IS NULL THEN 0
            ELSE to_char(occurred_at AT TIME ZONE daily.time_zone, 'YYYYMMDD')::integer
       END AS day,
       array_agg(CASE WHEN evidence = 'printed' THEN spot ELSE spot || '#' || evidence END)
           AS marks,
       array_agg((date_part('epoch', occurred_at) * 1000000)::bigint) AS moments
FROM events LEFT JOIN daily ON daily.rally = events.rally
WHERE bucket = $1 AND position > $2 AND position <= $3
  AND type IN ('VisitRecorded', 'VisitConfirmed', 'VisitVoided', 'VisitReinstated',
               'CardLinked', 'VisitorErased')
GROUP BY 2, 1, 3
