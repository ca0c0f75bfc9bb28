-- Visits and headcounts of a stretch of one bucket. $1 bucket, $2 after, $3 up to this position.
-- Returns the key columns (rally, spot, hour, language), then the counts, in the table's order.
-- An answer that was given from anywhere (evidence 'quiz') is nobody's footfall. Where visits were
-- voided or reinstated, or taken over by another card, the fact names every visit whose counting
-- that changes: the visit itself says where and when it was.
-- Two steps, because reading the clock of a time zone is dear: visits are first grouped by quarters
-- of an hour, on whose marks every zone's hours begin, and only those groups are given hours.
-- The time zone of a planned rally never changes, so the hour of a visit never does either.
-- A rally that is not there gives no hour, a headcount without a number gives no count, and the
-- table refuses such a row. Headcounts are in the rallies' bucket (0) alone.
WITH quarters AS (
    SELECT rally, spot, language, firsts, date_bin('15 minutes', occurred_at, 'epoch') AS quarter,
           count(*) AS visits, count(*) AS people, 0::bigint AS headcount
    FROM events
    WHERE bucket = $1 AND position > $2 AND position <= $3 AND type = 'VisitRecorded'
      AND evidence IS DISTINCT FROM 'quiz'
    GROUP BY rally, spot, language, firsts, quarter
    UNION ALL
    SELECT visit.rally, visit.spot, visit.language, flags.firsts::smallint,
           date_bin('15 minutes', visit.occurred_at, 'epoch'), flags.visits, flags.people, 0
    FROM events AS fact
    CROSS JOIN LATERAL jsonb_to_recordset(fact.data -> 'corrections')
        AS changed (position bigint, visits integer, gained integer, lost integer)
    JOIN events AS visit ON visit.bucket = $1 AND visit.position = changed.position
    CROSS JOIN LATERAL (
        VALUES (coalesce(changed.gained, 0), coalesce(changed.visits, 0), 1),
               (coalesce(changed.lost, 0), 0, -1)
    ) AS flags (firsts, visits, people)
    WHERE fact.bucket = $1 AND fact.position > $2 AND fact.position <= $3
      AND fact.type IN ('VisitVoided', 'VisitReinstated', 'CardLinked')
      AND (flags.firsts <> 0 OR flags.visits <> 0)
    UNION ALL
    SELECT rally, spot, '', 0, occurred_at, 0, 0, (data ->> 'count')::bigint
    FROM events
    WHERE bucket = $1 AND position > $2 AND position <= $3 AND type = 'HeadcountRecorded'
      AND $1 = 0
)
SELECT rally, spot, date_trunc('hour', quarter, time_zone) AS hour, language,
       sum(visits)::bigint AS visits,
       coalesce(sum(people) FILTER (WHERE firsts & 16 > 0), 0)::bigint AS visitors_of_hour,
       coalesce(sum(people) FILTER (WHERE firsts & 8 > 0), 0)::bigint AS visitors_of_day,
       coalesce(sum(people) FILTER (WHERE firsts & 2 > 0), 0)::bigint AS visitors_of_spot,
       coalesce(sum(people) FILTER (WHERE firsts & 1 > 0), 0)::bigint AS visitors_of_rally,
       coalesce(sum(people) FILTER (WHERE firsts & 4 > 0), 0)::bigint AS visitors_today,
       CASE count(*) WHEN count(headcount) THEN sum(headcount)::bigint END AS headcount
FROM quarters LEFT JOIN rallies USING (rally)
GROUP BY 1, 2, 3, 4
