-- How many visitors of a rally have which measure. $1 rally.
-- Returns measure, item, value, visitors, in that order (see table.sql).
SELECT measure, item, value, visitors
FROM completion_totals WHERE rally = $1
ORDER BY measure, item, value
