-- How many entries each prize of a rally has in the fixed list. $1 rally. Returns prize, entries.
SELECT prize, count(*) AS entries FROM draw_entries WHERE rally = $1 GROUP BY prize
