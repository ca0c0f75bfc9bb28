-- Drop those of some totals that nobody is in any more. $1 rally, $2–$4 measure, item and value of
-- each, as arrays.
DELETE FROM completion_totals AS kept
USING unnest($2::text[], $3::text[], $4::integer[]) AS change (measure, item, value)
WHERE kept.rally = $1 AND kept.measure = change.measure AND kept.item = change.item
  AND kept.value = change.value AND kept.visitors = 0
