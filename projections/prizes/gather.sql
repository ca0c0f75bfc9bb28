-- What a stretch of one bucket says about prizes. $1 bucket, $2 after, $3 up to this position.
-- Returns rally, prize, hour (of the rally's time zone); then the counts, in the table's order.
-- A rally that is not there gives no hour, and the table refuses such a row.
SELECT fact.rally, fact.prize, date_trunc('hour', fact.occurred_at, rally.time_zone) AS hour,
       count(*) FILTER (WHERE fact.type = 'VisitRecorded') AS reached,
       count(*) FILTER (WHERE fact.type = 'PrizeEntered') AS entries,
       count(*) FILTER (WHERE fact.type = 'PrizeHandedOver')
           - count(*) FILTER (WHERE fact.type = 'HandOverReversed') AS handed_over,
       count(*) FILTER (WHERE fact.type = 'HandOverReversed') AS reversed
FROM (
    SELECT type, rally, occurred_at, jsonb_array_elements_text(data -> 'earned') AS prize
    FROM events
    WHERE bucket = $1 AND position > $2 AND position <= $3
      AND type = 'VisitRecorded' AND data ? 'earned'
    UNION ALL
    SELECT type, rally, occurred_at, data ->> 'prize'
    FROM events
    WHERE bucket = $1 AND position > $2 AND position <= $3
      AND type IN ('PrizeEntered', 'PrizeHandedOver', 'HandOverReversed')
) AS fact
LEFT JOIN rallies AS rally USING (rally)
GROUP BY 1, 2, 3
