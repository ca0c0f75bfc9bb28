-- The entries of a rally for one prize. $1 rally, $2 prize. Returns prize, entry, chances.
SELECT prize, entry, chances FROM draw_entries WHERE rally = $1 AND prize = $2
