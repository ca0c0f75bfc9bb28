-- How much of some lots is taken, for showing it: nobody is held up, and it may be more by then.
-- $1 rallies, $2 items, $3 periods, as arrays. Returns rally, item, period, taken; lots of which
-- nothing was ever taken are absent.
SELECT taken.rally, taken.item, taken.period, taken.taken
FROM unnest($1::text[], $2::text[], $3::integer[]) AS lot (rally, item, period)
JOIN taken USING (rally, item, period)
