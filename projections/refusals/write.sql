-- Add gathered counts. $1–$4 the key columns, $5 the counts, as arrays in the table's order.
INSERT INTO refusals AS kept
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::bigint[])
ON CONFLICT (rally, spot, hour, code) DO UPDATE SET refusals = kept.refusals + excluded.refusals
