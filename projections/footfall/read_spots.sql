-- Footfall of a whole rally by spot. $1 rally.
-- Returns spot, visits, visitors (distinct at the spot) and headcount, the most visited first.
SELECT spot, sum(visits)::bigint AS visits, sum(visitors_of_spot)::bigint AS visitors,
       sum(headcount)::bigint AS headcount
FROM footfall WHERE rally = $1
GROUP BY spot
ORDER BY visits DESC, spot
