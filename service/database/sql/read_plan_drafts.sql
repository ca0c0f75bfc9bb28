-- The plans that are being laid out, the newest first. $1 how many at most.
SELECT * FROM plan_drafts WHERE rally IS NULL ORDER BY changed_at DESC, id LIMIT $1
