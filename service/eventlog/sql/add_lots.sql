-- Make rows for lots that have none yet. $1 rallies, $2 items, $3 periods, as arrays in order.
INSERT INTO taken (rally, item, period, taken)
SELECT rally, item, period, 0
FROM unnest($1::text[], $2::text[], $3::integer[]) AS lot (rally, item, period)
ON CONFLICT DO NOTHING
