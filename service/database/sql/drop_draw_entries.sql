-- Drop the list of a rally's entries, to write it anew. $1 rally.
DELETE FROM draw_entries WHERE rally = $1
