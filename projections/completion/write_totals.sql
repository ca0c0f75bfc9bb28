-- Add changes to the totals. $1–$5 the table's columns as arrays; `visitors` may be negative.
INSERT INTO completion_totals AS kept
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::bigint[])
ON CONFLICT (rally, measure, item, value)
DO UPDATE SET visitors = kept.visitors + excluded.visitors
