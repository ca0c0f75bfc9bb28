-- The list of a rally's entries. $1 rally. Returns prize, entry, chances, as it is published.
SELECT prize, entry, chances FROM draw_entries WHERE rally = $1
ORDER BY prize COLLATE "C", entry COLLATE "C"
