-- How many of each prize of a rally were given, less those taken back, by the log. $1 rally.
-- Returns prize, given.
SELECT prize, sum(one)::bigint AS given
FROM (
    SELECT data ->> 'prize' AS prize, CASE type WHEN 'PrizeHandedOver' THEN 1 ELSE -1 END AS one
    FROM events
    WHERE rally = $1 AND type IN ('PrizeHandedOver', 'HandOverReversed')
    UNION ALL
    SELECT given.prize, -1
    FROM events CROSS JOIN LATERAL jsonb_to_recordset(data -> 'handed') AS given (prize text)
    WHERE rally = $1 AND type = 'CardLinked'
) AS facts
GROUP BY prize
