-- Visits of a rally by spot in some hours. $1 rally, $2 from, $3 until (exclusive).
-- Returns spot, visits, by spot; spots without any are absent.
SELECT spot, sum(visits)::bigint AS visits
FROM footfall WHERE rally = $1 AND hour >= $2 AND hour < $3
GROUP BY spot
ORDER BY spot
