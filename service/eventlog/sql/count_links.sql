-- How many cards of a rally were put together one after the other, the last of them with a visitor's.
-- $1 visitor, $2 rally. Returns the longest chain; 0 if there is none.
WITH RECURSIVE chain AS (
    SELECT visitor, 1 AS links FROM events
    WHERE type = 'CardLinked' AND data ->> 'to' = $1 AND rally = $2
    UNION ALL
    SELECT events.visitor, links + 1 FROM chain JOIN events
        ON type = 'CardLinked' AND data ->> 'to' = chain.visitor::text AND rally = $2
)
SELECT coalesce(max(links), 0) FROM chain
