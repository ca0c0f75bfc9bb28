-- The changes of a rally's plan that are not applied yet. $1 the rally.
SELECT * FROM plan_drafts WHERE rally = $1
