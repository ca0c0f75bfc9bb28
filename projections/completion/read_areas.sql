-- How many cards of a rally have stamps of so many areas. $1 rally.
-- Returns areas, cards, by areas.
SELECT areas, count(*) AS cards
FROM completion WHERE rally = $1 AND stamps > 0
GROUP BY areas
ORDER BY areas
