-- Count the places that visits have taken before a plan limited them. $1 rally, $2 spots.
-- Reads the whole log; a plan says seldom that a spot has so many places and no more.
INSERT INTO taken (rally, item, period, taken)
SELECT $1, 'spot:' || spot, period, sum(places)
FROM (
    SELECT spot, period, CASE type WHEN 'VisitVoided' THEN -1 ELSE 1 END AS places
    FROM events
    WHERE rally = $1 AND type IN ('VisitRecorded', 'VisitVoided', 'VisitReinstated')
    UNION ALL
    SELECT gone.spot, coalesce(gone.period, 0), -1
    FROM events
    CROSS JOIN LATERAL jsonb_to_recordset(data -> 'corrections') AS gone (spot text, period integer)
    WHERE rally = $1 AND type = 'CardLinked'
) AS visits
WHERE spot = ANY ($2::text[])
GROUP BY spot, period
ON CONFLICT (rally, item, period) DO UPDATE SET taken = excluded.taken
