-- Kept tables. $1 rally, $2 digest (NULL: those made last). Returns digest, made_at, tables.
SELECT digest, made_at, tables FROM open_data
WHERE rally = $1 AND ($2::text IS NULL OR digest = $2)
ORDER BY number DESC LIMIT 1
