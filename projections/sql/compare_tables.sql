-- Rows in which two tables differ. {shadow} and {home} stand for the schemas' names, {table} for
-- the table's. $1 at most so many. Returns side ('live', 'log') and the row as text, sorted.
-- 'live' has a row that the log does not give, 'log' gives one that is not there.
(SELECT 'live' AS side, difference::text AS row
 FROM (TABLE {home}.{table} EXCEPT ALL TABLE {shadow}.{table}) AS difference
 ORDER BY 2 LIMIT $1)
UNION ALL
(SELECT 'log', difference::text
 FROM (TABLE {shadow}.{table} EXCEPT ALL TABLE {home}.{table}) AS difference
 ORDER BY 2 LIMIT $1)
