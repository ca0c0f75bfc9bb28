-- A rally's cards in order. $1 rally, $2 and $3 after this visitor and day, $4 at most so many.
-- Returns visitor, day.
SELECT visitor, day FROM completion
WHERE rally = $1 AND (visitor, day) > ($2, $3)
ORDER BY visitor, day LIMIT $4
