-- Visits and headcounts of a stretch of one bucket. $1 bucket, $2 after, $3 up to this position.
-- Returns the key columns (rally, spot, hour, language), then the counts, in the table's order.
-- Two steps, because reading the clock of a time zone is dear: visits are first grouped by quarters
-- of an hour, on whose marks every zone's hours begin, and only those groups are given hours.
-- The time zone of a planned rally never changes, so the hour of a visit never does either.
-- A rally that is not there gives no hour, a headcount without a number gives no count, and the
-- table refuses such a row. Headcounts are in the rallies' bucket (0) alone.
WITH quarters AS (
    SELECT rally, spot, language, firsts, date_bin('15 minutes', occurred_at, 'epoch') AS quarter,
           count(*) AS visits, 0::bigint AS headcount
    FROM events
    WHERE bucket = $1 AND position > $2 AND position <= $3 AND type = 'VisitRecorded'
    GROUP BY rally, spot, language, firsts, quarter
    UNION ALL
    SELECT rally, spot, '', 0, occurred_at, 0, (data ->> 'count')::bigint
    FROM events
    WHERE bucket = $1 AND position > $2 AND position <= $3 AND type = 'HeadcountRecorded'
      AND $1 = 0
)
SELECT rally, spot, date_trunc('hour', quarter, time_zone) AS hour, language,
       sum(visits)::bigint AS visits,
       coalesce(sum(visits) FILTER (WHERE firsts & 16 > 0), 0)::bigint AS visitors_of_hour,
       coalesce(sum(visits) FILTER (WHERE firsts & 8 > 0), 0)::bigint AS visitors_of_day,
       coalesce(sum(visits) FILTER (WHERE firsts & 2 > 0), 0)::bigint AS visitors_of_spot,
       coalesce(sum(visits) FILTER (WHERE firsts & 1 > 0), 0)::bigint AS visitors_of_rally,
       coalesce(sum(visits) FILTER (WHERE firsts & 4 > 0), 0)::bigint AS visitors_today,
       CASE count(*) WHEN count(headcount) THEN sum(headcount)::bigint END AS headcount
FROM quarters LEFT JOIN rallies USING (rally)
GROUP BY 1, 2, 3, 4
