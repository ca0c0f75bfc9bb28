-- Prizes of a rally. $1 rally.
-- Returns prize, reached, entries, handed_over, reversed, by prize.
SELECT prize, sum(reached)::bigint AS reached, sum(entries)::bigint AS entries,
       sum(handed_over)::bigint AS handed_over, sum(reversed)::bigint AS reversed
FROM prizes
WHERE rally = $1
GROUP BY prize
ORDER BY prize
