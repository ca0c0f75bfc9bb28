-- Footfall of a rally by language. $1 rally, $2 spot (NULL: every spot), $3 from, $4 until.
-- Returns spot, language, visits and visitors (first seen at the spot in that time).
SELECT spot, language, sum(visits)::bigint AS visits, sum(visitors_of_spot)::bigint AS visitors
FROM footfall
WHERE rally = $1 AND ($2::text IS NULL OR spot = $2) AND hour >= $3 AND hour < $4
  AND language <> ''
GROUP BY spot, language
ORDER BY spot, visits DESC, language
