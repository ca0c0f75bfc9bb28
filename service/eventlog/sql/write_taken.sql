-- Keep how much of some lots is taken. $1 rallies, $2 items, $3 periods, $4 counts, as arrays.
UPDATE taken SET taken = lot.taken
FROM unnest($1::text[], $2::text[], $3::integer[], $4::bigint[])
    AS lot (rally, item, period, taken)
WHERE taken.rally = lot.rally AND taken.item = lot.item AND taken.period = lot.period
