-- Visits of a rally that came late or from nowhere known, of the cards that are there, in pages: first
-- those of cards that have reached a prize (or take part in a draw, which needs that), or have, if
-- visits of theirs were not voided. $1 rally, $2 which marks ({late,unplaced}), $3 whether only those,
-- $4 how many, $5 after so many. Returns position, visitor, spot, occurred_at, recorded_at, late,
-- unplaced, reached; and in each row of how many (total).
SELECT position, visitor, spot, occurred_at, recorded_at,
       data ? 'late' AS late, data ? 'unplaced' AS unplaced, reached, count(*) OVER () AS total
FROM events
JOIN (
    SELECT visitor, bool_or(met <> '{}') OR visitor IN (
               SELECT visitor FROM events WHERE type = 'VisitVoided' AND rally = $1
           ) AS reached
    FROM completion
    WHERE rally = $1 AND NOT erased
    GROUP BY visitor
) AS cards USING (visitor)
WHERE rally = $1 AND type = 'VisitRecorded' AND data ?| '{late,unplaced}' AND data ?| $2::text[]
  AND (reached OR NOT $3)
ORDER BY reached DESC, visitor, occurred_at, bucket, position
LIMIT $4 OFFSET $5
