-- Lock some lots, in their order: until the transaction ends, nobody else takes of them.
-- $1 rallies, $2 items, $3 periods, as arrays. Returns rally, item, period, taken.
-- It must be a statement of its own: it has to see what the last holder committed.
SELECT taken.rally, taken.item, taken.period, taken.taken
FROM taken JOIN unnest($1::text[], $2::text[], $3::integer[]) AS lot (rally, item, period)
     USING (rally, item, period)
ORDER BY taken.rally, taken.item, taken.period
FOR UPDATE OF taken
