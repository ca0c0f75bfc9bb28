-- A draft, to be changed by nobody else meanwhile. $1 its id.
SELECT * FROM plan_drafts WHERE id = $1 FOR UPDATE
