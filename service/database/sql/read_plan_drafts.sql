-- The plans that are being laid out, the newest first. $1 how many at most, $2 whose (NULL: all).
SELECT * FROM plan_drafts
WHERE rally IS NULL AND ($2::text IS NULL OR organisation = $2)
ORDER BY changed_at DESC, id LIMIT $1
