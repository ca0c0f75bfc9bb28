-- What a stretch of one bucket says about prizes. $1 bucket, $2 after, $3 up to this position.
-- Returns rally, prize, hour (of the rally's time zone); then the counts, in the table's order.
-- Where visits were voided or reinstated, the fact names every visit that earns something else now.
-- Where a card was taken over by another one, the fact says what its visitor had earned, entered and
-- was given: that is counted with the other card from then on.
-- A rally that is not there gives no hour, and the table refuses such a row.
SELECT fact.rally, fact.prize, date_trunc('hour', fact.occurred_at, rally.time_zone) AS hour,
       sum(fact.reached)::bigint AS reached,
       sum(fact.entered)::bigint AS entries, sum(fact.handed)::bigint AS handed_over,
       count(*) FILTER (WHERE fact.type = 'HandOverReversed') AS reversed
FROM (
    SELECT type, rally, occurred_at, jsonb_array_elements_text(data -> 'earned') AS prize,
           1 AS reached, 0 AS entered, 0 AS handed
    FROM events
    WHERE bucket = $1 AND position > $2 AND position <= $3
      AND type IN ('VisitRecorded', 'VisitConfirmed') AND data ? 'earned'
    UNION ALL
    SELECT said.type, said.rally, visit.occurred_at, changed.prize, changed.reached, 0, 0
    FROM events AS said
    CROSS JOIN LATERAL jsonb_array_elements(said.data -> 'corrections') AS correction
    CROSS JOIN LATERAL (
        SELECT jsonb_array_elements_text(correction -> 'earned') AS prize, 1 AS reached
        UNION ALL
        SELECT jsonb_array_elements_text(correction -> 'unearned'), -1
    ) AS changed
    JOIN events AS visit
        ON visit.bucket = $1 AND visit.position = (correction ->> 'position')::bigint
    WHERE said.bucket = $1 AND said.position > $2 AND said.position <= $3
      AND said.type IN ('VisitVoided', 'VisitReinstated', 'CardLinked')
    UNION ALL
    SELECT type, rally, occurred_at, jsonb_array_elements_text(data -> 'entered'), 0, -1, 0
    FROM events
    WHERE bucket = $1 AND position > $2 AND position <= $3 AND type = 'CardLinked'
    UNION ALL
    SELECT type, events.rally, given.at, given.prize, 0, 0, -1
    FROM events
    CROSS JOIN LATERAL jsonb_to_recordset(data -> 'handed') AS given (prize text, at timestamptz)
    WHERE bucket = $1 AND position > $2 AND position <= $3 AND type = 'CardLinked'
    UNION ALL
    SELECT type, rally, occurred_at, data ->> 'prize', 0, (type = 'PrizeEntered')::integer,
           CASE type WHEN 'PrizeHandedOver' THEN 1 WHEN 'HandOverReversed' THEN -1 ELSE 0 END
    FROM events
    WHERE bucket = $1 AND position > $2 AND position <= $3
      AND type IN ('PrizeEntered', 'PrizeHandedOver', 'HandOverReversed')
) AS fact
LEFT JOIN rallies AS rally USING (rally)
GROUP BY 1, 2, 3
