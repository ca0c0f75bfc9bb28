-- Visits of a whole rally by spot and hour of the local day. $1 rally, $2 time zone, $3 spot (NULL:
-- all). Returns spot, hour (0 to 23), visits, in order.
SELECT spot, extract(hour FROM hour AT TIME ZONE $2)::integer AS hour_of_day,
       sum(visits)::bigint AS visits
FROM footfall
WHERE rally = $1 AND ($3::text IS NULL OR spot = $3)
GROUP BY spot, hour_of_day
ORDER BY spot, hour_of_day
