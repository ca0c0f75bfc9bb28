-- Drop totals that nobody is in any more. $1 rally.
DELETE FROM completion_totals WHERE rally = $1 AND visitors = 0
