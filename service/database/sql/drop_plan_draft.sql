-- Forget a draft, if it is still as it was read. $1 its id, $2 when it was changed then. Its id, if it was forgotten.
DELETE FROM plan_drafts WHERE id = $1 AND changed_at = $2 RETURNING id
