-- Who has what of the prizes of a rally, by the log. $1 rally, $2 prizes.
-- Returns prize, visitor, given (less what was taken back), newest_at. A card that another one has
-- taken over gives back what it had: that is given on the other one.
SELECT prize, visitor, sum(one)::bigint AS given, max(occurred_at) AS newest_at
FROM (
    SELECT data ->> 'prize' AS prize, visitor, occurred_at,
           CASE type WHEN 'PrizeHandedOver' THEN 1 ELSE -1 END AS one
    FROM events
    WHERE rally = $1 AND type IN ('PrizeHandedOver', 'HandOverReversed')
    UNION ALL
    SELECT given.prize, visitor, occurred_at, -1
    FROM events CROSS JOIN LATERAL jsonb_to_recordset(data -> 'handed') AS given (prize text)
    WHERE rally = $1 AND type = 'CardLinked'
) AS facts
WHERE prize = ANY ($2::text[])
GROUP BY prize, visitor
