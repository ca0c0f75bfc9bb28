-- How many of each prize of a rally are taken, where all counters meet. $1 rally, $2 the period of
-- what is counted in all. Returns prize, taken.
SELECT split_part(item, ':', 2) AS prize, taken
FROM taken WHERE rally = $1 AND period = $2 AND item LIKE 'prize:%'
