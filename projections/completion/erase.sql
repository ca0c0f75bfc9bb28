-- Mark the cards of erased visitors: they stay in the totals and are shown to nobody.
-- $1 rally, $2 visitors.
UPDATE completion SET erased = true WHERE rally = $1 AND visitor = ANY ($2::uuid[])
