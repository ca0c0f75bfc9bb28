-- Refusals of a rally by spot and code. $1 rally, $2 from, $3 until (exclusive).
-- Returns spot, code, refusals and the newest hour, the most frequent first.
SELECT spot, code, sum(refusals)::bigint AS refusals, max(hour) AS newest
FROM refusals
WHERE rally = $1 AND hour >= $2 AND hour < $3
GROUP BY spot, code
ORDER BY refusals DESC, spot, code
