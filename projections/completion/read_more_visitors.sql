-- A rally's visitors in order. $1 rally, $2 after this visitor, $3 at most so many.
-- Returns visitor.
SELECT visitor FROM completion WHERE rally = $1 AND visitor > $2 ORDER BY visitor LIMIT $3
