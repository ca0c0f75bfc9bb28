-- A draft. $1 its id.
SELECT * FROM plan_drafts WHERE id = $1
