-- Whose an entry is. $1 rally, $2 prize, $3 entry. Returns visitor, or nothing.
SELECT visitor FROM draw_entries WHERE rally = $1 AND prize = $2 AND entry = $3
