-- For which prizes an entry is in the list. $1 rally, $2 prizes, $3 entry. Returns prize, chances.
SELECT prize, chances FROM draw_entries
WHERE rally = $1 AND prize = ANY ($2::text[]) AND entry = $3
