-- Footfall of a rally. $1 rally, $2 spot (NULL: every spot), $3 from, $4 until (exclusive).
-- Returns spot, hour and the counts of all languages together, by spot and hour.
SELECT spot, hour,
       sum(visits)::bigint AS visits,
       sum(visitors_of_hour)::bigint AS visitors_of_hour,
       sum(visitors_of_day)::bigint AS visitors_of_day,
       sum(visitors_of_spot)::bigint AS visitors_of_spot,
       sum(visitors_of_rally)::bigint AS visitors_of_rally,
       sum(visitors_today)::bigint AS visitors_today,
       sum(headcount)::bigint AS headcount
FROM footfall
WHERE rally = $1 AND ($2::text IS NULL OR spot = $2) AND hour >= $3 AND hour < $4
GROUP BY spot, hour
ORDER BY spot, hour
