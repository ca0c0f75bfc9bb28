-- Footfall of a rally. $1 rally, $2 spot (NULL: every spot), $3 from, $4 until (exclusive).
-- Returns the table's rows, by spot and hour.
SELECT spot, hour, visits, visitors_of_hour, visitors_of_day, visitors_of_spot,
       visitors_of_rally, visitors_today
FROM footfall
WHERE rally = $1 AND ($2::text IS NULL OR spot = $2) AND hour >= $3 AND hour < $4
ORDER BY spot, hour
