-- Count the places that visits have taken before a plan limited them. $1 rally, $2 spots.
-- Reads the whole log; a plan says seldom that a spot has so many places and no more.
INSERT INTO taken (rally, item, period, taken)
SELECT rally, 'spot:' || spot, period,
       sum(CASE type WHEN 'VisitVoided' THEN -1 ELSE 1 END)
FROM events
WHERE rally = $1 AND spot = ANY ($2::text[])
  AND type IN ('VisitRecorded', 'VisitVoided', 'VisitReinstated')
GROUP BY 1, 2, 3
ON CONFLICT (rally, item, period) DO UPDATE SET taken = excluded.taken
