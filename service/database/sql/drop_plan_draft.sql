-- Forget a draft. $1 its id.
DELETE FROM plan_drafts WHERE id = $1
