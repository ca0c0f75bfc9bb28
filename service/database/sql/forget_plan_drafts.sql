-- Forget plans that nobody has touched since a moment, of rallies that were never laid out. $1 moment.
DELETE FROM plan_drafts WHERE rally IS NULL AND changed_at < $1
