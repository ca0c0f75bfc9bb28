-- What a stretch of one bucket changes about moves. $1 bucket, $2 after, $3 up to this position.
-- Returns rally, origin, destination, minutes, moves; moves are negative where a late visit has
-- come between two others, or a visit was voided.
-- A move is from one visit to the visitor's next at another spot on the same local day; answers that
-- were given from anywhere (evidence 'quiz') are no visits to a place. A visitor's day of which the
-- stretch has the first visit to arrive (firsts & 4) has no earlier ones; only for the other days,
-- and those with visits that were voided, reinstated or taken over by another card, the log is
-- asked, by visitor: its moves before are taken back, its moves now are added. Visitors come first
-- in the sorting because they tell rows apart at once, where rallies compare equal; date_part counts
-- in floats, which extract does not.
WITH fresh AS MATERIALIZED (
    SELECT rally, visitor, spot, occurred_at, events.position, firsts,
           (occurred_at AT TIME ZONE coalesce(time_zone, 'of a rally that is not there'))::date
               AS day
    FROM events LEFT JOIN rallies USING (rally)
    WHERE bucket = $1 AND events.position > $2 AND events.position <= $3
      AND type = 'VisitRecorded' AND evidence IS DISTINCT FROM 'quiz'
), judged AS MATERIALIZED (
    SELECT rally, visitor,
           ((data ->> 'visited_at')::timestamptz AT TIME ZONE time_zone)::date AS day
    FROM events JOIN rallies USING (rally)
    WHERE bucket = $1 AND events.position > $2 AND events.position <= $3
      AND type IN ('VisitVoided', 'VisitReinstated')
    UNION
    SELECT fact.rally, fact.visitor, (visit.occurred_at AT TIME ZONE time_zone)::date
    FROM events AS fact JOIN rallies USING (rally)
    CROSS JOIN LATERAL jsonb_array_elements(fact.data -> 'corrections') AS gone
    JOIN events AS visit ON visit.bucket = $1 AND visit.position = (gone ->> 'position')::bigint
    WHERE fact.bucket = $1 AND fact.position > $2 AND fact.position <= $3
      AND fact.type = 'CardLinked'
), begun AS MATERIALIZED (
    SELECT rally, visitor, day FROM fresh
    GROUP BY rally, visitor, day HAVING bit_or(firsts) & 4 = 0
    UNION
    SELECT rally, visitor, day FROM judged
), said AS MATERIALIZED (
    -- Whether a visit is void by what was last said of it: before the stretch, and with it. One that
    -- another card has taken over is.
    SELECT visit,
           (array_agg(type ORDER BY position DESC) FILTER (WHERE position <= $2))[1]
               <> 'VisitReinstated' AS void_before,
           (array_agg(type ORDER BY position DESC))[1] <> 'VisitReinstated' AS void_now
    FROM (
        SELECT position, type, (data ->> 'position')::bigint AS visit
        FROM events
        WHERE bucket = $1 AND position <= $3 AND type IN ('VisitVoided', 'VisitReinstated')
          AND visitor IN (SELECT visitor FROM begun)
        UNION ALL
        SELECT position, type, (gone ->> 'position')::bigint
        FROM events CROSS JOIN LATERAL jsonb_array_elements(data -> 'corrections') AS gone
        WHERE bucket = $1 AND position <= $3 AND type = 'CardLinked'
          AND visitor IN (SELECT visitor FROM begun)
    ) AS words
    GROUP BY visit
), known AS MATERIALIZED (
    SELECT begun.rally, begun.visitor, begun.day, visit.spot, visit.occurred_at, visit.position,
           visit.position <= $2 AND said.void_before IS NOT TRUE AS counted_before,
           said.void_now IS NOT TRUE AS counted_now
    FROM begun
    JOIN rallies ON rallies.rally = begun.rally
    CROSS JOIN LATERAL (
        SELECT spot, occurred_at, position FROM events
        WHERE bucket = $1 AND visitor = begun.visitor AND rally = begun.rally
          AND events.position <= $3 AND type = 'VisitRecorded'
          AND evidence IS DISTINCT FROM 'quiz'
          AND (occurred_at AT TIME ZONE rallies.time_zone)::date = begun.day
        OFFSET 0
    ) AS visit
    LEFT JOIN said ON said.visit = visit.position
), steps AS (
    SELECT rally, spot AS destination, occurred_at, 1 AS moves,
           lag(spot) OVER way AS origin, lag(occurred_at) OVER way AS since
    FROM (
        SELECT rally, visitor, day, spot, occurred_at, position FROM fresh
        WHERE (rally, visitor, day) NOT IN (TABLE begun)
        UNION ALL
        SELECT rally, visitor, day, spot, occurred_at, position FROM known WHERE counted_now
    ) AS visits
    WINDOW way AS (PARTITION BY visitor, rally, day ORDER BY occurred_at, position)
    UNION ALL
    SELECT rally, spot, occurred_at, -1, lag(spot) OVER way, lag(occurred_at) OVER way
    FROM known WHERE counted_before
    WINDOW way AS (PARTITION BY visitor, rally, day ORDER BY occurred_at, position)
)
SELECT rally, origin, destination,
       floor(date_part('epoch', occurred_at - since) / 60)::integer AS minutes,
       sum(moves)::bigint AS moves
FROM steps
WHERE origin <> destination
GROUP BY 1, 2, 3, 4
HAVING sum(moves) <> 0
