-- Footfall of a whole rally by local day. $1 rally, $2 time zone.
-- Returns day, visits, visitors (distinct on that day), first_timers (never in the rally before)
-- and headcount, by day.
SELECT (hour AT TIME ZONE $2)::date AS day,
       sum(visits)::bigint AS visits,
       sum(visitors_today)::bigint AS visitors,
       sum(visitors_of_rally)::bigint AS first_timers,
       sum(headcount)::bigint AS headcount
FROM (
    SELECT hour, sum(visits) AS visits, sum(visitors_today) AS visitors_today,
           sum(visitors_of_rally) AS visitors_of_rally, sum(headcount) AS headcount
    FROM footfall WHERE rally = $1 GROUP BY hour
) AS hours
GROUP BY day
ORDER BY day
