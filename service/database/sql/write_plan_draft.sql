-- Keep a draft as it is now. $1 id, $2 base, $3 said, $4 pasted, $5 who, $6 now.
-- No two changes have the same time, also where clocks differ: by it, it is known whether there was one.
UPDATE plan_drafts
SET base = $2, said = $3, pasted = $4, changed_by = $5,
    changed_at = greatest($6, changed_at + interval '1 microsecond')
WHERE id = $1
