-- Visits and headcounts of a whole rally by hour, all spots together. $1 rally, $2 from, $3 until (exclusive).
-- Returns hour, visits, headcount, by hour.
SELECT hour, sum(visits)::bigint AS visits, sum(headcount)::bigint AS headcount
FROM footfall WHERE rally = $1 AND hour >= $2 AND hour < $3
GROUP BY hour
ORDER BY hour
