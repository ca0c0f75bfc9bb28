-- Keep a draft as it is now. $1 id, $2 base, $3 said, $4 pasted, $5 who, $6 now.
UPDATE plan_drafts SET base = $2, said = $3, pasted = $4, changed_by = $5, changed_at = $6
WHERE id = $1
