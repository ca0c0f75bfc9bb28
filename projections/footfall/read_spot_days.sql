-- Footfall of a whole rally by spot and local day. $1 rally, $2 time zone, $3 spot (NULL: all).
-- Returns spot, day, visits, visitors (distinct at the spot on that day) and headcount, in order.
SELECT spot, (hour AT TIME ZONE $2)::date AS day,
       sum(visits)::bigint AS visits, sum(visitors_of_day)::bigint AS visitors,
       sum(headcount)::bigint AS headcount
FROM footfall
WHERE rally = $1 AND ($3::text IS NULL OR spot = $3)
GROUP BY spot, day
ORDER BY spot, day
